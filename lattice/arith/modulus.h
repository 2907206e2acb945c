// SPDX-License-Identifier: Apache-2.0
//
// Arithmetic modulo one word-sized prime. Operands are fully reduced, in [0, q), unless a name says otherwise
// (..._lazy: [0, 2q) or as stated).
//
// Barrett: floor(x*ratio / 2^128) with ratio = floor(2^128 / q). Shoup: for a fixed factor w, w_shoup =
// floor(w*2^64/q), one high product and one low product replace the division (Harvey, "Faster arithmetic for
// number-theoretic transforms", 2014).
#pragma once

#include <cstdint>

namespace keymemrt::lattice {

__extension__ typedef unsigned __int128 uint128_t;

class Modulus {
 public:
  // REQUIRES: 2 <= q < 2^61.
  explicit Modulus(uint64_t q);

  uint64_t value() const { return q_; }
  int bits() const { return bits_; }  // bit length of q

  // x mod q for any x.
  uint64_t Reduce(uint64_t x) const { return MulShoup(x, 1, ratio_high_); }
  uint64_t Reduce128(uint128_t x) const {
    // The quotient, at most one too small: floor(x * ratio / 2^128) modulo 2^64, product of two-word numbers.
    const uint64_t x_low = static_cast<uint64_t>(x);
    const uint64_t x_high = static_cast<uint64_t>(x >> 64);
    const uint128_t low = (static_cast<uint128_t>(x_low) * ratio_low_) >> 64;
    const uint128_t middle1 = static_cast<uint128_t>(x_low) * ratio_high_ + low;
    const uint128_t middle2 = static_cast<uint128_t>(x_high) * ratio_low_ + static_cast<uint64_t>(middle1);
    const uint64_t quotient =
        x_high * ratio_high_ + static_cast<uint64_t>(middle1 >> 64) + static_cast<uint64_t>(middle2 >> 64);
    const uint64_t r = x_low - quotient * q_;  // in [0, 2q)
    return r >= q_ ? r - q_ : r;
  }

  uint64_t Add(uint64_t a, uint64_t b) const {
    const uint64_t sum = a + b;
    return sum >= q_ ? sum - q_ : sum;
  }
  uint64_t Sub(uint64_t a, uint64_t b) const { return a >= b ? a - b : a + q_ - b; }
  uint64_t Negate(uint64_t a) const { return a == 0 ? 0 : q_ - a; }
  uint64_t Mul(uint64_t a, uint64_t b) const { return Reduce128(static_cast<uint128_t>(a) * b); }
  uint64_t Pow(uint64_t base, uint64_t exponent) const;
  // REQUIRES: q prime, a != 0.
  uint64_t Inverse(uint64_t a) const { return Pow(a, q_ - 2); }

  // floor(w * 2^64 / q). REQUIRES: w < q.
  uint64_t Shoup(uint64_t w) const { return static_cast<uint64_t>((static_cast<uint128_t>(w) << 64) / q_); }
  // x*w mod q for ANY 64-bit x, result in [0, q); w_shoup = Shoup(w).
  uint64_t MulShoup(uint64_t x, uint64_t w, uint64_t w_shoup) const {
    const uint64_t r = MulShoupLazy(x, w, w_shoup);
    return r >= q_ ? r - q_ : r;
  }
  // The same in [0, 2q).
  uint64_t MulShoupLazy(uint64_t x, uint64_t w, uint64_t w_shoup) const {
    const uint64_t quotient = static_cast<uint64_t>((static_cast<uint128_t>(x) * w_shoup) >> 64);
    return x * w - quotient * q_;
  }

  // floor(2^128 / q), high and low word.
  uint64_t ratio_high() const { return ratio_high_; }
  uint64_t ratio_low() const { return ratio_low_; }

 private:
  uint64_t q_;
  int bits_;
  uint64_t ratio_high_;
  uint64_t ratio_low_;
};

}  // namespace keymemrt::lattice
