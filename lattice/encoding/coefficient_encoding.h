// SPDX-License-Identifier: Apache-2.0
//
// Coefficient encoding: number i times the scale, rounded, is coefficient i. Sums are entry by entry, products are
// negacyclic convolutions. Page: docs/encodings/coefficient.md.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "lattice/encoding/integer_plaintext.h"

namespace keymemrt::lattice {

class CoefficientEncoding {
 public:
  using Cleartext = std::vector<double>;
  using Encoded = Plaintext;

  // Context and pool must outlive the encoding. kInvalidArgument: no such level; scale not positive and finite.
  static Result<CoefficientEncoding> Create(const Context& context, SlotPool& pool, int level, double scale);

  // At most N finite numbers, each times the scale (rounded to a double) below Q_level/2 in magnitude; the coefficients
  // after the last number are zero.
  Result<Plaintext> Encode(const std::vector<double>& values) const;
  // N numbers: the symmetric representatives modulo Q_level over the plaintext's own scale, at the plaintext's own
  // level.
  Result<std::vector<double>> Decode(const Plaintext& plaintext) const;
  std::string Domain() const;
  // (1/2 + 2^-50)/scale for the rounding, 2^-51 of the largest magnitude for the doubles.
  double ErrorBound(const std::vector<double>& values) const;

 private:
  CoefficientEncoding(const Context& context, SlotPool& pool, int level, double scale);

  const Context* context_;
  SlotPool* pool_;
  int level_;
  double scale_, half_q_;
};

}  // namespace keymemrt::lattice
