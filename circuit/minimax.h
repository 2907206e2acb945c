// SPDX-License-Identifier: Apache-2.0
//
// Polynomials closest to the sign, by Remez's exchange algorithm.
#pragma once

#include <span>
#include <vector>

#include "circuit/chebyshev.h"

namespace keymemrt::circuit {

// A polynomial on [-high, high], and how far it is, at most, from the sign.
struct Minimax {
  ChebyshevSeries series;
  double error = 0;
};

// The odd polynomial of this degree with the least max |p(x) - sign(x)| on [-high, -low] u [low, high].
// REQUIRES: 0 < low <= high * HighestLow(degree), degree odd, at most kLargestMinimaxDegree.
Minimax MinimaxSign(double low, double high, int degree);

// On a shorter interval than [HighestLow, 1] the values near 0 drown in rounding. The error there is about 2^-35.
double HighestLow(int degree);

inline constexpr int kLargestMinimaxDegree = 63;

// p_n(... p_1(x)) for the sign on [-1, -low] u [low, 1]: each p_i is the minimax polynomial of the sign on what p_(i-1)
// makes of that, which is the best composition of these degrees (Lee, Lee, No, Kim, "Minimax approximation of sign
// function by composite polynomial for homomorphic comparison", IEEE TDSC 2022, eprint 2020/834). Every polynomial but
// the last is divided by its maximum: all are on [-1, 1] and map it into itself, so that no map between intervals costs
// a level.
struct CompositeSign {
  std::vector<ChebyshevSeries> polynomials;  // p_1 first
  double low = 0;
  double error = 0;  // largest |p_n(... p_1(x)) - sign(x)| for low <= |x| <= 1

  long double operator()(long double x) const;
};
// REQUIRES: 0 < low < 1, degrees odd and at least 3, at most kLargestMinimaxDegree.
CompositeSign ComposeSign(double low, std::span<const int> degrees);

}  // namespace keymemrt::circuit
