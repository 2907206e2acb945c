// SPDX-License-Identifier: Apache-2.0
#include "lattice/encoding/residue_number_system.h"

#include <gmpxx.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "scheme/parameters.h"

namespace keymemrt::lattice {
namespace {

using Range = ResidueNumberSystem::Range;

mpz_class Gmp(uint64_t x) {
  return mpz_class(std::to_string(x));
}
BigInteger FromGmp(const mpz_class& x) {
  return *BigInteger::Parse(x.get_str());
}

// One modulus, powers of primes and of two, and as many large primes as a deep CKKS modulus has.
std::vector<std::vector<uint64_t>> Systems() {
  std::vector<std::vector<uint64_t>> systems = {{2},
                                                {uint64_t{1} << 60},
                                                {3, 5, 7},
                                                {uint64_t{1} << 60, 3486784401, 625, 7, 1234567891},
                                                {(uint64_t{1} << 61) - 1, (uint64_t{1} << 61) - 2}};
  systems.push_back(*scheme::FindNttPrimes(60, 16, 30));
  return systems;
}

// Sunzi: "by threes remain two, by fives three, by sevens two": 23.
TEST(ResidueNumberSystem, SolvesSunzisProblem) {
  const std::vector<uint64_t> moduli = {3, 5, 7};
  const auto system = ResidueNumberSystem::Create(moduli, Range::kUnsigned);
  EXPECT_EQ(*system->Decode({2, 3, 2}), BigInteger(23));
  EXPECT_EQ(*system->Encode(BigInteger(23)), (std::vector<uint64_t>{2, 3, 2}));
  EXPECT_EQ(*ResidueNumberSystem::Create(moduli, Range::kSigned)->Decode({2, 4, 6}), -BigInteger(1));
}

TEST(ResidueNumberSystem, SplitsAndReconstructsAsGmpDoes) {
  gmp_randclass random(gmp_randinit_default);
  random.seed(5);
  for (const std::vector<uint64_t>& moduli : Systems()) {
    mpz_class product = 1;
    for (const uint64_t m : moduli) product *= Gmp(m);
    for (const Range range : {Range::kUnsigned, Range::kSigned}) {
      const auto system = ResidueNumberSystem::Create(moduli, range);
      ASSERT_TRUE(system.ok()) << system.status().message();
      EXPECT_EQ(system->product(), FromGmp(product));
      const mpz_class least = range == Range::kSigned ? mpz_class(-(product / 2)) : mpz_class(0);
      std::vector<mpz_class> values = {least, least + product - 1, 0};
      if (product > 2) values.insert(values.end(), {1, least + product / 2, least + 1});
      for (int i = 0; i < 50; ++i) values.push_back(least + random.get_z_range(product));
      for (const mpz_class& value : values) {
        const auto residues = system->Encode(FromGmp(value));
        ASSERT_TRUE(residues.ok()) << value;
        for (size_t i = 0; i < moduli.size(); ++i) {
          mpz_class residue;
          mpz_mod(residue.get_mpz_t(), value.get_mpz_t(), Gmp(moduli[i]).get_mpz_t());
          EXPECT_EQ(Gmp((*residues)[i]), residue);
        }
        EXPECT_EQ(*system->Decode(*residues), FromGmp(value));
      }
      // One beyond either end.
      EXPECT_FALSE(system->Encode(FromGmp(least - 1)).ok());
      EXPECT_FALSE(system->Encode(FromGmp(least + product)).ok());
    }
  }
}

// Sums, differences and products of residues are those of the integers while these stay in the range.
TEST(ResidueNumberSystem, ArithmeticOnResiduesIsArithmeticOnIntegers) {
  gmp_randclass random(gmp_randinit_default);
  random.seed(6);
  const std::vector<uint64_t> moduli = *scheme::FindNttPrimes(40, 12, 13);  // 520 bits
  const auto system = ResidueNumberSystem::Create(moduli, Range::kSigned);
  for (int i = 0; i < 100; ++i) {
    const mpz_class a = random.get_z_bits(256) - (mpz_class(1) << 255), b = random.get_z_bits(256);
    const auto x = system->Encode(FromGmp(a)), y = system->Encode(FromGmp(b));
    std::vector<uint64_t> sum, difference, product;
    for (size_t k = 0; k < moduli.size(); ++k) {
      const Modulus& m = system->modulus(k);
      sum.push_back(m.Add((*x)[k], (*y)[k]));
      difference.push_back(m.Sub((*x)[k], (*y)[k]));
      product.push_back(m.Mul((*x)[k], (*y)[k]));
    }
    EXPECT_EQ(*system->Decode(sum), FromGmp(a + b));
    EXPECT_EQ(*system->Decode(difference), FromGmp(a - b));
    EXPECT_EQ(*system->Decode(product), FromGmp(a * b));
  }
}

TEST(ResidueNumberSystem, RefusesWhatIsNoSystem) {
  const auto refused = [](std::vector<uint64_t> moduli, const char* why) {
    const auto result = ResidueNumberSystem::Create(moduli, Range::kUnsigned);
    ASSERT_FALSE(result.ok()) << why;
    EXPECT_EQ(result.status().code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(result.status().message().find(why), std::string::npos) << result.status().message();
  };
  refused({}, "at least one");
  refused({0}, "0 is not in");
  refused({7, 1}, "1 is not in");
  refused({uint64_t{1} << 61}, "not in");
  refused({3, 5, 3}, "3 and 3 are not coprime");
  refused({35, 6, 10}, "35 and 10 are not coprime: 5");
}

TEST(ResidueNumberSystem, RefusesWrongResidues) {
  const std::vector<uint64_t> moduli = {3, 5};
  const auto system = ResidueNumberSystem::Create(moduli, Range::kUnsigned);
  EXPECT_FALSE(system->Decode({1}).ok());
  EXPECT_FALSE(system->Decode({1, 2, 0}).ok());
  EXPECT_FALSE(system->Decode({1, 5}).ok());
  EXPECT_TRUE(system->Decode({2, 4}).ok());
}

}  // namespace
}  // namespace keymemrt::lattice
