// SPDX-License-Identifier: Apache-2.0
#include "circuit/polynomial_plan.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <optional>

namespace keymemrt::circuit {

namespace {

using Op = PolynomialStep::Op;

// floor(log2(k)) and ceil(log2(k)), k >= 1.
int FloorLog2(int k) {
  return std::bit_width(static_cast<unsigned>(k)) - 1;
}
int CeilLog2(int k) {
  return std::bit_width(static_cast<unsigned>(k - 1));
}

// The series without the zeros at its end.
std::span<const double> Trimmed(std::span<const double> coefficients) {
  while (!coefficients.empty() && coefficients.back() == 0) coefficients = coefficients.first(coefficients.size() - 1);
  return coefficients;
}

}  // namespace

int PolynomialPlan::Count(Op op) const {
  return static_cast<int>(std::count_if(steps.begin(), steps.end(), [&](const auto& step) { return step.op == op; }));
}

long double PolynomialPlan::Evaluate(long double x) const {
  std::vector<long double> values = {x};
  for (const PolynomialStep& step : steps) {
    const long double a = values[static_cast<size_t>(step.a)];
    const long double b = step.b < 0 ? 0 : values[static_cast<size_t>(step.b)];
    switch (step.op) {
      case Op::kMul:
        values.push_back(a * b);
        break;
      case Op::kRelinearize:
      case Op::kRescale:
      case Op::kLevelReduce:
        values.push_back(a);
        break;
      case Op::kAdd:
        values.push_back(a + b);
        break;
      case Op::kSub:
        values.push_back(a - b);
        break;
      case Op::kMulScalar:
        values.push_back(a * step.constant);
        break;
      case Op::kAddScalar:
        values.push_back(a + step.constant);
        break;
    }
  }
  return values[static_cast<size_t>(output)];
}

int PolynomialDepth(int degree) {
  return CeilLog2(degree + 1);
}

PolynomialPlanner::PolynomialPlanner(const scheme::Parameters& parameters, int level, double scale)
    : parameters_(parameters), input_{.op = Op::kAdd, .level = level, .scale = scale} {
  assert(level >= 0 && level <= parameters.max_level() && scale > 0);
}

PolynomialStep PolynomialPlanner::At(int value) const {
  return value == 0 ? input_ : steps_[static_cast<size_t>(value - 1)];
}

int PolynomialPlanner::Push(PolynomialStep step) {
  steps_.push_back(step);
  return static_cast<int>(steps_.size());
}

int PolynomialPlanner::LevelReduce(int a, int level) {
  PolynomialStep step = At(a);
  assert(level <= step.level);
  if (level == step.level) return a;
  const auto [entry, added] = reduced_.try_emplace({a, level}, 0);
  if (added)
    entry->second = Push({.op = Op::kLevelReduce, .a = a, .level = level, .scale = step.scale, .parts = step.parts});
  return entry->second;
}

int PolynomialPlanner::Mul(int a, int b) {
  const int to = std::min(level(a), level(b));
  a = LevelReduce(a, to);
  b = LevelReduce(b, to);
  return Push({.op = Op::kMul, .a = a, .b = b, .level = to, .scale = scale(a) * scale(b), .parts = 3});
}

int PolynomialPlanner::Relinearize(int a) {
  const PolynomialStep step = At(a);
  if (step.parts == 2) return a;
  return Push({.op = Op::kRelinearize, .a = a, .level = step.level, .scale = step.scale});
}

int PolynomialPlanner::Rescale(int a) {
  const PolynomialStep step = At(a);
  assert(step.level > 0);
  return Push({.op = Op::kRescale,
               .a = a,
               .level = step.level - 1,
               .scale = step.scale / prime(step.level),
               .parts = step.parts});
}

int PolynomialPlanner::Add(int a, int b) {
  const PolynomialStep x = At(a), y = At(b);
  assert(x.level == y.level && std::abs(x.scale - y.scale) <= std::ldexp(x.scale, -40));
  return Push(
      {.op = Op::kAdd, .a = a, .b = b, .level = x.level, .scale = x.scale, .parts = std::max(x.parts, y.parts)});
}

int PolynomialPlanner::Sub(int a, int b) {
  const PolynomialStep x = At(a), y = At(b);
  assert(x.level == y.level && std::abs(x.scale - y.scale) <= std::ldexp(x.scale, -40));
  return Push(
      {.op = Op::kSub, .a = a, .b = b, .level = x.level, .scale = x.scale, .parts = std::max(x.parts, y.parts)});
}

int PolynomialPlanner::MulScalar(int a, double constant, double scale) {
  const PolynomialStep x = At(a);
  return Push({.op = Op::kMulScalar, .a = a, .constant = constant, .level = x.level, .scale = scale, .parts = x.parts});
}

int PolynomialPlanner::AddScalar(int a, double constant) {
  const PolynomialStep x = At(a);
  return Push(
      {.op = Op::kAddScalar, .a = a, .constant = constant, .level = x.level, .scale = x.scale, .parts = x.parts});
}

int PolynomialPlanner::DoubleAngle(int x) {
  const int square = Relinearize(Mul(x, x));
  return Rescale(AddScalar(Add(square, square), -1));
}

int PolynomialPlanner::Polynomial(Basis& basis, int k) {
  if (const auto known = basis.values.find(k); known != basis.values.end()) return known->second;
  // T_k = 2 T_a T_b - T_(a-b) with a the largest power of two that leaves no more depth than k needs: a power of two is
  // wanted anyway, and even and odd stay among themselves.
  const int a = std::has_single_bit(static_cast<unsigned>(k)) ? k / 2 : 1 << FloorLog2(k), b = k - a;
  const int left = Polynomial(basis, a), right = Polynomial(basis, b);
  const int product = Relinearize(Mul(left, right));
  int value = Add(product, product);
  if (a == b) {
    value = AddScalar(value, -1);
  } else {
    const int difference = LevelReduce(Polynomial(basis, a - b), level(product));
    value = Sub(value, MulScalar(difference, 1, scale(product)));
  }
  return basis.values[k] = Rescale(value);
}

int PolynomialPlanner::Sum(Basis& basis, std::span<const double> coefficients, int level, double scale, int sum) {
  coefficients = Trimmed(coefficients);
  const int degree = static_cast<int>(coefficients.size()) - 1;
  const auto add = [&](int value) { sum = sum < 0 ? value : Add(sum, value); };
  const auto add_term = [&](int k, double c) { add(MulScalar(LevelReduce(Polynomial(basis, k), level), c, scale)); };
  // T_k is there at `level` when it takes no more levels than there are above.
  const int above = this->level(basis.x) - level;
  bool reachable = degree < basis.leaf;
  for (int k = 1; k <= degree; ++k) reachable &= coefficients[static_cast<size_t>(k)] == 0 || CeilLog2(k) <= above;
  if (reachable) {
    for (int k = 1; k <= degree; ++k) {
      if (coefficients[static_cast<size_t>(k)] != 0) add_term(k, coefficients[static_cast<size_t>(k)]);
    }
    if (degree >= 0 && coefficients[0] != 0) sum = AddScalar(sum, coefficients[0]);
    return sum;
  }

  // series = quotient * T_g + remainder, as T_(g+i) = 2 T_g T_i - T_(g-i).
  const int g = 1 << FloorLog2(degree);
  std::vector<double> quotient(static_cast<size_t>(degree - g + 1)), remainder(static_cast<size_t>(g));
  std::copy_n(coefficients.begin(), g, remainder.begin());
  quotient[0] = coefficients[static_cast<size_t>(g)];
  for (int i = 1; g + i <= degree; ++i) {
    const double c = coefficients[static_cast<size_t>(g + i)];
    quotient[static_cast<size_t>(i)] = 2 * c;
    remainder[static_cast<size_t>(g - i)] -= c;
  }
  if (quotient.size() == 1) {
    add_term(g, quotient[0]);
  } else {
    const int giant = LevelReduce(Polynomial(basis, g), level);
    const double wanted = scale / this->scale(giant) * prime(level + 1);
    const int factor = Rescale(Relinearize(Sum(basis, quotient, level + 1, wanted, -1)));
    add(Mul(factor, giant));
  }
  return Sum(basis, remainder, level, scale, sum);
}

int PolynomialPlanner::SeriesWithLeaf(int x, std::span<const double> coefficients, double scale, int leaf) {
  Basis basis{x, leaf, {{1, x}}};
  const int last = level(x) - PolynomialDepth(static_cast<int>(coefficients.size()) - 1) + 1;
  return Rescale(Relinearize(Sum(basis, coefficients, last, scale * prime(last), -1)));
}

Result<int> PolynomialPlanner::Series(int x, std::span<const double> coefficients, double scale) {
  coefficients = Trimmed(coefficients);
  const int degree = static_cast<int>(coefficients.size()) - 1;
  if (degree < 1) return InvalidArgument("polynomial: the series is a constant");
  if (PolynomialDepth(degree) > level(x)) {
    return InvalidArgument("polynomial of degree {}: takes {} levels, the operand is at level {}", degree,
                           PolynomialDepth(degree), level(x));
  }
  // The leaf with the fewest key switches, and of those the fewest steps.
  std::optional<std::pair<int, size_t>> best;
  int best_leaf = 2;
  for (int leaf = 2; leaf < 2 * (degree + 1); leaf *= 2) {
    PolynomialPlanner trial = *this;
    trial.SeriesWithLeaf(x, coefficients, scale, leaf);
    const std::pair<int, size_t> cost = {trial.Finish(0).Count(Op::kRelinearize), trial.steps_.size()};
    if (!best || cost < *best) {
      best = cost;
      best_leaf = leaf;
    }
  }
  return SeriesWithLeaf(x, coefficients, scale, best_leaf);
}

PolynomialPlan PolynomialPlanner::Finish(int output) const {
  return {input_.level, input_.scale, steps_, output};
}

namespace {

// Bits by which the scale of the highest power-of-two Chebyshev polynomial may be away from a prime.
constexpr double kMostDrift = 4;

std::vector<double> WithoutRounding(std::vector<double> coefficients) {
  double largest = 0;
  for (const double c : coefficients) largest = std::max(largest, std::abs(c));
  for (double& c : coefficients) {
    if (std::abs(c) < std::ldexp(largest, -55)) c = 0;
  }
  coefficients.resize(Trimmed(coefficients).size());
  return coefficients;
}

// T_(2^k) has the scale prime * (scale / prime)^(2^k).
bool NeedsFactor(const ChebyshevSeries& series, int degree, double scale, double prime) {
  return series.low != -1 || series.high != 1 || std::abs(std::log2(scale / prime)) * degree > kMostDrift;
}

}  // namespace

int SeriesDepth(const ChebyshevSeries& series, double scale, double prime) {
  const int degree = static_cast<int>(WithoutRounding(series.coefficients).size()) - 1;
  return PolynomialDepth(std::max(degree, 1)) + NeedsFactor(series, degree, scale, prime);
}

Result<PolynomialPlan> PlanSeries(const scheme::Parameters& parameters, int level, double scale,
                                  const ChebyshevSeries& series, double output_scale) {
  const double half = (series.high - series.low) / 2, middle = (series.high + series.low) / 2;
  if (!(half > 0) || !std::isfinite(half)) {
    return InvalidArgument("polynomial: the interval [{}, {}] is empty", series.low, series.high);
  }
  const std::vector<double> coefficients = WithoutRounding(series.coefficients);
  const int degree = static_cast<int>(coefficients.size()) - 1;
  const double prime = static_cast<double>(parameters.modulus(level));
  PolynomialPlanner planner(parameters, level, scale);
  int x = 0;
  if (NeedsFactor(series, degree, scale, prime)) {
    const int depth = SeriesDepth(series, scale, prime);
    if (depth > level) {
      return InvalidArgument("polynomial of degree {} on [{}, {}]: takes {} levels, the operand is at level {}", degree,
                             series.low, series.high, depth, level);
    }
    x = planner.Rescale(planner.MulScalar(x, 1 / half, planner.prime(level - 1) * prime));
    if (middle != 0) x = planner.AddScalar(x, -middle / half);
  }
  KMRT_ASSIGN_OR_RETURN(const int result, planner.Series(x, coefficients, output_scale));
  return planner.Finish(result);
}

}  // namespace keymemrt::circuit
