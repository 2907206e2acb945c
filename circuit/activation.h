// SPDX-License-Identifier: Apache-2.0
//
// Activations of neural networks by polynomials. All take values in [-1, 1]: a network divides by a measured range
// first, which costs nothing where a linear layer is before.
#pragma once

#include <functional>
#include <vector>

#include "base/status.h"
#include "circuit/chebyshev.h"

namespace keymemrt::circuit {

// p_n(... p_1(x)), each on [-1, 1]; that times x where `times_input`.
struct ActivationPolynomials {
  std::vector<ChebyshevSeries> polynomials;
  bool times_input = false;
  double error = 0;  // largest |result - f(x)| on [-1, 1]

  long double operator()(long double x) const;
  // Makes it `factor` times what it is, by other coefficients of p_n alone.
  void Multiply(double factor);
  int levels() const;  // of an operand at the default scale
};

// max(x, 0) with at most this error: the first of
//  - the Chebyshev series of (x + |x|) / 2 up to degree 2^l - 2, for l = 2, ..., 9 levels. Its error is at most
//    1 / (pi (degree + 1)), at 0, and falls with the distance from there. (The polynomial with the least maximal error
//    has 0.44 of that, but everywhere. A network sums up thousands of values and feels the mean error, which is
//    larger.)
//  - x (1 + p_n(... p_1(x))) / 2 with a composite of the sign (circuit/minimax.h), down to 2^-15: {15, 15, 27} in 14
//    levels has 2^-13. A composite takes two levels more than a series of the same error, but its products grow with
//    the logarithm of the error only.
// kInvalidArgument: a smaller error, or one that is not positive.
Result<ActivationPolynomials> ApproximateRelu(double error);

// A smooth function with at most this error: interpolated, at the lowest degree of the form 4 k + 3 for which the error
// holds between the nodes. kInvalidArgument: no degree up to 255 will do.
Result<ActivationPolynomials> ApproximateSmooth(const std::function<long double(long double)>& f, double error);

}  // namespace keymemrt::circuit
