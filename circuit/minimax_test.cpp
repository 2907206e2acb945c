// SPDX-License-Identifier: Apache-2.0
#include "circuit/minimax.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "circuit/activation.h"

namespace keymemrt::circuit {
namespace {

// The error of `f` against `target` on a grid that is finer towards both ends: its largest size, and how often it
// reaches that with alternating signs.
struct Alternation {
  double largest = 0;
  int points = 0;
};
template <typename F, typename Target>
Alternation Measure(const F& f, const Target& target, double low, double high) {
  constexpr int kPoints = 30000;
  std::vector<double> errors;
  Alternation found;
  for (int i = 0; i <= kPoints; ++i) {
    const long double angle = std::numbers::pi_v<long double> * static_cast<long double>(i) / kPoints;
    const long double x = low + (high - low) * (1 - std::cos(angle)) / 2;
    errors.push_back(static_cast<double>(f(x) - target(x)));
    found.largest = std::max(found.largest, std::abs(errors.back()));
  }
  int sign = 0;
  for (const double error : errors) {
    if (std::abs(error) < 0.995 * found.largest || (error > 0 ? 1 : -1) == sign) continue;
    sign = error > 0 ? 1 : -1;
    ++found.points;
  }
  return found;
}

const auto kOne = [](long double) { return 1.0L; };

TEST(MinimaxTest, TheErrorOfTheSignAlternates) {
  // Odd polynomials of degree 2k - 1 have k coefficients: k + 1 alternations prove that none is better (Chebyshev).
  for (const double low : {0x1p-13, 0x1p-7, 0.02, 0.3, 0.5}) {
    for (const int degree : {1, 3, 7, 13, 15, 27}) {
      if (low > HighestLow(degree)) continue;
      SCOPED_TRACE(std::to_string(low) + " " + std::to_string(degree));
      const Minimax best = MinimaxSign(low, 1, degree);
      const Alternation found = Measure(best.series, kOne, low, 1);
      EXPECT_NEAR(found.largest / best.error, 1, 1e-4);
      EXPECT_EQ(found.points, (degree + 1) / 2 + 1);
      for (size_t k = 0; k < best.series.coefficients.size(); k += 2) EXPECT_EQ(best.series.coefficients[k], 0);
    }
  }
  // The best line through 0 on [a, b] is 2x / (a + b).
  const Minimax line = MinimaxSign(0.25, 2, 1);
  EXPECT_NEAR(line.error, 1.75 / 2.25, 1e-15);
  EXPECT_NEAR(static_cast<double>(line.series(2)), 4 / 2.25, 1e-15);
}

TEST(MinimaxTest, CompositesStayInTheirIntervals) {
  const std::vector<std::vector<int>> compositions = {{7, 7}, {15, 15, 27}, {7, 15, 15, 15}, {3, 5, 7, 9, 11}};
  for (const std::vector<int>& degrees : compositions) {
    const CompositeSign sign = ComposeSign(0x1p-9, degrees);
    EXPECT_NEAR(Measure(sign, kOne, sign.low, 1).largest / sign.error, 1, 1e-3);
    ASSERT_EQ(sign.polynomials.size(), degrees.size());
    for (int i = 0; i <= 4000; ++i) {
      long double x = static_cast<long double>(i) / 4000;
      for (size_t p = 0; p + 1 < degrees.size(); ++p) {
        x = sign.polynomials[p](x);
        EXPECT_LE(std::abs(x), 1 + 1e-9L);
      }
    }
  }
  for (const int degree : {3, 7, 15, 31, 63}) EXPECT_LT(MinimaxSign(HighestLow(degree), 1, degree).error, 0x1p-30);
  // A low that is too close to 1 for the numbers that we have is not asked for.
  const CompositeSign precise = ComposeSign(0.25, std::vector<int>{15, 15, 31});
  EXPECT_LT(precise.error, 1e-6);
  EXPECT_NEAR(static_cast<double>(precise(0.25)), 1, 1e-6);
}

double WorstRelu(const ActivationPolynomials& relu) {
  const auto target = [](long double x) { return std::max(x, 0.0L); };
  return std::max(Measure(relu, target, 0, 1).largest, Measure(relu, target, 0, -1).largest);
}

TEST(ActivationTest, ReluHasTheErrorThatWasAskedFor) {
  int levels = 0;
  for (const int bits : {3, 5, 7, 9, 11, 13, 15}) {
    const Result<ActivationPolynomials> relu = ApproximateRelu(std::exp2(-bits));
    ASSERT_TRUE(relu.ok()) << bits;
    EXPECT_LE(relu->error, std::exp2(-bits));
    EXPECT_NEAR(WorstRelu(*relu) / relu->error, 1, 1e-3) << bits;
    EXPECT_GE(relu->levels(), levels);
    levels = relu->levels();
  }
  // The composition that ResNets are evaluated with elsewhere.
  const Result<ActivationPolynomials> thirteen = ApproximateRelu(0x1p-13);
  EXPECT_EQ(thirteen->levels(), 4 + 4 + 5 + 1);
  EXPECT_EQ(ApproximateRelu(0x1p-9)->levels(), 8);
  EXPECT_NEAR(ApproximateRelu(0x1p-9)->error, 1 / (std::numbers::pi * 255), 1e-15);
  EXPECT_EQ(ApproximateRelu(0x1p-10)->levels(), 9);
  EXPECT_FALSE(ApproximateRelu(0x1p-16).ok());
  EXPECT_FALSE(ApproximateRelu(0).ok());
  EXPECT_FALSE(ApproximateRelu(std::numeric_limits<double>::quiet_NaN()).ok());
}

TEST(ActivationTest, SmoothFunctions) {
  for (const double range : {1.0, 8.0, 20.0}) {
    const auto silu = [&](long double x) { return range * x / (1 + std::exp(-range * x)); };
    const Result<ActivationPolynomials> found = ApproximateSmooth(silu, 1e-3 * range);
    ASSERT_TRUE(found.ok());
    EXPECT_LE(Measure(*found, silu, -1, 1).largest, 1e-3 * range);
    EXPECT_LE(found->levels(), 6);
  }
  EXPECT_FALSE(ApproximateSmooth([](long double x) { return std::abs(x); }, 1e-6).ok());
}

TEST(ActivationTest, FactorsGoIntoTheLastPolynomial) {
  for (const double error : {0x1p-6, 0x1p-11}) {
    const ActivationPolynomials relu = *ApproximateRelu(error);
    ActivationPolynomials twice = relu;
    twice.Multiply(2);
    for (const double x : {-1.0, -0.2, 0.4, 1.0}) {
      EXPECT_NEAR(static_cast<double>(twice(x)), static_cast<double>(2 * relu(x)), 1e-12);
    }
    EXPECT_EQ(twice.error, 2 * relu.error);
  }
}

}  // namespace
}  // namespace keymemrt::circuit
