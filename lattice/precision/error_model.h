// SPDX-License-Identifier: Apache-2.0
//
// How far results are from what they should be: the formulas of docs/precision.md, where they are derived and compared
// with measurements. For secrets with uniform ternary coefficients.
#pragma once

#include "scheme/parameters.h"

namespace keymemrt::lattice {

// The error of slots, the scale divided out. A slot is complex: it is off by a complex number.
struct SlotError {
  double deviation = 0;  // expected root of the mean square, over all slots, of its real part; of the imaginary alike
  double bound = 0;      // no slot is off by more in magnitude, but for a probability below 2^-64
};

// What is known of slots themselves: the largest magnitude and the root of the mean square one.
struct SlotSize {
  double largest = 0;
  double rms = 0;
};

// Of a sum or difference of slots with independent errors; an error that the operation adds counts as one of them.
SlotError SumError(const SlotError& a, const SlotError& b);
// Of a product of slots with independent errors, the rounding of the product of scales included.
SlotError ProductError(const SlotSize& a, const SlotError& a_error, const SlotSize& b, const SlotError& b_error);

// What operations add to the errors of their operands. Those not listed add nothing: sums, differences, negation and
// products are exact on what their operands decrypt to, level reduction leaves that as it is. REQUIRES, of every
// message: no coefficient reaches Q_level/2.
class ErrorModel {
 public:
  explicit ErrorModel(const scheme::Parameters& parameters) : parameters_(parameters) {}

  // Rounding to coefficients of size `scale` times the slots'.
  SlotError Encode(double scale, const SlotSize& slots) const;
  SlotError Encrypt(int level, double scale) const;
  // Relinearization, rotation (hoisted or not), conjugation, secret switch, with keys of the parameters' shape.
  SlotError SwitchKey(int level, double scale) const;
  // Of a ciphertext of two parts, to `scale`.
  SlotError Rescale(double scale, const SlotSize& slots) const;

 private:
  // Of a pair of polynomials, each rounded to integers.
  SlotError RoundedPair() const;
  double n() const { return static_cast<double>(parameters_.n()); }

  scheme::Parameters parameters_;
};

}  // namespace keymemrt::lattice
