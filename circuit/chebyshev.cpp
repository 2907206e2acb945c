// SPDX-License-Identifier: Apache-2.0
#include "circuit/chebyshev.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace keymemrt::circuit {

long double ChebyshevSeries::operator()(long double t) const {
  const long double x = (2 * t - low - high) / (static_cast<long double>(high) - low);
  long double b1 = 0, b2 = 0;
  for (size_t k = coefficients.size(); k-- > 1;) {
    const long double b = coefficients[k] + 2 * x * b1 - b2;
    b2 = b1;
    b1 = b;
  }
  return (coefficients.empty() ? 0 : coefficients[0]) + x * b1 - b2;
}

ChebyshevSeries Interpolate(const std::function<long double(long double)>& f, double low, double high, int degree) {
  const int nodes = degree + 1;
  const auto angle = [&](int j) {
    return std::numbers::pi_v<long double> * (static_cast<long double>(j) + 0.5L) / static_cast<long double>(nodes);
  };
  std::vector<long double> values(static_cast<size_t>(nodes));
  for (int j = 0; j < nodes; ++j) {
    const long double middle = (static_cast<long double>(low) + high) / 2,
                      half = (static_cast<long double>(high) - low) / 2;
    values[static_cast<size_t>(j)] = f(middle + half * std::cos(angle(j)));
  }
  std::vector<long double> coefficients(static_cast<size_t>(nodes));
  long double largest = 0;
  for (int k = 0; k < nodes; ++k) {
    long double sum = 0;
    for (int j = 0; j < nodes; ++j)
      sum += values[static_cast<size_t>(j)] * std::cos(static_cast<long double>(k) * angle(j));
    coefficients[static_cast<size_t>(k)] = sum * (k == 0 ? 1 : 2) / static_cast<long double>(nodes);
    largest = std::max(largest, std::abs(coefficients[static_cast<size_t>(k)]));
  }
  ChebyshevSeries series{low, high, {}};
  for (const long double c : coefficients) {
    series.coefficients.push_back(std::abs(c) < std::ldexp(largest, -55) ? 0 : static_cast<double>(c));
  }
  return series;
}

ChebyshevSeries FromMonomials(const std::vector<double>& coefficients) {
  // Horner: x * T_k = (T_(k+1) + T_|k-1|) / 2.
  std::vector<long double> sum(coefficients.size() + 1);
  for (size_t i = coefficients.size(); i-- > 0;) {
    std::vector<long double> next(sum.size());
    for (size_t k = 0; k + 1 < sum.size(); ++k) {
      next[k + 1] += sum[k] / 2;
      next[k == 0 ? 1 : k - 1] += sum[k] / 2;
    }
    sum = std::move(next);
    sum[0] += coefficients[i];
  }
  ChebyshevSeries series;
  series.coefficients.assign(sum.begin(), sum.begin() + static_cast<std::ptrdiff_t>(coefficients.size()));
  return series;
}

double LargestError(const ChebyshevSeries& series, const std::function<long double(long double)>& f, int points) {
  const int count = points * (series.degree() + 1);
  long double largest = 0;
  for (int i = 0; i <= count; ++i) {
    const long double t =
        series.low + (static_cast<long double>(series.high) - series.low) * static_cast<long double>(i) / count;
    largest = std::max(largest, std::abs(series(t) - f(t)));
  }
  return static_cast<double>(largest);
}

}  // namespace keymemrt::circuit
