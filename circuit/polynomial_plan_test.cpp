// SPDX-License-Identifier: Apache-2.0
#include "circuit/polynomial_plan.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace keymemrt::circuit {
namespace {

using Op = PolynomialStep::Op;

scheme::Parameters SomeParameters(int levels, int bits = 40) {
  scheme::ParameterLiteral literal{.log_n = 10, .log_default_scale = bits};
  literal.p = *scheme::FindNttPrimes(60, 10, 1);
  literal.q = *scheme::FindNttPrimes(bits, 10, static_cast<size_t>(levels + 1));
  return *scheme::Parameters::Create(literal, scheme::Security::kInsecure);
}

// Every step obeys the rules of the evaluator, and needs nothing that is not there.
void CheckSteps(const PolynomialPlan& plan, const scheme::Parameters& parameters) {
  std::vector<PolynomialStep> values = {{.op = Op::kAdd, .level = plan.input_level, .scale = plan.input_scale}};
  for (const PolynomialStep& step : plan.steps) {
    ASSERT_LT(step.a, static_cast<int>(values.size()));
    ASSERT_LT(step.b, static_cast<int>(values.size()));
    const PolynomialStep& a = values[static_cast<size_t>(step.a)];
    const PolynomialStep b = step.b < 0 ? PolynomialStep{} : values[static_cast<size_t>(step.b)];
    const bool binary = step.op == Op::kMul || step.op == Op::kAdd || step.op == Op::kSub;
    EXPECT_EQ(step.b >= 0, binary);
    if (binary) {
      EXPECT_EQ(a.level, b.level);
    }
    double scale = a.scale;
    int level = a.level, parts = a.parts;
    switch (step.op) {
      case Op::kMul:
        EXPECT_EQ(a.parts, 2);
        EXPECT_EQ(b.parts, 2);
        parts = 3;
        scale *= b.scale;
        break;
      case Op::kRelinearize:
        EXPECT_EQ(a.parts, 3);
        parts = 2;
        break;
      case Op::kRescale:
        EXPECT_GT(a.level, 0);
        scale /= static_cast<double>(parameters.modulus(a.level));
        --level;
        break;
      case Op::kLevelReduce:
        EXPECT_LT(step.level, a.level);
        EXPECT_GE(step.level, 0);
        level = step.level;
        break;
      case Op::kAdd:
      case Op::kSub:
        EXPECT_LE(std::abs(a.scale - b.scale), std::ldexp(a.scale, -45));
        parts = std::max(a.parts, b.parts);
        break;
      case Op::kMulScalar:
        EXPECT_GE(step.scale / a.scale, 0x1p30) << "a factor that is rounded too coarsely";
        scale = step.scale;
        break;
      case Op::kAddScalar:
        break;
    }
    EXPECT_EQ(step.level, level);
    EXPECT_EQ(step.parts, parts);
    EXPECT_LE(std::abs(step.scale - scale), std::ldexp(scale, -45));
    values.push_back(step);
  }
}

TEST(ChebyshevTest, InterpolationReproducesPolynomials) {
  const auto f = [](long double x) { return 3 * x * x * x - x + 0.25L; };
  const ChebyshevSeries series = Interpolate(f, -2, 5, 3);
  EXPECT_LT(LargestError(series, f), 1e-12);
  EXPECT_EQ(series.degree(), 3);
}

TEST(ChebyshevTest, EvenFunctionsHaveEvenSeries) {
  const ChebyshevSeries series = Interpolate([](long double x) { return std::cos(x); }, -20, 20, 54);
  for (size_t k = 1; k < series.coefficients.size(); k += 2) EXPECT_EQ(series.coefficients[k], 0);
  EXPECT_LT(LargestError(series, [](long double x) { return std::cos(x); }), 0x1p-40);
}

TEST(ChebyshevTest, MonomialsAreConverted) {
  const ChebyshevSeries series = FromMonomials({1, -2, 0, 0.5, 3});
  for (const double x : {-1.0, -0.3, 0.0, 0.8}) {
    EXPECT_NEAR(static_cast<double>(series(x)), 1 - 2 * x + 0.5 * x * x * x + 3 * x * x * x * x, 1e-14);
  }
}

TEST(PolynomialPlanTest, EveryDegreeIsExactAtTheLeastDepth) {
  const scheme::Parameters parameters = SomeParameters(9);
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> distribution(-1, 1);
  for (int degree = 1; degree <= 130; ++degree) {
    for (const int stride : {1, 2}) {  // all coefficients; every second one
      std::vector<double> coefficients(static_cast<size_t>(degree + 1));
      for (int k = degree; k >= 0; k -= stride) coefficients[static_cast<size_t>(k)] = distribution(random);
      const double scale = 0x1.23p39;
      PolynomialPlanner planner(parameters, 9, 0x1.8p39);
      const auto output = planner.Series(0, coefficients, scale);
      ASSERT_TRUE(output.ok()) << output.status().message();
      const PolynomialPlan plan = planner.Finish(*output);
      CheckSteps(plan, parameters);
      EXPECT_EQ(plan.output_level(), 9 - PolynomialDepth(degree));
      EXPECT_LE(std::abs(plan.output_scale() - scale), std::ldexp(scale, -45));
      const ChebyshevSeries series{-1, 1, coefficients};
      for (const double x : {-1.0, -0.61, 0.0, 0.3, 0.99}) {
        EXPECT_NEAR(static_cast<double>(plan.Evaluate(x)), static_cast<double>(series(x)), 1e-12 * (degree + 1));
      }
    }
  }
}

TEST(PolynomialPlanTest, FewKeySwitches) {
  // About 2 sqrt(degree) + log2(degree), half as many babies for even series.
  const scheme::Parameters parameters = SomeParameters(9);
  const auto switches = [&](int degree, int stride) {
    std::vector<double> coefficients(static_cast<size_t>(degree + 1));
    for (int k = degree; k >= 0; k -= stride) coefficients[static_cast<size_t>(k)] = 1.0 / (k + 1);
    PolynomialPlanner planner(parameters, 9, 0x1p40);
    return planner.Finish(*planner.Series(0, coefficients, 0x1p40)).Count(Op::kRelinearize);
  };
  EXPECT_EQ(switches(1, 1), 0);
  EXPECT_EQ(switches(3, 1), 2);
  EXPECT_LE(switches(31, 1), 11);
  EXPECT_LE(switches(62, 2), 12);
  EXPECT_LE(switches(127, 1), 22);
}

TEST(PolynomialPlanTest, DoubleAngle) {
  const scheme::Parameters parameters = SomeParameters(3);
  PolynomialPlanner planner(parameters, 3, 0x1p40);
  const PolynomialPlan plan = planner.Finish(planner.DoubleAngle(planner.DoubleAngle(0)));
  CheckSteps(plan, parameters);
  EXPECT_EQ(plan.output_level(), 1);
  EXPECT_NEAR(static_cast<double>(plan.Evaluate(std::cos(0.3))), std::cos(1.2), 1e-14);
}

TEST(PolynomialPlanTest, RefusesWhatHasNoPlan) {
  const scheme::Parameters parameters = SomeParameters(3);
  PolynomialPlanner planner(parameters, 3, 0x1p40);
  EXPECT_TRUE(planner.Series(0, std::vector<double>(8, 1.0), 0x1p40).ok());
  const auto deep = planner.Series(0, std::vector<double>(9, 1.0), 0x1p40);
  EXPECT_NE(deep.status().message().find("takes 4 levels, the operand is at level 3"), std::string::npos);
  EXPECT_FALSE(planner.Series(0, std::vector<double>{1, 0, 0}, 0x1p40).ok());
}

}  // namespace
}  // namespace keymemrt::circuit
