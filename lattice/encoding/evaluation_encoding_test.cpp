// SPDX-License-Identifier: Apache-2.0
#include "lattice/encoding/evaluation_encoding.h"

#include <gmpxx.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "lattice/encoding/plaintext_test.h"
#include "lattice/encoding/residue_number_system.h"

namespace keymemrt::lattice {
namespace {

class EvaluationEncodingTest : public PlaintextTest {
 protected:
  EvaluationEncoding Make(uint64_t t, int level, double scale) {
    return *EvaluationEncoding::Create(context_, pool_, t, level, scale);
  }
  std::vector<uint64_t> RandomSlots(uint64_t t, uint64_t seed) {
    std::mt19937_64 random(seed);
    std::vector<uint64_t> slots(context_.n());
    for (uint64_t& slot : slots) slot = random() % t;
    return slots;
  }
  // The smallest prime = 1 mod 2N, the usual one, a large one.
  std::vector<uint64_t> Primes() { return {12289, 65537, scheme::FindNttPrimes(45, 10, 1)->front()}; }
};

// By the definition, with the powers of psi summed one by one.
TEST_F(EvaluationEncodingTest, SlotsAreValuesAtPowersOfFiveAndTheirInverses) {
  for (const uint64_t t : Primes()) {
    const Modulus modulus(t);
    const uint64_t psi = NttTable(10, modulus).psi();
    const std::vector<uint64_t> slots = RandomSlots(t, 1);
    const Plaintext plaintext = *Make(t, 1, 1).Encode(slots);
    const std::vector<mpz_class> x = Coefficients(plaintext);
    for (const mpz_class& c : x) ASSERT_LE(abs(c), mpz_class(std::to_string(t / 2)));
    const size_t n = context_.n();
    uint64_t exponent = 1;
    for (size_t j = 0; j < n / 2; ++j, exponent = exponent * 5 % (2 * n)) {
      if (j > 3 && j % 101 != 0) continue;
      for (const size_t row : {0, 1}) {
        const uint64_t point = modulus.Pow(psi, row == 0 ? exponent : 2 * n - exponent);
        uint64_t value = 0;
        for (size_t i = n; i-- > 0;) value = modulus.Add(modulus.Mul(value, point), mpz_fdiv_ui(x[i].get_mpz_t(), t));
        EXPECT_EQ(value, slots[row * n / 2 + j]) << row << " " << j;
      }
    }
  }
}

TEST_F(EvaluationEncodingTest, SumsAndProductsAreSlotBySlot) {
  for (const uint64_t t : Primes()) {
    for (const double scale : {1.0, 3.0, 0x1p40}) {
      const Modulus modulus(t);
      const EvaluationEncoding encoding = Make(t, 3, scale);
      const std::vector<uint64_t> a = RandomSlots(t, 2), b = RandomSlots(t, 3);
      const Plaintext x = *encoding.Encode(a), y = *encoding.Encode(b);
      const auto sum = encoding.Decode(Add(x, y)), product = encoding.Decode(Mul(x, y));
      ASSERT_TRUE(sum.ok() && product.ok());
      for (size_t i = 0; i < a.size(); ++i) {
        ASSERT_EQ((*sum)[i], modulus.Add(a[i], b[i])) << i;
        ASSERT_EQ((*product)[i], modulus.Mul(a[i], b[i])) << i;
      }
    }
  }
}

TEST_F(EvaluationEncodingTest, AutomorphismsRotateRowsAndSwapThem) {
  const EvaluationEncoding encoding = Make(65537, 1, 0x1p30);
  const std::vector<uint64_t> slots = RandomSlots(65537, 4);
  const Plaintext plaintext = *encoding.Encode(slots);
  const int64_t half = static_cast<int64_t>(context_.n() / 2);
  for (const int64_t shift : {int64_t{0}, int64_t{1}, int64_t{7}, half - 1, int64_t{-3}}) {
    std::vector<uint64_t> expected = slots;
    const int64_t left = (shift + half) % half;
    std::rotate(expected.begin(), expected.begin() + left, expected.begin() + half);
    std::rotate(expected.begin() + half, expected.begin() + half + left, expected.end());
    EXPECT_EQ(*encoding.Decode(Automorphism(plaintext, context_.parameters().GaloisElement(shift))), expected) << shift;
  }
  std::vector<uint64_t> swapped = slots;
  std::rotate(swapped.begin(), swapped.begin() + half, swapped.end());
  EXPECT_EQ(*encoding.Decode(Automorphism(plaintext, context_.parameters().ConjugationElement())), swapped);
}

// Noise below half of the scale disappears, noise above it does not.
TEST_F(EvaluationEncodingTest, DecodeRoundsNoiseAway) {
  const double scale = 0x1p40;
  const EvaluationEncoding encoding = Make(65537, 2, scale);
  const std::vector<uint64_t> slots = RandomSlots(65537, 5);
  std::vector<mpz_class> x = Coefficients(*encoding.Encode(slots));
  const mpz_class margin = (mpz_class(1) << 39) - 1;
  for (size_t i = 0; i < x.size(); ++i) x[i] += i % 2 == 0 ? margin : mpz_class(-margin);
  EXPECT_EQ(*encoding.Decode(FromCoefficients(x, 2, scale)), slots);
  x[6] += 2;
  EXPECT_NE(*encoding.Decode(FromCoefficients(x, 2, scale)), slots);
}

// 300-bit integers, one per slot, multiplied by ring products modulo five primes.
TEST_F(EvaluationEncodingTest, CarriesLargeIntegersThroughAResidueNumberSystem) {
  const std::vector<uint64_t> primes = *scheme::FindNttPrimes(61, 10, 10);
  const auto system = ResidueNumberSystem::Create(primes, ResidueNumberSystem::Range::kSigned);
  gmp_randclass random(gmp_randinit_default);
  random.seed(7);
  const size_t count = 20;
  std::vector<mpz_class> a(count), b(count);
  for (mpz_class& x : a) x = random.get_z_bits(300) - (mpz_class(1) << 299);
  for (mpz_class& x : b) x = random.get_z_bits(300);
  std::vector<std::vector<uint64_t>> residues(count);
  for (size_t k = 0; k < primes.size(); ++k) {
    const EvaluationEncoding encoding = Make(primes[k], 3, 1);  // products: 2*60 + 10 bits of Q's 210
    std::vector<uint64_t> x, y;
    for (size_t i = 0; i < count; ++i) {
      x.push_back((*system->Encode(*BigInteger::Parse(a[i].get_str())))[k]);
      y.push_back((*system->Encode(*BigInteger::Parse(b[i].get_str())))[k]);
    }
    const auto product = encoding.Decode(Mul(*encoding.Encode(x), *encoding.Encode(y)));
    for (size_t i = 0; i < count; ++i) residues[i].push_back((*product)[i]);
  }
  for (size_t i = 0; i < count; ++i) {
    EXPECT_EQ(system->Decode(residues[i])->ToString(), mpz_class(a[i] * b[i]).get_str());
  }
}

TEST_F(EvaluationEncodingTest, RefusesWhatDoesNotFit) {
  const auto refused = [&](uint64_t t, int level, double scale, const char* why) {
    const auto result = EvaluationEncoding::Create(context_, pool_, t, level, scale);
    ASSERT_FALSE(result.ok()) << why;
    EXPECT_EQ(result.status().code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(result.status().message().find(why), std::string::npos) << result.status().message();
  };
  refused(0, 0, 1, "not a prime");
  refused(1, 0, 1, "not a prime");
  refused(2048 * 2 + 1, 0, 1, "not a prime");  // 17 * 241
  refused(65539, 0, 1, "not a prime");         // prime, but = 3 mod 2N
  refused((uint64_t{1} << 63) + 1, 0, 1, "not a prime");
  refused(65537, 0, 1.5, "whole");
  refused(65537, 0, 0x1p44, "fit");
  refused(65537, 4, 1, "level");
  refused(65537, 0, 0, "scale");
  EXPECT_TRUE(EvaluationEncoding::Create(context_, pool_, 65537, 0, 0x1p43).ok());

  const EvaluationEncoding encoding = Make(65537, 0, 1);
  EXPECT_FALSE(encoding.Encode(std::vector<uint64_t>(context_.n() + 1)).ok());
  EXPECT_FALSE(encoding.Encode({0, 65537}).ok());
  EXPECT_TRUE(encoding.Encode({0, 65536}).ok());
}

}  // namespace
}  // namespace keymemrt::lattice
