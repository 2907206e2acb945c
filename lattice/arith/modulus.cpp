// SPDX-License-Identifier: Apache-2.0
//
// The constants of a modulus, and powers.
#include "lattice/arith/modulus.h"

#include <bit>
#include <cassert>

namespace keymemrt::lattice {

Modulus::Modulus(uint64_t q) : q_(q), bits_(std::bit_width(q)) {
  assert(q >= 2 && bits_ <= 61);
  // floor(2^128 / q) from 2^128 - 1, which fits: they differ when q divides 2^128.
  const uint128_t all_ones = ~uint128_t{0};
  const uint128_t ratio = all_ones / q + (all_ones % q == q - 1 ? 1 : 0);
  ratio_high_ = static_cast<uint64_t>(ratio >> 64);
  ratio_low_ = static_cast<uint64_t>(ratio);
}

uint64_t Modulus::Pow(uint64_t base, uint64_t exponent) const {
  uint64_t result = 1 % q_;
  for (; exponent != 0; exponent >>= 1) {
    if (exponent & 1) result = Mul(result, base);
    base = Mul(base, base);
  }
  return result;
}

}  // namespace keymemrt::lattice
