// SPDX-License-Identifier: Apache-2.0
//
// Whole numbers of any size, as far as encodings need them: text, residues, sums, and products and quotients with one
// word (schoolbook: Knuth, "The Art of Computer Programming" vol. 2, §4.3.1). Not for secrets: time depends on the
// value.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "lattice/arith/modulus.h"

namespace keymemrt::lattice {

class BigInteger {
 public:
  BigInteger() = default;  // zero
  explicit BigInteger(uint64_t value) : BigInteger({value}, false) {}
  // Base 2^64, least significant word first. Leading zeros are dropped; a negative zero is zero.
  BigInteger(std::vector<uint64_t> magnitude, bool negative);

  // Decimal digits, or 0x and hexadecimal digits, after an optional minus sign; nothing else.
  static Result<BigInteger> Parse(std::string_view text);
  std::string ToString() const;  // decimal

  bool negative() const { return negative_; }
  // No leading zeros: empty for zero.
  const std::vector<uint64_t>& magnitude() const { return words_; }
  int bits() const;  // bit length of the magnitude, 0 for zero

  // The nearest double, ties to even; infinite beyond the range of doubles.
  double ToDouble() const;
  // The residue in [0, m), of negative numbers too.
  uint64_t Mod(const Modulus& m) const;

  BigInteger operator-() const { return BigInteger(words_, !negative_); }
  friend BigInteger operator+(const BigInteger& a, const BigInteger& b);
  friend BigInteger operator-(const BigInteger& a, const BigInteger& b) { return a + -b; }
  bool operator==(const BigInteger&) const = default;
  friend std::strong_ordering operator<=>(const BigInteger& a, const BigInteger& b);

  // On the magnitude; the sign stays.
  void MulAdd(uint64_t factor, uint64_t addend);  // *= factor, += addend
  uint64_t Divide(uint64_t divisor);              // /= divisor, rounding down; the remainder. REQUIRES: divisor != 0
  void ShiftLeft(int count);                      // REQUIRES: count >= 0
  void ShiftRight(int count);                     // rounding down. REQUIRES: count >= 0

 private:
  void Normalize();

  std::vector<uint64_t> words_;
  bool negative_ = false;
};

// x / divisor to the nearest integer, halves away from zero, as if the division were exact.
// REQUIRES: divisor positive and finite.
BigInteger DivideRounded(BigInteger x, double divisor);

}  // namespace keymemrt::lattice
