// SPDX-License-Identifier: Apache-2.0
//
// Large integers as residues of several word-sized moduli and back, by the Chinese remainder theorem (Sunzi Suanjing,
// ch. 3, problem 26; Garner, "The residue number system", 1959): one wide computation becomes several narrow ones.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "lattice/arith/modulus.h"
#include "lattice/encoding/big_integer.h"

namespace keymemrt::lattice {

class ResidueNumberSystem {
 public:
  using Cleartext = BigInteger;
  using Encoded = std::vector<uint64_t>;  // [i]: in [0, moduli[i])

  // Which representative a set of residues stands for; M is the product of the moduli.
  enum class Range {
    kUnsigned,  // [0, M)
    kSigned,    // [-floor(M/2), ceil(M/2)): symmetric for odd M, two's complement for M = 2^k
  };

  // Moduli (at least one) in [2, 2^61), pairwise coprime, not necessarily prime; kInvalidArgument names the ones that
  // are not.
  static Result<ResidueNumberSystem> Create(std::span<const uint64_t> moduli, Range range);

  const BigInteger& product() const { return product_; }
  size_t size() const { return moduli_.size(); }
  const Modulus& modulus(size_t i) const { return moduli_[i]; }

  Result<std::vector<uint64_t>> Encode(const BigInteger& x) const;
  Result<BigInteger> Decode(const std::vector<uint64_t>& residues) const;
  std::string Domain() const;
  double ErrorBound(const BigInteger&) const { return 0; }

  // Decode without its checks, quadratic in size(). REQUIRES: size() residues, each below its modulus.
  BigInteger Reconstruct(std::span<const uint64_t> residues) const;

 private:
  ResidueNumberSystem() = default;

  std::vector<Modulus> moduli_;
  std::vector<std::vector<uint64_t>> inverses_;  // [i][j]: moduli[j]^-1 mod moduli[i], j < i
  BigInteger product_, first_negative_;          // M; ceil(M/2) for kSigned, else M
};

}  // namespace keymemrt::lattice
