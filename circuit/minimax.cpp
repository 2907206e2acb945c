// SPDX-License-Identifier: Apache-2.0
#include "circuit/minimax.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>

namespace keymemrt::circuit {

namespace {

using Real = long double;

// Remez's algorithm for the sign by odd polynomials: q of degree `count - 1` in t = x^2 such that x q(x^2) is closest
// to 1 on [low, high]. Its error alternates between count + 1 points, among them both ends, and has no other extrema,
// as x q(x^2) has no more turning points than that: each exchange finds all of them, one between every two zeros.
class Remez {
 public:
  Remez(Real low, Real high, int count) : points_(static_cast<size_t>(count) + 1) {
    for (size_t i = 0; i < points_.size(); ++i) {
      const Real angle = std::numbers::pi_v<Real> * static_cast<Real>(i) / static_cast<Real>(count);
      points_[i] = std::sqrt(low * low + (high * high - low * low) * (1 - std::cos(angle)) / 2);
    }
    Level();
    // Converges quadratically; ends when all extrema are equal but for rounding.
    for (int round = 0; round < kMostRounds; ++round) {
      Exchange();
      Real least = std::abs(Error(points_[0])), largest = least;
      for (const Real x : points_) {
        least = std::min(least, std::abs(Error(x)));
        largest = std::max(largest, std::abs(Error(x)));
      }
      if (largest < kRounding || largest - least <= kTolerance * largest) break;
      Level();
    }
  }

  // The largest error of the polynomial as it is after its coefficients were rounded.
  double ErrorOf(const ChebyshevSeries& series) const {
    Real largest = kRounding;
    for (const Real x : points_) largest = std::max(largest, std::abs(series(x) - 1));
    return static_cast<double>(largest);
  }

  // The polynomial, anywhere: through the first points but one, by the barycentric formula.
  Real operator()(Real x) const {
    const Real t = x * x;
    Real numerator = 0, denominator = 0;
    for (size_t i = 0; i < values_.size(); ++i) {
      const Real distance = t - points_at_level_[i] * points_at_level_[i];
      if (distance == 0) return x * values_[i];
      numerator += weights_[i] * values_[i] / distance;
      denominator += weights_[i] / distance;
    }
    return x * numerator / denominator;
  }

 private:
  static constexpr int kMostRounds = 60;
  static constexpr Real kTolerance = 1e-9L;
  static constexpr Real kRounding = 0x1p-50L;  // errors below this are noise

  Real Error(Real x) const { return (*this)(x)-1; }

  // The polynomial whose error at the points is e, -e, e, ...: the highest divided difference of a polynomial through
  // one point more than it has coefficients is 0, which gives e.
  void Level() {
    const size_t count = points_.size();
    // Each factor by the length of the interval over 4, its capacity: so that products of hundreds stay in range.
    const Real unit = (points_.back() * points_.back() - points_[0] * points_[0]) / 4;
    std::vector<Real> weights(count, 1);
    for (size_t i = 0; i < count; ++i) {
      for (size_t j = 0; j < count; ++j) {
        if (i != j) weights[i] /= (points_[i] - points_[j]) * (points_[i] + points_[j]) / unit;
      }
    }
    Real target = 0, alternating = 0;
    for (size_t i = 0; i < count; ++i) {
      target += weights[i] / points_[i];
      alternating += weights[i] * (i % 2 == 0 ? 1 : -1) / points_[i];
    }
    const Real level = -target / alternating;
    // Leave out the point at the high end: extrapolation there is along one small step.
    points_at_level_.assign(points_.begin(), points_.end() - 1);
    values_.clear();
    weights_.clear();
    for (size_t i = 0; i + 1 < count; ++i) {
      values_.push_back((1 + (i % 2 == 0 ? level : -level)) / points_[i]);
      weights_.push_back(weights[i] * (points_[i] - points_.back()) * (points_[i] + points_.back()) / unit);
    }
  }

  void Exchange() {
    const size_t count = points_.size();
    std::vector<Real> zeros;  // one between every two points
    for (size_t i = 0; i + 1 < count; ++i) {
      Real a = points_[i], b = points_[i + 1];
      const bool positive = Error(a) > 0;
      for (int step = 0; step < 60; ++step) {
        const Real middle = (a + b) / 2;
        ((Error(middle) > 0) == positive ? a : b) = middle;
      }
      zeros.push_back(a);
    }
    for (size_t i = 1; i + 1 < count; ++i) {
      // The only extremum between two zeros, by golden section.
      Real a = zeros[i - 1], b = zeros[i];
      const Real golden = std::numbers::phi_v<Real> - 1;
      for (int step = 0; step < 46; ++step) {
        const Real left = b - golden * (b - a), right = a + golden * (b - a);
        if (std::abs(Error(left)) > std::abs(Error(right))) {
          b = right;
        } else {
          a = left;
        }
      }
      points_[i] = (a + b) / 2;
    }
  }

  std::vector<Real> points_;                              // of the next exchange, ascending
  std::vector<Real> points_at_level_, values_, weights_;  // of the present polynomial: q at x^2
};

}  // namespace

double HighestLow(int degree) {
  // The values near 0 are ((1 + low) / (1 - low))^k times as sensitive as those in the interval, with k coefficients,
  // and the error is about the inverse of that.
  const double ratio = std::exp2(72.0 / (degree + 1));
  return (ratio - 1) / (ratio + 1);
}

Minimax MinimaxSign(double low, double high, int degree) {
  assert(low > 0 && low <= high * HighestLow(degree) && degree % 2 == 1 && degree <= kLargestMinimaxDegree);
  const Remez best(low, high, (degree + 1) / 2);
  Minimax result{Interpolate(best, -high, high, degree), 0};
  for (size_t k = 0; k < result.series.coefficients.size(); k += 2) result.series.coefficients[k] = 0;
  result.error = best.ErrorOf(result.series);
  return result;
}

long double CompositeSign::operator()(long double x) const {
  for (const ChebyshevSeries& polynomial : polynomials) x = polynomial(x);
  return x;
}

CompositeSign ComposeSign(double low, std::span<const int> degrees) {
  CompositeSign sign{.low = low};
  for (size_t i = 0; i < degrees.size(); ++i) {
    Minimax best = MinimaxSign(std::min(low, HighestLow(degrees[i])), 1, degrees[i]);
    sign.error = best.error;
    if (i + 1 < degrees.size()) {
      for (double& c : best.series.coefficients) c /= 1 + best.error;
      low = (1 - best.error) / (1 + best.error);
    }
    sign.polynomials.push_back(std::move(best.series));
  }
  return sign;
}

}  // namespace keymemrt::circuit
