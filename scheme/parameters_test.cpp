// SPDX-License-Identifier: Apache-2.0
#include "scheme/parameters.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace keymemrt::scheme {
namespace {

ParameterLiteral Small() {
  ParameterLiteral literal{.log_n = 13, .log_default_scale = 26};
  literal.q = *FindNttPrimes(29, 13, 1);
  for (const uint64_t q : *FindNttPrimes(26, 13, 5)) literal.q.push_back(q);
  literal.p = *FindNttPrimes(29, 13, 2, literal.q);
  return literal;
}

TEST(Primes, AgreesWithTrialDivision) {
  for (uint64_t n = 0; n < 3000; ++n) {
    bool prime = n >= 2;
    for (uint64_t d = 2; d * d <= n; ++d) prime = prime && n % d != 0;
    EXPECT_EQ(IsPrime(n), prime) << n;
  }
  EXPECT_TRUE(IsPrime(2305843009213693951));    // 2^61 - 1
  EXPECT_FALSE(IsPrime(3825123056546413051));   // strong pseudoprime to the bases up to 23
  EXPECT_FALSE(IsPrime(18446744073709551615u));
}

TEST(Primes, FindsNttPrimesOrSaysHowFewThereAre) {
  const auto primes = FindNttPrimes(40, 16, 10);
  ASSERT_TRUE(primes.ok());
  for (const uint64_t p : *primes) {
    EXPECT_TRUE(IsPrime(p));
    EXPECT_EQ(p % (1 << 17), 1u);
    EXPECT_LT(p, uint64_t{1} << 40);
  }
  EXPECT_EQ(std::set<uint64_t>(primes->begin(), primes->end()).size(), 10u);
  EXPECT_FALSE(FindNttPrimes(20, 17, 5).ok());
  EXPECT_FALSE(FindNttPrimes(17, 17, 1).ok());
}

TEST(Parameters, AcceptsASecureSetAndDescribesIt) {
  const auto parameters = Parameters::Create(Small(), Security::k128Bit);
  ASSERT_TRUE(parameters.ok()) << parameters.status().message();
  EXPECT_EQ(parameters->digit_size(), 2);
  EXPECT_EQ(parameters->DigitCount(5), 3);
  EXPECT_EQ(parameters->DigitCount(2), 2);
  EXPECT_EQ(parameters->DigitCount(0), 1);
  EXPECT_LE(parameters->LogQP(5), 218);
}

TEST(Parameters, RefusesWhatCannotWork) {
  const auto refused = [](auto change, const char* why) {
    ParameterLiteral literal = Small();
    change(literal);
    const auto result = Parameters::Create(literal, Security::k128Bit);
    ASSERT_FALSE(result.ok()) << why;
    EXPECT_EQ(result.status().code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(result.status().message().find(why), std::string::npos) << result.status().message();
  };
  refused([](auto& l) { l.log_n = 9; }, "2^10 to 2^17");
  refused([](auto& l) { l.q.clear(); }, "Q has 0 primes");
  refused([](auto& l) { l.p.clear(); }, "P has 0 primes");
  refused([](auto& l) { l.p = {1 << 26}; }, "not a prime");
  refused([](auto& l) { l.q[1] = 33554467; }, "not 1 mod 2N");
  refused([](auto& l) { l.q[2] = l.q[1]; }, "occurs twice");
  refused([](auto& l) { l.q[0] = *&FindNttPrimes(60, 13, 1).value()[0]; }, "drown");
  refused([](auto& l) { l.log_default_scale = 0; }, "logDefaultScale");
  refused([](auto& l) { l.p.push_back(FindNttPrimes(29, 13, 3, l.q)->back()); }, "128-bit secure");
  ParameterLiteral large = Small();
  large.p.push_back(FindNttPrimes(29, 13, 3, large.q)->back());
  const auto insecure = Parameters::Create(large, Security::kInsecure);
  ASSERT_TRUE(insecure.ok());
  EXPECT_FALSE(insecure->Is128BitSecure());
}

TEST(Parameters, TheBoundIsThatOfTheSecret) {
  ParameterLiteral literal;
  literal.log_n = 15;
  literal.log_default_scale = 40;
  literal.q = *FindNttPrimes(50, 15, 14);
  literal.p = *FindNttPrimes(60, 15, 2, literal.q);  // 820 bits: above 768, below 881
  literal.ephemeral_weight = 32;
  const auto uniform = Parameters::Create(literal, Security::k128Bit);
  ASSERT_TRUE(uniform.ok()) << uniform.status().message();
  literal.secret_weight = 192;
  const auto sparse = Parameters::Create(literal, Security::k128Bit);
  ASSERT_FALSE(sparse.ok());
  EXPECT_NE(sparse.status().message().find("exceed 768"), std::string::npos) << sparse.status().message();
  literal.secret_weight = 100;  // nobody has published a bound
  EXPECT_FALSE(Parameters::Create(literal, Security::k128Bit).ok());
  const auto insecure = Parameters::Create(literal, Security::kInsecure);
  ASSERT_TRUE(insecure.ok());
  EXPECT_FALSE(insecure->Is128BitSecure());
  EXPECT_NE(insecure->fingerprint(), uniform->fingerprint());
  literal.secret_weight = -1;
  EXPECT_FALSE(Parameters::Create(literal, Security::kInsecure).ok());
  literal.secret_weight = (1 << 15) + 1;
  EXPECT_FALSE(Parameters::Create(literal, Security::kInsecure).ok());
}

TEST(Parameters, TheKeyOfALowerLevelIsAPrefix) {
  const auto parameters = *Parameters::Create(Small(), Security::k128Bit);
  const int digits = parameters.DigitCount(parameters.max_level());
  std::set<int> all;
  for (int level = 0; level <= parameters.max_level(); ++level) {
    for (int digit = 0; digit < digits; ++digit) {
      for (int limb = 0; limb < parameters.limb_count(); ++limb) {
        const bool needed = digit < parameters.DigitCount(level) && (limb <= level || limb >= parameters.q_count());
        EXPECT_EQ(parameters.ChunkIndex(digit, limb) < parameters.ChunkCount(level), needed);
        all.insert(parameters.ChunkIndex(digit, limb));
      }
    }
  }
  EXPECT_EQ(static_cast<int>(all.size()), parameters.ChunkCount(parameters.max_level()));
}

TEST(Parameters, GaloisElementsComposeLikeRotations) {
  const auto parameters = *Parameters::Create(Small(), Security::k128Bit);
  const uint64_t two_n = 2 * parameters.n();
  EXPECT_EQ(parameters.GaloisElement(0), 1u);
  EXPECT_EQ(parameters.GaloisElement(1), 5u);
  EXPECT_EQ(parameters.GaloisElement(-3) * parameters.GaloisElement(3) % two_n, 1u);
  EXPECT_EQ(parameters.GaloisElement(4096 + 7), parameters.GaloisElement(7));
  EXPECT_EQ(parameters.GaloisElement(100) * parameters.GaloisElement(23) % two_n, parameters.GaloisElement(123));
}

TEST(Parameters, FingerprintSeesEveryField) {
  const auto print = [](auto change) {
    ParameterLiteral literal = Small();
    change(literal);
    return Parameters::Create(literal, Security::kInsecure)->fingerprint();
  };
  std::set<uint64_t> prints = {
      print([](auto&) {}),
      print([](auto& l) { l.log_default_scale = 25; }),
      print([](auto& l) { l.q.pop_back(); }),
      print([](auto& l) { std::swap(l.q[1], l.q[2]); }),
      print([](auto& l) { l.p.push_back(l.q.back()), l.q.pop_back(); }),
  };
  EXPECT_EQ(prints.size(), 5u);
  EXPECT_EQ(print([](auto&) {}), print([](auto&) {}));
}

}  // namespace
}  // namespace keymemrt::scheme
