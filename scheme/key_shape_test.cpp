// SPDX-License-Identifier: Apache-2.0
#include "scheme/key_shape.h"

#include <gtest/gtest.h>

#include <cmath>

#include "bench/parameter_sets.h"

namespace keymemrt::scheme {
namespace {

Parameters Make(int log_n, int first_q_bits, int q_bits, size_t q_count, int p_bits, size_t p_count,
                Security security = Security::k128Bit) {
  ParameterLiteral literal{.log_n = log_n, .log_default_scale = q_bits};
  literal.q = *FindNttPrimes(first_q_bits, log_n, 1);
  for (const uint64_t q : *FindNttPrimes(q_bits, log_n, q_count - 1)) literal.q.push_back(q);
  literal.p = *FindNttPrimes(p_bits, log_n, p_count, literal.q);
  return *Parameters::Create(literal, security);
}

// Set C of the benchmarks.
Parameters C() {
  return Make(16, 55, 40, 12, 60, 3);
}

TEST(KeyShape, TakesSpecialPrimesFromPThenFromTheDroppedPrimesOfQ) {
  const Parameters c = C();
  const Parameters five = *c.At({5, 5});
  EXPECT_EQ(five.q_count(), 6);
  EXPECT_EQ(five.p_count(), 5);
  for (int limb = 0; limb < 6; ++limb) EXPECT_EQ(five.modulus(limb), c.modulus(limb));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(five.modulus(6 + i), c.modulus(12 + i));
  EXPECT_EQ(five.modulus(9), c.modulus(6));
  EXPECT_EQ(five.modulus(10), c.modulus(7));
  EXPECT_EQ(five.digit_size(), 6);
  EXPECT_EQ(five.ChunkCount(5), 11);
  EXPECT_EQ(five.shape(), (KeyShape{5, 5}));
  EXPECT_EQ(five.RotationKey(1).shape, five.shape());
  EXPECT_EQ(five.default_scale(), c.default_scale());

  const Parameters one = *c.At({0, 1});  // fewer special primes than P has
  EXPECT_EQ(one.p_count(), 1);
  EXPECT_EQ(one.ChunkCount(0), 2);

  EXPECT_TRUE(c.At({})->shape().plain());
  EXPECT_EQ(five.At({5, 5})->fingerprint(), five.fingerprint());
}

TEST(KeyShape, RefusesShapesThatDoNotExist) {
  const Parameters c = C();
  const auto refused = [](const Parameters& parameters, const KeyShape& shape, const char* why) {
    const auto result = parameters.At(shape);
    ASSERT_FALSE(result.ok()) << shape.ToString();
    EXPECT_EQ(result.status().code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(result.status().message().find(why), std::string::npos) << result.status().message();
  };
  refused(c, {12, 1}, "levels 0 to 11");
  refused(c, {5, 0}, "1 to 9 special primes");
  refused(c, {5, 10}, "1 to 9 special primes");
  refused(c, {11, 4}, "1 to 3 special primes");
  refused(*c.At({5, 5}), {5, 4}, "level 5 with 5 special primes");
  refused(*c.At({5, 5}), {}, "\"plain\"");
  refused(c, {-2, 1}, "no level -2");
  refused(*c.At({5, 5}), {4, 5}, "level 4 with 5 special primes");
  refused(Make(14, 55, 40, 5, 40, 2), {2, 1}, "drown");  // 40 bits for a prime of 55
}

TEST(KeyShape, NamesOfKeysSayTheirShape) {
  const Parameters c = C();
  EXPECT_EQ(c.RotationKey(2).ToString(), "rotation-25");
  EXPECT_EQ(c.At({6, 5})->RotationKey(2).ToString(), "rotation-25-l6p5");
  EXPECT_EQ(c.RelinearizationKey().ToString(), "relinearization");
  EXPECT_EQ(c.SecretSwitchKey(1).ToString(), "secret-switch-1");
  EXPECT_NE(c.RotationKey(2), c.At({6, 5})->RotationKey(2));
  EXPECT_NE(c.At({6, 4})->RotationKey(2), c.At({6, 5})->RotationKey(2));
}

TEST(KeyShape, TheBestShapeIsTheBestOfAll) {
  for (const Parameters& parameters : {C(), Make(13, 27, 26, 6, 60, 1),
                                       Make(16, 60, 59, 26, 60, 9, Security::kInsecure), Make(14, 55, 40, 7, 40, 2)}) {
    for (int level = 0; level <= parameters.max_level(); ++level) {
      const KeyShape best = *BestShape(parameters, level);
      const KeyCost cost = CostOfKey(*parameters.At(best), level);
      EXPECT_LE(cost, CostOfKey(parameters, level)) << level;
      for (int specials = 1; specials <= parameters.p_count() + parameters.max_level() - level; ++specials) {
        const auto other = parameters.At({level, specials});
        if (other.ok()) {
          EXPECT_LE(cost, CostOfKey(*other, level)) << level << " " << specials;
        }
      }
    }
  }
}

TEST(KeyShape, HalvesKeysInTheMiddleAndAtTheEnd) {
  const Parameters c = C();
  EXPECT_EQ(*BestShape(c, 5), (KeyShape{5, 5}));
  EXPECT_EQ(CostOfKey(c, 5), (KeyCost{18, 36}));
  EXPECT_EQ(CostOfKey(*c.At({5, 5}), 5), (KeyCost{11, 33}));
  EXPECT_EQ(*BestShape(c, 11), KeyShape{});  // at the top nothing is dropped
  EXPECT_EQ(*BestShape(c, 0), (KeyShape{0, 1}));
  EXPECT_EQ(BestShape(c, 12).status().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(BestShape(c, -1).status().code(), ErrorCode::kInvalidArgument);
}

TEST(KeyShape, TheBestShapeIsWithinTheBoundOfTheSecret) {
  // 55 + 14 * 40 + 3 * 55 = 780 bits, too many for a secret of weight 192.
  const Parameters parameters = Make(15, 55, 40, 15, 55, 3);
  EXPECT_GT(parameters.LogQP(14), 768);
  for (int level = 0; level <= 14; ++level) {
    const auto uniform = BestShape(parameters, level), sparse = BestShape(parameters, level, {192});
    ASSERT_TRUE(uniform.ok());
    ASSERT_TRUE(sparse.ok()) << sparse.status().message();
    EXPECT_LE(parameters.At(*sparse)->LogQP(level), 768) << level;
    EXPECT_LE(CostOfKey(*parameters.At(*uniform), level), CostOfKey(*parameters.At(*sparse), level));
  }
  EXPECT_NE(*BestShape(parameters, 14, {192}), *BestShape(parameters, 14));
  EXPECT_NE(BestShape(parameters, 0, {100}).status().message().find("no published bound"), std::string::npos);
}

// The project's bounds on the bytes of a rotation key against OpenFHE's full one: at most half at the top level, a
// quarter at half the levels, whether or not the special modulus is the level's own.
TEST(KeyShape, KeysAreSmallAgainstOpenFhes) {
  for (const bench::ParameterSet& set : bench::kParameterSets) {
    if (bench::OnlyOpenFhe(set)) continue;
    const Parameters parameters = Make(set.log_n, set.first_q_bits, set.q_bits, static_cast<size_t>(set.q_count),
                                       set.p_bits, static_cast<size_t>(set.p_count), Security::kInsecure);
    // Digits over all limbs, both halves.
    const double openfhe = 2.0 * set.openfhe_digits * parameters.limb_count();
    for (const bench::OperandLevel& operands : bench::kLevels) {
      const int level = operands.Limbs(set) - 1;
      const KeyShape shape = *BestShape(parameters, level);
      const double plain = CostOfKey(parameters, level).chunks / openfhe;
      const double best = CostOfKey(*parameters.At(shape), level).chunks / openfhe;
      fmt::print("{:2} {:4}: plain {:5.1f} MB, {:.3f} of OpenFHE's; {}: {:5.1f} MB, {:.3f}\n", set.name, operands.name,
                 plain * openfhe * static_cast<double>(parameters.chunk_bytes()) / 1e6, plain, shape.ToString(),
                 best * openfhe * static_cast<double>(parameters.chunk_bytes()) / 1e6, best);
      EXPECT_LE(plain, operands.half ? 0.25 : 0.5) << set.name;
      EXPECT_LE(best, plain) << set.name;
    }
  }
}

}  // namespace
}  // namespace keymemrt::scheme
