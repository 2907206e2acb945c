// SPDX-License-Identifier: Apache-2.0
#include "lattice/encoding/coefficient_encoding.h"

#include <gmpxx.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "lattice/encoding/plaintext_test.h"

namespace keymemrt::lattice {
namespace {

class CoefficientEncodingTest : public PlaintextTest {
 protected:
  CoefficientEncoding Make(int level, double scale) {
    return *CoefficientEncoding::Create(context_, pool_, level, scale);
  }
};

TEST_F(CoefficientEncodingTest, CoefficientsAreTheRoundedMultiples) {
  const std::vector<double> values = {0, 1, -1, 0.5, -0.3, 1e-9, 12345.678, -3.25e4};
  for (const double scale : {1.0, 1000.0, 0x1p40, 0x1p100, 0x1p150}) {
    const auto plaintext = Make(3, scale).Encode(values);
    ASSERT_TRUE(plaintext.ok()) << plaintext.status().message();
    EXPECT_EQ(plaintext->scale, scale);
    EXPECT_EQ(plaintext->level, 3);
    const std::vector<mpz_class> x = Coefficients(*plaintext);
    for (size_t i = 0; i < x.size(); ++i) {
      EXPECT_EQ(x[i], i < values.size() ? mpz_class(std::nearbyint(values[i] * scale)) : mpz_class(0)) << i;
    }
  }
}

TEST_F(CoefficientEncodingTest, DecodesTheSymmetricRepresentative) {
  gmp_randclass random(gmp_randinit_default);
  random.seed(2);
  for (int level = 0; level <= 3; ++level) {
    const mpz_class q = Q(level), half = q / 2;
    std::vector<mpz_class> x = {half, -half, half - 1, 1 - half, 0, 1, -1};
    while (x.size() < context_.n()) x.push_back((random.get_z_range(q) - half) >> (x.size() % 64));
    const double scale = 0x1p30;
    const auto values = Make(level, scale).Decode(FromCoefficients(x, level, scale));
    ASSERT_TRUE(values.ok());
    for (size_t i = 0; i < x.size(); ++i) {
      // mpz_class::get_d truncates: one unit in the last place.
      EXPECT_NEAR((*values)[i] * scale, x[i].get_d(), std::abs(x[i].get_d()) * 0x1p-52) << i;
    }
  }
}

// The bound is reached: a rounding of just under 1/2, and it shrinks with the scale.
TEST_F(CoefficientEncodingTest, RoundingErrorIsHalfAUnitAtMost) {
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> distribution(-100, 100);
  for (const double scale : {0x1p10, 1e6, 0x1p45}) {
    std::vector<double> values(context_.n());
    for (double& x : values) x = distribution(random);
    const CoefficientEncoding encoding = Make(1, scale);
    const auto back = encoding.Decode(*encoding.Encode(values));
    double worst = 0;
    for (size_t i = 0; i < values.size(); ++i) worst = std::max(worst, std::abs((*back)[i] - values[i]));
    EXPECT_LE(worst, encoding.ErrorBound(values));
    EXPECT_GE(worst, 0.45 / scale);
  }
}

TEST_F(CoefficientEncodingTest, SumsAddAndProductsConvolve) {
  std::mt19937_64 random(4);
  std::vector<double> a(context_.n()), b(context_.n());
  for (double& x : a) x = static_cast<double>(random() % 2001) - 1000;  // whole: results are exact
  for (double& x : b) x = static_cast<double>(random() % 2001) - 1000;
  const CoefficientEncoding encoding = Make(2, 0x1p40);
  const Plaintext x = *encoding.Encode(a), y = *encoding.Encode(b);
  const auto sum = encoding.Decode(Add(x, y)), product = encoding.Decode(Mul(x, y));
  std::vector<double> expected(a.size());
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ((*sum)[i], a[i] + b[i]);
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t k = i + j;
      if (k < a.size()) {
        expected[k] += a[i] * b[j];
      } else {
        expected[k - a.size()] -= a[i] * b[j];
      }
    }
  }
  EXPECT_EQ(*product, expected);
}

TEST_F(CoefficientEncodingTest, RefusesWhatDoesNotFit) {
  const auto refused = [&](const std::vector<double>& values, double scale, const char* why) {
    const auto result = Make(0, scale).Encode(values);
    ASSERT_FALSE(result.ok()) << why;
    EXPECT_EQ(result.status().code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(result.status().message().find(why), std::string::npos) << result.status().message();
  };
  refused(std::vector<double>(context_.n() + 1), 1, "coefficients");
  refused({1, 0x1p30}, 0x1p30, "number 1");  // q_0 has 60 bits
  refused({std::nan("")}, 1, "number 0 is nan");
  refused({-HUGE_VAL}, 1, "-inf");
  refused({1e300}, 1e300, "number 0");
  EXPECT_TRUE(Make(0, 0x1p30).Encode({0x1p28}).ok());
  for (const double scale : {0.0, -1.0, HUGE_VAL, std::nan("")}) {
    EXPECT_FALSE(CoefficientEncoding::Create(context_, pool_, 0, scale).ok()) << scale;
  }
  EXPECT_FALSE(CoefficientEncoding::Create(context_, pool_, -1, 1).ok());
  EXPECT_FALSE(CoefficientEncoding::Create(context_, pool_, 4, 1).ok());
  Plaintext wrong = *Make(1, 1).Encode({1});
  wrong.level = 2;
  EXPECT_FALSE(Make(1, 1).Decode(wrong).ok());
  wrong.level = 4;
  EXPECT_FALSE(Make(1, 1).Decode(wrong).ok());
  wrong.level = 1;
  wrong.scale = 0;
  EXPECT_FALSE(Make(1, 1).Decode(wrong).ok());
}

}  // namespace
}  // namespace keymemrt::lattice
