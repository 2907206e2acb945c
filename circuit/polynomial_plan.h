// SPDX-License-Identifier: Apache-2.0
//
// How polynomials are evaluated on a ciphertext, as a list of steps with the level and the exact scale of every
// intermediate value: carried out by lattice/, emitted as operations by the compiler. Paterson, Stockmeyer, "On the
// number of nonscalar multiplications necessary to evaluate polynomials", 1973, in the Chebyshev basis.
//
// Scales. No step approximates: where an addition needs two equal scales, the multiplication by a constant that comes
// before it, or a multiplication by 1 as an integer, makes them equal. A series comes out at exactly the scale asked
// for.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "base/status.h"
#include "circuit/chebyshev.h"
#include "scheme/parameters.h"

namespace keymemrt::circuit {

struct PolynomialStep {
  enum class Op : uint8_t {
    kMul,          // a * b: three parts, at the product of the scales
    kRelinearize,  // a, in two parts
    kRescale,      // a divided by the prime of its level
    kLevelReduce,  // a at a lower level
    kAdd,          // a + b
    kSub,          // a - b
    kMulScalar,    // a * constant; the factor is the integer nearest to constant * scale / (a's scale)
    kAddScalar,    // a + constant
  };
  Op op;
  int a = 0, b = -1;    // values: 0 is the input, i + 1 the result of step i
  double constant = 0;  // of the scalar operations
  int level = 0;        // of the result
  double scale = 1;     // of the result
  int parts = 2;        // of the result
};

struct PolynomialPlan {
  int input_level = 0;
  double input_scale = 1;
  std::vector<PolynomialStep> steps;
  int output = 0;  // value

  int output_level() const { return output == 0 ? input_level : steps[static_cast<size_t>(output - 1)].level; }
  double output_scale() const { return output == 0 ? input_scale : steps[static_cast<size_t>(output - 1)].scale; }
  int Count(PolynomialStep::Op op) const;
  // The steps on a number, scales aside.
  long double Evaluate(long double x) const;
};

// Levels that a polynomial of this degree takes: ceil(log2(degree + 1)).
int PolynomialDepth(int degree);

// Puts plans together. A value is named by its number; operations that do not fit together are a programming error
// (asserted), what a caller may get wrong is an error.
class PolynomialPlanner {
 public:
  // The input is value 0. REQUIRES: 0 <= level <= parameters.max_level(), scale > 0.
  PolynomialPlanner(const scheme::Parameters& parameters, int level, double scale);

  int level(int value) const { return At(value).level; }
  double scale(int value) const { return At(value).scale; }
  double prime(int level) const { return static_cast<double>(parameters_.modulus(level)); }

  int Mul(int a, int b);   // levels are made equal; three parts
  int Relinearize(int a);  // two parts stay as they are
  int Rescale(int a);
  int LevelReduce(int a, int level);
  int Add(int a, int b);
  int Sub(int a, int b);
  int MulScalar(int a, double constant, double scale);
  int AddScalar(int a, double constant);

  // a * b, relinearized and rescaled.
  int Product(int a, int b) { return Rescale(Relinearize(Mul(a, b))); }
  // 2 x^2 - 1, the cosine of twice the angle.
  int DoubleAngle(int x);

  // The series at value x, which is the variable in [-1, 1], at `scale`, PolynomialDepth(degree) levels below x: the
  // least possible. Products that are added are relinearized once. kInvalidArgument: not enough levels, a series
  // without a term beyond the constant.
  Result<int> Series(int x, std::span<const double> coefficients, double scale);

  PolynomialPlan Finish(int output) const;

 private:
  // x and its Chebyshev polynomials so far.
  struct Basis {
    int x;
    int leaf;                   // series of a lower degree are sums of scalar products
    std::map<int, int> values;  // k -> T_k(x)
  };
  PolynomialStep At(int value) const;
  int Push(PolynomialStep step);
  int Polynomial(Basis& basis, int k);
  // sum + series, not relinearized, not rescaled, at this level and scale; sum = -1: nothing yet.
  int Sum(Basis& basis, std::span<const double> coefficients, int level, double scale, int sum);
  int SeriesWithLeaf(int x, std::span<const double> coefficients, double scale, int leaf);

  const scheme::Parameters& parameters_;
  PolynomialStep input_;
  std::vector<PolynomialStep> steps_;
  std::map<std::pair<int, int>, int> reduced_;  // (value, level) -> value
};

// A series on its own interval [low, high], c_0 not halved, of a ciphertext at `level` and `scale`, at exactly
// `output_scale`, SeriesDepth levels below. Coefficients below 2^-55 of the largest are rounding and count as 0.
// kInvalidArgument: those of PolynomialPlanner::Series, an empty interval.
Result<PolynomialPlan> PlanSeries(const scheme::Parameters& parameters, int level, double scale,
                                  const ChebyshevSeries& series, double output_scale);

// Levels that PlanSeries takes: PolynomialDepth, and one more where a multiplication by a constant has to come first:
// on another interval than [-1, 1], or where the scale is so far from `prime`, that of the operand's level, that those
// of high Chebyshev polynomials would run away from it.
int SeriesDepth(const ChebyshevSeries& series, double scale, double prime);

}  // namespace keymemrt::circuit
