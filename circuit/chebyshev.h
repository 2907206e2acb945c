// SPDX-License-Identifier: Apache-2.0
//
// Polynomials in the Chebyshev basis: all that is evaluated on ciphertexts is in it, as its coefficients stay as small
// as the function, where those of powers grow exponentially and lose precision.
#pragma once

#include <functional>
#include <vector>

namespace keymemrt::circuit {

// sum_k coefficients[k] * T_k(x) on [-1, 1], for a function on [low, high] with x = (2t - low - high) / (high - low).
struct ChebyshevSeries {
  double low = -1, high = 1;
  std::vector<double> coefficients;

  int degree() const { return static_cast<int>(coefficients.size()) - 1; }
  // At t in [low, high] (Clenshaw's recurrence).
  long double operator()(long double t) const;
};

// The polynomial of at most this degree that equals f at the Chebyshev nodes of [low, high]: near-best for smooth f.
// Coefficients below 2^-55 of the largest are rounding and become 0, so even and odd functions on an interval around 0
// have even and odd series, which are cheaper to evaluate. REQUIRES: low < high, degree >= 0.
ChebyshevSeries Interpolate(const std::function<long double(long double)>& f, double low, double high, int degree);

// From coefficients of 1, x, x^2, ... on [-1, 1].
ChebyshevSeries FromMonomials(const std::vector<double>& coefficients);

// The largest |series - f| on a grid of `points` per degree.
double LargestError(const ChebyshevSeries& series, const std::function<long double(long double)>& f, int points = 16);

}  // namespace keymemrt::circuit
