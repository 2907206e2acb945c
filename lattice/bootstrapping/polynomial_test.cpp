// SPDX-License-Identifier: Apache-2.0
//
// Plans on ciphertexts, decrypted and compared with the same plan on numbers.
#include "lattice/bootstrapping/polynomial.h"

#include "circuit/chebyshev.h"
#include "lattice/evaluator/engine_test.h"

namespace keymemrt::lattice {
namespace {

class PolynomialTest : public testing::Test {
 protected:
  PolynomialTest() : engine_(TestParameters(10, {60, 50, 50, 50, 50, 50, 50, 50}, {60, 60}, 50)) {
    engine_.MakeRelinearization();
    x_ = RandomValues(512, 1);
  }
  Engine engine_;
  std::vector<double> x_;
};

TEST_F(PolynomialTest, SeriesOfEveryKindOfDegree) {
  for (const int degree : {1, 2, 3, 7, 8, 15, 20, 31, 54, 63}) {
    SCOPED_TRACE(degree);
    std::vector<double> coefficients = RandomValues(static_cast<size_t>(degree + 1), static_cast<uint64_t>(degree));
    if (degree == 54) {
      for (size_t k = 1; k < coefficients.size(); k += 2) coefficients[k] = 0;
    }
    const double scale = engine_.parameters().default_scale();
    circuit::PolynomialPlanner planner(engine_.parameters(), 7, scale);
    const circuit::PolynomialPlan plan = planner.Finish(*planner.Series(0, coefficients, 0x1.8p48));
    const auto y = EvaluatePolynomial(engine_.evaluator, plan, engine_.Encrypt(x_, 7), engine_.keys);
    ASSERT_TRUE(y.ok()) << y.status().message();
    EXPECT_EQ(y->level, 7 - circuit::PolynomialDepth(degree));
    EXPECT_EQ(y->scale, plan.output_scale());
    EXPECT_NEAR(y->scale, 0x1.8p48, 1e-10 * y->scale);
    std::vector<double> expected;
    for (const double x : x_) expected.push_back(static_cast<double>(plan.Evaluate(x)));
    // A rounding of 8N a slot at scale 2^48, amplified by the derivative of at most degree^2.
    EXPECT_LT(WorstError(engine_.Decrypt(*y), expected), 8 * 1024 * 0x1p-48 * (1 + degree * degree));
  }
}

TEST_F(PolynomialTest, DoubleAnglesAndTheInputAsOutput) {
  const double scale = engine_.parameters().default_scale();
  circuit::PolynomialPlanner planner(engine_.parameters(), 7, scale);
  const int half = planner.DoubleAngle(0), whole = planner.DoubleAngle(half);
  const auto y = EvaluatePolynomial(engine_.evaluator, planner.Finish(whole), engine_.Encrypt(x_, 7), engine_.keys);
  ASSERT_TRUE(y.ok()) << y.status().message();
  std::vector<double> expected;
  for (const double x : x_) expected.push_back(std::cos(4 * std::acos(x)));
  EXPECT_LT(WorstError(engine_.Decrypt(*y), expected), 100 * 8 * 1024 * 0x1p-50);
  const auto same = EvaluatePolynomial(engine_.evaluator, planner.Finish(0), engine_.Encrypt(x_, 7), engine_.keys);
  EXPECT_LT(WorstError(engine_.Decrypt(*same), x_), 8 * 1024 * 0x1p-50);
}

TEST_F(PolynomialTest, ThreadsGiveTheSameBits) {
  const double scale = engine_.parameters().default_scale();
  circuit::PolynomialPlanner planner(engine_.parameters(), 7, scale);
  const circuit::PolynomialPlan plan = planner.Finish(*planner.Series(0, RandomValues(32, 9), scale));
  const Ciphertext x = engine_.Encrypt(x_, 7);
  ThreadPool three(3);
  const Evaluator other(engine_.context, engine_.pool, &three);
  const Ciphertext a = *EvaluatePolynomial(engine_.evaluator, plan, engine_.evaluator.Copy(x), engine_.keys);
  EXPECT_TRUE(Equal(a, *EvaluatePolynomial(other, plan, engine_.evaluator.Copy(x), engine_.keys), engine_.context.n()));
}

TEST_F(PolynomialTest, RefusesAnotherLevelOrScale) {
  circuit::PolynomialPlanner planner(engine_.parameters(), 7, 0x1p50);
  const circuit::PolynomialPlan plan = planner.Finish(planner.DoubleAngle(0));
  EXPECT_FALSE(EvaluatePolynomial(engine_.evaluator, plan, engine_.Encrypt(x_, 6), engine_.keys).ok());
  EXPECT_FALSE(EvaluatePolynomial(engine_.evaluator, plan, engine_.Encrypt(x_, 7, 0x1p49), engine_.keys).ok());
  MemoryKeys none(engine_.context, engine_.pool, *RandomSeed());
  const auto missing = EvaluatePolynomial(engine_.evaluator, plan, engine_.Encrypt(x_, 7), none);
  EXPECT_NE(missing.status().message().find("relinearization"), std::string::npos) << missing.status().message();
}

}  // namespace
}  // namespace keymemrt::lattice
