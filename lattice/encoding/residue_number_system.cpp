// SPDX-License-Identifier: Apache-2.0
#include "lattice/encoding/residue_number_system.h"

#include <cassert>
#include <numeric>
#include <utility>

namespace keymemrt::lattice {

namespace {

constexpr uint64_t kModulusEnd = uint64_t{1} << 61;

// a^-1 mod m, by the extended Euclidean algorithm. REQUIRES: gcd(a, m) = 1, m < 2^61.
uint64_t InverseModulo(uint64_t a, uint64_t m) {
  int64_t r0 = static_cast<int64_t>(m), r1 = static_cast<int64_t>(a % m), t0 = 0, t1 = 1;  // r = t * a mod m
  while (r1 != 0) {
    const int64_t quotient = r0 / r1;
    r0 = std::exchange(r1, r0 - quotient * r1);
    t0 = std::exchange(t1, t0 - quotient * t1);
  }
  return static_cast<uint64_t>(t0 < 0 ? t0 + static_cast<int64_t>(m) : t0);
}

}  // namespace

Result<ResidueNumberSystem> ResidueNumberSystem::Create(std::span<const uint64_t> moduli, Range range) {
  if (moduli.empty()) return InvalidArgument("a residue number system needs at least one modulus");
  ResidueNumberSystem system;
  system.product_ = BigInteger(1);
  for (size_t i = 0; i < moduli.size(); ++i) {
    if (moduli[i] < 2 || moduli[i] >= kModulusEnd) {
      return InvalidArgument("modulus {} is not in [2, 2^61)", moduli[i]);
    }
    system.inverses_.emplace_back();
    for (size_t j = 0; j < i; ++j) {
      if (const uint64_t divisor = std::gcd(moduli[i], moduli[j]); divisor != 1) {
        return InvalidArgument("moduli {} and {} are not coprime: {} divides both", moduli[j], moduli[i], divisor);
      }
      system.inverses_.back().push_back(InverseModulo(moduli[j], moduli[i]));
    }
    system.moduli_.emplace_back(moduli[i]);
    system.product_.MulAdd(moduli[i], 0);
  }
  system.first_negative_ = system.product_;
  if (range == Range::kSigned) {
    system.first_negative_ = system.first_negative_ + BigInteger(1);
    system.first_negative_.ShiftRight(1);
  }
  return system;
}

std::string ResidueNumberSystem::Domain() const {
  return fmt::format("integers in [{}, {})", (first_negative_ - product_).ToString(), first_negative_.ToString());
}

Result<std::vector<uint64_t>> ResidueNumberSystem::Encode(const BigInteger& x) const {
  if (x >= first_negative_ || x < first_negative_ - product_) {
    return InvalidArgument("{} is outside the domain: {}", x.ToString(), Domain());
  }
  std::vector<uint64_t> residues;
  residues.reserve(moduli_.size());
  for (const Modulus& modulus : moduli_) residues.push_back(x.Mod(modulus));
  return residues;
}

Result<BigInteger> ResidueNumberSystem::Decode(const std::vector<uint64_t>& residues) const {
  if (residues.size() != moduli_.size()) {
    return InvalidArgument("{} residues for {} moduli", residues.size(), moduli_.size());
  }
  for (size_t i = 0; i < residues.size(); ++i) {
    if (residues[i] >= moduli_[i].value()) {
      return InvalidArgument("residue {} is {}, not below its modulus {}", i, residues[i], moduli_[i].value());
    }
  }
  return Reconstruct(residues);
}

BigInteger ResidueNumberSystem::Reconstruct(std::span<const uint64_t> residues) const {
  assert(residues.size() == moduli_.size());
  // Mixed radix digits: x = v_0 + m_0*(v_1 + m_1*(v_2 + ...)), 0 <= v_i < m_i.
  std::vector<uint64_t> digits(residues.begin(), residues.end());
  for (size_t i = 1; i < digits.size(); ++i) {
    const Modulus& m = moduli_[i];
    for (size_t j = 0; j < i; ++j) digits[i] = m.Mul(m.Sub(digits[i], m.Reduce(digits[j])), inverses_[i][j]);
  }
  BigInteger x;
  for (size_t i = digits.size(); i-- > 0;) x.MulAdd(moduli_[i].value(), digits[i]);
  return x >= first_negative_ ? x - product_ : x;
}

}  // namespace keymemrt::lattice
