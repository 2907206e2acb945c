// SPDX-License-Identifier: Apache-2.0
#include "circuit/activation.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>

#include "circuit/minimax.h"
#include "circuit/polynomial_plan.h"

namespace keymemrt::circuit {

namespace {

constexpr int kMostSeriesLevels = 9;
// By levels.
const std::vector<std::vector<int>>& Composites() {
  static const std::vector<std::vector<int>> degrees = {
      {7, 15, 15}, {15, 15, 15}, {15, 15, 27}, {15, 31, 31}, {15, 15, 15, 15}};
  return degrees;
}

ActivationPolynomials TruncatedRelu(int degree) {
  ChebyshevSeries series;
  series.coefficients.assign(static_cast<size_t>(degree) + 1, 0);
  series.coefficients[0] = std::numbers::inv_pi;
  series.coefficients[1] = 0.5;
  for (int k = 1; 2 * k <= degree; ++k) {
    const double c = 2 * std::numbers::inv_pi / (4.0 * k * k - 1);
    series.coefficients[static_cast<size_t>(2 * k)] = k % 2 == 1 ? c : -c;
  }
  return {{std::move(series)}, false, std::numbers::inv_pi / (degree + 1)};
}

// Largest x (1 - sign(x)) / 2 where the sign is not one yet.
double ErrorNearZero(const CompositeSign& sign) {
  constexpr int kPoints = 400;
  long double largest = 0;
  for (int i = 1; i <= kPoints; ++i) {
    const long double x = sign.low * static_cast<long double>(i) / kPoints;
    largest = std::max(largest, x * std::abs(1 - sign(x)) / 2);
  }
  return static_cast<double>(largest);
}

ActivationPolynomials CompositeRelu(std::span<const int> degrees) {
  // The lower the sign begins, the less is lost below and the more above.
  CompositeSign sign;
  double least = -20, most = -1;
  for (int step = 0; step < 16; ++step) {
    const double middle = (least + most) / 2;
    sign = ComposeSign(std::exp2(middle), degrees);
    (ErrorNearZero(sign) < sign.error / 2 ? least : most) = middle;
  }
  const double error = std::max(ErrorNearZero(sign), sign.error / 2);
  ActivationPolynomials relu{std::move(sign.polynomials), true, error};
  for (double& c : relu.polynomials.back().coefficients) c /= 2;
  relu.polynomials.back().coefficients[0] += 0.5;
  return relu;
}

}  // namespace

long double ActivationPolynomials::operator()(long double x) const {
  long double y = x;
  for (const ChebyshevSeries& polynomial : polynomials) y = polynomial(y);
  return times_input ? x * y : y;
}

void ActivationPolynomials::Multiply(double factor) {
  for (double& c : polynomials.back().coefficients) c *= factor;
  error *= std::abs(factor);
}

int ActivationPolynomials::levels() const {
  int levels = times_input ? 1 : 0;
  for (const ChebyshevSeries& polynomial : polynomials) levels += PolynomialDepth(polynomial.degree());
  return levels;
}

Result<ActivationPolynomials> ApproximateRelu(double error) {
  if (!(error > 0)) return InvalidArgument("relu: a positive error expected, found {}", error);
  for (int levels = 2; levels <= kMostSeriesLevels; ++levels) {
    const int degree = (1 << levels) - 2;
    if (ActivationPolynomials relu = TruncatedRelu(degree); relu.error <= error) return relu;
  }
  for (const std::vector<int>& degrees : Composites()) {
    ActivationPolynomials relu = CompositeRelu(degrees);
    if (relu.error <= error) return relu;
  }
  return InvalidArgument("relu: no polynomial here has an error of {:.2g} of the range; the least is 2^-15", error);
}

Result<ActivationPolynomials> ApproximateSmooth(const std::function<long double(long double)>& f, double error) {
  for (int degree = 3; degree <= 255; degree += 4) {
    ChebyshevSeries series = Interpolate(f, -1, 1, degree);
    const double found = LargestError(series, f);
    if (found <= error) return ActivationPolynomials{{std::move(series)}, false, found};
  }
  return InvalidArgument("activation: no polynomial of degree up to 255 has an error of {:.2g}", error);
}

}  // namespace keymemrt::circuit
