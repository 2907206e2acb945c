// SPDX-License-Identifier: Apache-2.0
#include "lattice/encoding/big_integer.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>

namespace keymemrt::lattice {

namespace {

constexpr uint64_t kTenTo19 = 10'000'000'000'000'000'000u;

std::strong_ordering CompareMagnitudes(const std::vector<uint64_t>& a, const std::vector<uint64_t>& b) {
  if (a.size() != b.size()) return a.size() <=> b.size();
  return std::lexicographical_compare_three_way(a.rbegin(), a.rend(), b.rbegin(), b.rend());
}

// a += b
void AddMagnitude(std::vector<uint64_t>& a, const std::vector<uint64_t>& b) {
  a.resize(std::max(a.size(), b.size()) + 1);
  uint64_t carry = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const uint128_t sum = uint128_t{a[i]} + (i < b.size() ? b[i] : 0) + carry;
    a[i] = static_cast<uint64_t>(sum);
    carry = static_cast<uint64_t>(sum >> 64);
  }
}

// a -= b. REQUIRES: a >= b.
void SubtractMagnitude(std::vector<uint64_t>& a, const std::vector<uint64_t>& b) {
  uint64_t borrow = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const uint128_t difference = uint128_t{a[i]} - (i < b.size() ? b[i] : 0) - borrow;
    a[i] = static_cast<uint64_t>(difference);
    borrow = static_cast<uint64_t>(difference >> 64) & 1;
  }
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 16;
}

}  // namespace

BigInteger::BigInteger(std::vector<uint64_t> magnitude, bool negative)
    : words_(std::move(magnitude)), negative_(negative) {
  Normalize();
}

void BigInteger::Normalize() {
  while (!words_.empty() && words_.back() == 0) words_.pop_back();
  negative_ = negative_ && !words_.empty();
}

Result<BigInteger> BigInteger::Parse(std::string_view text) {
  std::string_view digits = text;
  const bool negative = digits.starts_with('-');
  if (negative) digits.remove_prefix(1);
  const bool hex = digits.starts_with("0x");
  if (hex) digits.remove_prefix(2);
  const int base = hex ? 16 : 10;
  BigInteger value;
  if (digits.empty()) return InvalidArgument("\"{}\" is not a whole number", text);
  for (const char c : digits) {
    const int digit = HexDigit(c);
    if (digit >= base) return InvalidArgument("\"{}\" is not a whole number: '{}'", text, c);
    value.MulAdd(static_cast<uint64_t>(base), static_cast<uint64_t>(digit));
  }
  return BigInteger(std::move(value.words_), negative);
}

std::string BigInteger::ToString() const {
  if (words_.empty()) return "0";
  std::string digits;  // least significant first
  for (BigInteger rest(words_, false); !rest.words_.empty();) {
    uint64_t part = rest.Divide(kTenTo19);
    for (int i = 0; i < 19 && (part != 0 || !rest.words_.empty()); ++i, part /= 10) {
      digits.push_back(static_cast<char>('0' + part % 10));
    }
  }
  if (negative_) digits.push_back('-');
  std::reverse(digits.begin(), digits.end());
  return digits;
}

int BigInteger::bits() const {
  return words_.empty() ? 0 : static_cast<int>(64 * words_.size()) - std::countl_zero(words_.back());
}

double BigInteger::ToDouble() const {
  const int shift = std::max(0, bits() - 64);
  BigInteger top = *this;
  top.ShiftRight(shift);
  uint64_t word = top.words_.empty() ? 0 : top.words_[0];
  // One bit stands for all that was cut off: it breaks ties, and lies below the rounding position of 53 bits.
  if (shift > 0) {
    top.ShiftLeft(shift);
    if (top != *this) word |= 1;
  }
  const double magnitude = std::ldexp(static_cast<double>(word), shift);
  return negative_ ? -magnitude : magnitude;
}

uint64_t BigInteger::Mod(const Modulus& m) const {
  uint64_t residue = 0;
  for (size_t i = words_.size(); i-- > 0;) residue = m.Reduce128(uint128_t{residue} << 64 | words_[i]);
  return negative_ ? m.Negate(residue) : residue;
}

BigInteger operator+(const BigInteger& a, const BigInteger& b) {
  BigInteger sum = a;
  if (a.negative_ == b.negative_) {
    AddMagnitude(sum.words_, b.words_);
  } else if (CompareMagnitudes(a.words_, b.words_) >= 0) {
    SubtractMagnitude(sum.words_, b.words_);
  } else {
    sum = b;
    SubtractMagnitude(sum.words_, a.words_);
  }
  sum.Normalize();
  return sum;
}

std::strong_ordering operator<=>(const BigInteger& a, const BigInteger& b) {
  if (a.negative_ != b.negative_) return a.negative_ ? std::strong_ordering::less : std::strong_ordering::greater;
  return a.negative_ ? CompareMagnitudes(b.words_, a.words_) : CompareMagnitudes(a.words_, b.words_);
}

void BigInteger::MulAdd(uint64_t factor, uint64_t addend) {
  uint64_t carry = addend;
  for (uint64_t& word : words_) {
    const uint128_t product = uint128_t{word} * factor + carry;
    word = static_cast<uint64_t>(product);
    carry = static_cast<uint64_t>(product >> 64);
  }
  words_.push_back(carry);
  Normalize();
}

uint64_t BigInteger::Divide(uint64_t divisor) {
  assert(divisor != 0);
  uint64_t remainder = 0;
  for (size_t i = words_.size(); i-- > 0;) {
    const uint128_t part = uint128_t{remainder} << 64 | words_[i];
    words_[i] = static_cast<uint64_t>(part / divisor);
    remainder = static_cast<uint64_t>(part % divisor);
  }
  Normalize();
  return remainder;
}

void BigInteger::ShiftLeft(int count) {
  assert(count >= 0);
  if (words_.empty()) return;
  words_.insert(words_.begin(), static_cast<size_t>(count / 64), 0);
  MulAdd(uint64_t{1} << (count % 64), 0);
}

void BigInteger::ShiftRight(int count) {
  assert(count >= 0);
  const size_t drop = std::min(words_.size(), static_cast<size_t>(count / 64));
  words_.erase(words_.begin(), words_.begin() + static_cast<std::ptrdiff_t>(drop));
  Normalize();
  if (count % 64 != 0) Divide(uint64_t{1} << (count % 64));
}

BigInteger DivideRounded(BigInteger x, double divisor) {
  assert(divisor > 0 && std::isfinite(divisor));
  int exponent;
  const double fraction = std::frexp(divisor, &exponent);
  const uint64_t mantissa = static_cast<uint64_t>(std::ldexp(fraction, 53));
  exponent -= 53;  // divisor = mantissa * 2^exponent
  if (exponent < 0) {
    x.ShiftLeft(-exponent);
    exponent = 0;
  }
  // |x|/d rounded = floor((2|x| + d) / 2d); the floor by 2^(e+1) first does not change the floor by the mantissa.
  BigInteger half(mantissa);
  half.ShiftLeft(exponent);
  x.ShiftLeft(1);
  x = x + (x.negative() ? -half : half);
  x.ShiftRight(exponent + 1);
  x.Divide(mantissa);
  return x;
}

}  // namespace keymemrt::lattice
