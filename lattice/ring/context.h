// SPDX-License-Identifier: Apache-2.0
//
// Context: everything that depends on the parameter set alone, computed once and shared by all threads: NTT tables,
// base conversion constants, the order of evaluations.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "lattice/arith/modulus.h"
#include "lattice/ntt/ntt_table.h"
#include "lattice/simd/kernels.h"
#include "scheme/parameters.h"

namespace keymemrt::lattice {

// Constants of a change of basis from `from` limbs to `to` limbs (numbers of the full basis), F the product of the
// `from` moduli f_i. An x in (-F/2, F/2) given by its residues is, exactly,
//   x = sum_i y_i * F/f_i - u * F,   y_i = x * (F/f_i)^-1 mod f_i,   u = round(sum_i y_i / f_i)
// (Halevi, Polyakov, Shoup, "An improved RNS variant of the BFV homomorphic encryption scheme", 2019, §2.2). u < 2^7 is
// one more word to multiply, so an exact conversion costs one input more than the approximate one that leaves multiples
// of F behind. The sum of doubles that gives u can err only where x is within about 2^-50*F of +-F/2; there x and x -+
// F are equally good.
struct BaseConversion {
  std::vector<int> from, to;
  std::vector<uint64_t> inverse;   // [i]: (F / f_i)^-1 mod f_i
  std::vector<double> reciprocal;  // [i]: 1 / f_i
  std::vector<std::vector<uint64_t>>
      weights;                            // [t][i]: F / f_i mod to_t; [t][from.size()]: -F mod to_t, the weight of u
  std::vector<uint64_t> product;          // [t]: F mod to_t
  std::vector<uint64_t> product_inverse;  // [t]: F^-1 mod to_t
};

class Context {
 public:
  explicit Context(scheme::Parameters parameters);

  // The context of keys of `shape` (Parameters::At), whose full basis is Q' and P': what works with keys of that shape,
  // making them included, works in this context, on the same ciphertexts. Made at first use, sharing this one's NTT
  // tables; it lives as long as this one. This context's own shape: this one. Errors: those of Parameters::At.
  Result<const Context*> At(const scheme::KeyShape& shape) const;

  const scheme::Parameters& parameters() const { return parameters_; }
  size_t n() const { return parameters_.n(); }
  const Kernels& kernels() const { return kernels_; }

  // Limb of the full basis.
  const Modulus& modulus(int limb) const { return tables_[static_cast<size_t>(limb)]->modulus(); }
  const NttTable& ntt(int limb) const { return *tables_[static_cast<size_t>(limb)]; }

  // q_limb^-1 modulo q_other, limb != other.
  uint64_t InverseOf(int limb, int other) const {
    return inverses_[static_cast<size_t>(limb * parameters_.q_count() + other)];
  }

  // ModUp of `digit` at `level`: from its Q limbs to the other live Q limbs and P, in the order of the full basis.
  // Computed at first use, then shared.
  const BaseConversion& ModUp(int digit, int level) const;
  // ModDown: from P to q_0..q_level.
  const BaseConversion& ModDown(int level) const;

  // index[0..n()) such that out[i] = in[index[i]] maps evaluations of x(X) to those of x(X^galois_element); whole
  // aligned groups of eight entries map to whole aligned groups of eight. Written anew each time, a hundredth of the
  // work of a rotation, rather than kept: tables of hundreds of keys would be memory that no budget sees. REQUIRES:
  // galois_element odd, below 2N.
  void WritePermutation(uint64_t galois_element, uint32_t* index) const;

 private:
  using Tables = std::vector<std::shared_ptr<const NttTable>>;
  Context(scheme::Parameters parameters, Tables tables);
  BaseConversion MakeConversion(std::vector<int> from, std::vector<int> to) const;

  scheme::Parameters parameters_;
  const Kernels& kernels_;
  Tables tables_;
  std::vector<uint64_t> inverses_;
  std::vector<uint32_t> block_reversal_;  // the numbers below N/8, bits reversed
  mutable std::mutex mutex_;              // guards the caches below; entries never move once made
  mutable std::unordered_map<int, std::unique_ptr<BaseConversion>> mod_up_;
  mutable std::unordered_map<int, std::unique_ptr<BaseConversion>> mod_down_;
  mutable std::map<scheme::KeyShape, std::unique_ptr<const Context>> shaped_;
};

// The u of BaseConversion's formula, word by word: out[j] = round(sum_i y[i][j] / f_i), n bytes.
void ConversionOverflow(const Context& context, const BaseConversion& conversion, const uint64_t* const* y,
                        uint8_t* out);

}  // namespace keymemrt::lattice
