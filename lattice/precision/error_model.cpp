// SPDX-License-Identifier: Apache-2.0
#include "lattice/precision/error_model.h"

#include <cmath>

#include "lattice/sampling/csprng.h"

namespace keymemrt::lattice {

namespace {

// |x(zeta)| <= kTail * sqrt(N*V) for a polynomial x with independent centred coefficients of variance V: exceeded at a
// given root with a probability below 2^-86, at any slot of N <= 2^17 below 2^-70, and no operation has more than 2^6
// such polynomials (docs/precision.md).
constexpr double kTail = 8.5;

constexpr double kRounding = 1.0 / 12;  // variance of a number uniform in (-1/2, 1/2)
constexpr double kSecret = 2.0 / 3;     // of one uniform in {-1, 0, 1}

double Square(double x) {
  return x * x;
}

SlotError Scaled(const SlotError& error, double factor) {
  return {error.deviation * factor, error.bound * factor};
}

}  // namespace

SlotError SumError(const SlotError& a, const SlotError& b) {
  return {std::hypot(a.deviation, b.deviation), a.bound + b.bound};
}

SlotError ProductError(const SlotSize& a, const SlotError& a_error, const SlotSize& b, const SlotError& b_error) {
  // The errors' product: two complex numbers of which each part has the deviation.
  const double both = std::sqrt(2) * a_error.deviation * b_error.deviation;
  return {std::hypot(a.rms * b_error.deviation, b.rms * a_error.deviation, both),
          a.largest * b_error.bound + b.largest * a_error.bound + a_error.bound * b_error.bound +
              a.largest * b.largest * 0x1p-53};
}

SlotError ErrorModel::Encode(double scale, const SlotSize& slots) const {
  // Coefficients of N/2 real slots are m_i = -m_(N-i), and so are their roundings: all of the error is in the real
  // part. Imaginary parts are another such polynomial times X^(N/2).
  return {std::sqrt(n() * kRounding) / scale, kTail * std::sqrt(2 * n() * kRounding) / scale + 0x1p-48 * slots.largest};
}

SlotError ErrorModel::RoundedPair() const {
  // r0 + r1*s
  const double secret = kTail * std::sqrt(n() * kSecret);
  return {std::sqrt(n() / 2 * kRounding * (1 + n() * kSecret)),
          kTail * std::sqrt(n() * kRounding * (1 + Square(secret)))};
}

SlotError ErrorModel::Encrypt(int level, double scale) const {
  // (v*e + e0 + e1*s) / P, rounded
  const double p = std::exp2(parameters_.LogQP(level) - parameters_.LogQ(level));
  const double error = kErrorDeviation, secret = kTail * std::sqrt(n() * kSecret);
  const SlotError noise = {error * std::sqrt(n() / 2 * (1 + 2 * n() * kSecret)) / p,
                           error * kTail * std::sqrt(n() * (1 + Square(secret) + kSecret * Square(kTail) * n())) / p};
  return Scaled(SumError(noise, RoundedPair()), 1 / scale);
}

SlotError ErrorModel::SwitchKey(int level, double scale) const {
  // sum over digits d of x_d * e_d / P, rounded; x_d uniform in (-F_d/2, F_d/2)
  const double log_p = parameters_.LogQP(level) - parameters_.LogQ(level);
  double digits = 0;  // sum of (F_d / P)^2
  for (int digit = 0; digit < parameters_.DigitCount(level); ++digit) {
    double log_digit = 0;
    for (int limb = parameters_.DigitBegin(digit); limb < parameters_.DigitEnd(digit, level); ++limb) {
      log_digit += std::log2(static_cast<double>(parameters_.modulus(limb)));
    }
    digits += std::exp2(2 * (log_digit - log_p));
  }
  const double product = n() * kErrorDeviation * std::sqrt(kRounding * digits);
  return Scaled(SumError({product * std::sqrt(0.5), product * Square(kTail)}, RoundedPair()), 1 / scale);
}

SlotError ErrorModel::Rescale(double scale, const SlotSize& slots) const {
  SlotError error = Scaled(RoundedPair(), 1 / scale);
  error.bound += 0x1p-53 * slots.largest;  // the new scale is a rounded quotient
  return error;
}

}  // namespace keymemrt::lattice
