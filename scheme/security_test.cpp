// SPDX-License-Identifier: Apache-2.0
#include "scheme/security.h"

#include <gtest/gtest.h>

namespace keymemrt::scheme {
namespace {

// N = 2^log_n, `q_count` primes of 60 bits and two special ones of 61.
ParameterLiteral Literal(int log_n, size_t q_count) {
  ParameterLiteral literal{.log_n = log_n, .log_default_scale = 50};
  literal.q = *FindNttPrimes(60, log_n, q_count);
  literal.p = *FindNttPrimes(61, log_n, 2);
  return literal;
}

bool RefusedFor(const Status& status, const char* why) {
  return status.code() == ErrorCode::kInvalidArgument && status.message().find(why) != std::string::npos;
}

TEST(Security, KnowsPublishedBoundsAndNoOthers) {
  EXPECT_EQ(*MaxLogQP(13, {}), 218);
  EXPECT_EQ(*MaxLogQP(16, {}), 1747);
  EXPECT_EQ(*MaxLogQP(16, {192}), 1553);
  EXPECT_EQ(*MaxLogQP(15, {192}), 768);
  EXPECT_EQ(*MaxLogQP(16, {32}), 121);
  EXPECT_TRUE(RefusedFor(MaxLogQP(14, {192}).status(), "no published bound"));
  EXPECT_TRUE(RefusedFor(MaxLogQP(16, {191}).status(), "weight 191"));
  EXPECT_TRUE(RefusedFor(MaxLogQP(16, {193}).status(), "no published bound"));
  EXPECT_TRUE(RefusedFor(MaxLogQP(16, {-1}).status(), "no published bound"));
  EXPECT_TRUE(RefusedFor(MaxLogQP(18, {}).status(), "no published bound"));
  EXPECT_TRUE(RefusedFor(MaxLogQP(9, {}).status(), "no published bound"));
}

// 12 * 60 + 122 = 842 bits at N = 2^15: enough for a uniform secret, too much for a sparse one down to level 9.
TEST(Security, HoldsEveryKeyAgainstTheBoundOfItsSecret) {
  const Parameters parameters = *Parameters::Create(Literal(15, 12), Security::k128Bit);
  for (int level = 0; level <= 11; ++level) {
    SCOPED_TRACE(level);
    EXPECT_TRUE(CheckKeySecurity(parameters, level, {}).ok());
    EXPECT_EQ(CheckKeySecurity(parameters, level, {192}).ok(), level <= 9);
    EXPECT_FALSE(CheckKeySecurity(parameters, level, {32}).ok());
    EXPECT_FALSE(CheckKeySecurity(parameters, level, {64}).ok());
  }
  EXPECT_TRUE(RefusedFor(CheckKeySecurity(parameters, 11, {192}), "ternary of weight 192"));
  EXPECT_TRUE(RefusedFor(CheckKeySecurity(parameters, 11, {64}), "no published bound"));
}

// A key of a shape may be above the bound where the plain key of its level is not, and the other way round.
TEST(Security, ASpecialModulusMayBeTooLargeForTheSecret) {
  const Parameters parameters = *Parameters::Create(Literal(15, 12), Security::k128Bit);
  const auto allowed = [&](int level, int specials) {
    const Parameters shaped = *parameters.At({level, specials});
    return CheckKeySecurity(shaped, level, {192}).ok();
  };
  EXPECT_TRUE(allowed(9, 2));    // 722 bits
  EXPECT_FALSE(allowed(9, 3));   // 782
  EXPECT_FALSE(allowed(11, 1));  // 781
  EXPECT_TRUE(allowed(10, 1));   // 721
  EXPECT_FALSE(allowed(5, 8));   // all primes
}

TEST(Security, TheEncapsulationKeyIsForTheLowestLevelAlone) {
  const Parameters parameters = *Parameters::Create(Literal(16, 3), Security::k128Bit);
  EXPECT_TRUE(CheckKeySecurity(*parameters.At({0, 1}), 0, {32}).ok());
  EXPECT_FALSE(CheckKeySecurity(*parameters.At({0, 2}), 0, {32}).ok());
  EXPECT_FALSE(CheckKeySecurity(*parameters.At({1, 1}), 1, {32}).ok());
  EXPECT_FALSE(CheckKeySecurity(parameters, 0, {32}).ok());
}

TEST(Security, InsecureParametersAreTakenAtTheirWord) {
  const ParameterLiteral large = Literal(15, 15);
  EXPECT_TRUE(RefusedFor(Parameters::Create(large, Security::k128Bit).status(), "128-bit secure"));
  const Parameters insecure = *Parameters::Create(large, Security::kInsecure);
  EXPECT_EQ(insecure.security(), Security::kInsecure);
  EXPECT_TRUE(CheckKeySecurity(insecure, 14, {}).ok());
  EXPECT_TRUE(CheckKeySecurity(insecure, 14, {5}).ok());
  EXPECT_EQ(insecure.At({3, 4})->security(), Security::kInsecure);
  const Parameters secure = *Parameters::Create(Literal(15, 12), Security::k128Bit);
  EXPECT_EQ(secure.security(), Security::k128Bit);
  EXPECT_EQ(secure.At({3, 4})->security(), Security::k128Bit);
}

}  // namespace
}  // namespace keymemrt::scheme
