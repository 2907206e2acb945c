// SPDX-License-Identifier: Apache-2.0
#include "lattice/arith/modulus.h"

#include <NTL/ZZ.h>
#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace keymemrt::lattice {
namespace {

NTL::ZZ Big(uint128_t x) {
  NTL::ZZ result = NTL::to_ZZ(static_cast<unsigned long>(x >> 64));
  return (result << 64) + NTL::to_ZZ(static_cast<unsigned long>(x));
}
uint64_t Word(const NTL::ZZ& x) {
  return NTL::to_ulong(x);
}
uint128_t Wide(uint64_t high, uint64_t low) {
  return static_cast<uint128_t>(high) << 64 | low;
}

// Smallest and largest moduli, powers of two (where floor(2^128/q) is exact), primes of every size in use.
const uint64_t kModuli[] = {2,
                            3,
                            4,
                            17,
                            65537,
                            (uint64_t{1} << 26) - 5,
                            uint64_t{1} << 32,
                            (uint64_t{1} << 32) + 15,
                            (uint64_t{1} << 50) - 27,
                            (uint64_t{1} << 60) - 93,
                            uint64_t{1} << 60,
                            (uint64_t{1} << 61) - 1};

std::vector<uint64_t> Words(uint64_t q) {
  std::vector<uint64_t> words = {0,
                                 1,
                                 2,
                                 q - 1,
                                 q,
                                 q + 1,
                                 2 * q - 1,
                                 2 * q,
                                 ~uint64_t{0},
                                 ~uint64_t{0} - 1,
                                 (uint64_t{1} << 63),
                                 ~uint64_t{0} / q * q,
                                 ~uint64_t{0} / q * q - 1};
  std::mt19937_64 random(q);
  for (int i = 0; i < 50; ++i) words.push_back(random());
  return words;
}

TEST(Modulus, RatioIsFloorOf2To128OverQ) {
  for (const uint64_t q : kModuli) {
    const Modulus modulus(q);
    EXPECT_EQ(Big(Wide(modulus.ratio_high(), modulus.ratio_low())), (NTL::to_ZZ(1) << 128) / Big(q)) << q;
    EXPECT_EQ(modulus.bits(), NTL::NumBits(Big(q))) << q;
  }
}

TEST(Modulus, ReducesWordsAndPairsOfWords) {
  for (const uint64_t q : kModuli) {
    const Modulus modulus(q);
    const std::vector<uint64_t> words = Words(q);
    for (const uint64_t high : words) {
      EXPECT_EQ(modulus.Reduce(high), high % q) << high << " mod " << q;
      for (const uint64_t low : words) {
        const uint128_t x = Wide(high, low);
        ASSERT_EQ(modulus.Reduce128(x), Word(Big(x) % Big(q))) << high << "*2^64+" << low << " mod " << q;
      }
    }
  }
}

TEST(Modulus, RingOperations) {
  for (const uint64_t q : kModuli) {
    const Modulus modulus(q);
    for (const uint64_t a_word : Words(q)) {
      const uint64_t a = a_word % q;
      EXPECT_EQ(modulus.Add(a, modulus.Negate(a)), 0u);
      for (const uint64_t b_word : Words(q)) {
        const uint64_t b = b_word % q;
        ASSERT_EQ(modulus.Add(a, b), Word(NTL::AddMod(Big(a), Big(b), Big(q)))) << a << " " << b << " mod " << q;
        ASSERT_EQ(modulus.Sub(a, b), Word(NTL::SubMod(Big(a), Big(b), Big(q)))) << a << " " << b << " mod " << q;
        ASSERT_EQ(modulus.Mul(a, b), Word(NTL::MulMod(Big(a), Big(b), Big(q)))) << a << " " << b << " mod " << q;
      }
    }
  }
}

TEST(Modulus, ShoupProductsOfAnyWord) {
  for (const uint64_t q : kModuli) {
    const Modulus modulus(q);
    for (const uint64_t w_word : Words(q)) {
      const uint64_t w = w_word % q;
      const uint64_t w_shoup = modulus.Shoup(w);
      EXPECT_EQ(Big(w_shoup), (Big(w) << 64) / Big(q));
      for (const uint64_t x : Words(q)) {
        ASSERT_EQ(modulus.MulShoup(x, w, w_shoup), Word(Big(x) * Big(w) % Big(q))) << x << "*" << w << " mod " << q;
        ASSERT_LT(modulus.MulShoupLazy(x, w, w_shoup), 2 * q);
      }
    }
  }
}

TEST(Modulus, PowersAndInverses) {
  for (const uint64_t q : {uint64_t{3}, uint64_t{65537}, (uint64_t{1} << 50) - 27, (uint64_t{1} << 61) - 1}) {
    const Modulus modulus(q);
    EXPECT_EQ(modulus.Pow(5 % q, 0), 1u);
    for (const uint64_t word : Words(q)) {
      const uint64_t a = word % q;
      EXPECT_EQ(modulus.Pow(a, word), Word(NTL::PowerMod(Big(a), Big(word), Big(q))))
          << a << "^" << word << " mod " << q;
      if (a == 0) continue;
      EXPECT_EQ(modulus.Mul(a, modulus.Inverse(a)), 1u) << a << " mod " << q;
    }
  }
}

}  // namespace
}  // namespace keymemrt::lattice
