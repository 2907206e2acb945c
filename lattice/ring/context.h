// SPDX-License-Identifier: Apache-2.0
//
// Context: everything that depends on the parameter set alone, computed once and shared by all threads: NTT tables, base
// conversion constants, automorphism permutations.
#pragma once

#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "lattice/arith/modulus.h"
#include "lattice/ntt/ntt_table.h"
#include "lattice/simd/kernels.h"
#include "scheme/parameters.h"

namespace keymemrt::lattice {

// Constants of a change of basis from `from` limbs to `to` limbs (numbers of the full basis).
struct BaseConversion {
  std::vector<int> from, to;
  std::vector<uint64_t> inverse;               // [i]: (F / f_i)^-1 mod f_i, F the product of the `from` moduli
  std::vector<std::vector<uint64_t>> weights;  // [t][i]: F / f_i mod to_t
  std::vector<uint64_t> product;               // [t]: F mod to_t
};

class Context {
 public:
  explicit Context(scheme::Parameters parameters);

  const scheme::Parameters& parameters() const { return parameters_; }
  size_t n() const { return parameters_.n(); }
  const Kernels& kernels() const { return kernels_; }

  // Limb of the full basis.
  const Modulus& modulus(int limb) const { return tables_[static_cast<size_t>(limb)]->modulus(); }
  const NttTable& ntt(int limb) const { return *tables_[static_cast<size_t>(limb)]; }

  // ModUp of `digit` at `level`: from its Q limbs to the other live Q limbs and P. Computed at first use, then shared.
  const BaseConversion& ModUp(int digit, int level) const;
  // ModDown at `level`: from P to q_0..q_level.
  const BaseConversion& ModDown(int level) const;

  // index such that out[i] = in[index[i]] maps evaluations of x(X) to those of x(X^galois_element). n() entries.
  const uint32_t* Permutation(uint64_t galois_element) const;

 private:
  BaseConversion MakeConversion(std::vector<int> from, std::vector<int> to) const;

  scheme::Parameters parameters_;
  const Kernels& kernels_;
  std::vector<std::unique_ptr<NttTable>> tables_;
  mutable std::mutex mutex_;  // guards the caches below; entries never move once made
  mutable std::unordered_map<int, std::unique_ptr<BaseConversion>> mod_up_;
  mutable std::unordered_map<int, std::unique_ptr<BaseConversion>> mod_down_;
  mutable std::unordered_map<uint64_t, std::unique_ptr<uint32_t[]>> permutations_;
};

}  // namespace keymemrt::lattice
