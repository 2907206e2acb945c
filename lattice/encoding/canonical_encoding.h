// SPDX-License-Identifier: Apache-2.0
//
// The canonical embedding (encoder.h) at a fixed level and scale, with the interface of encoding.h and an error bound
// that holds for every input. Page: docs/encodings/canonical-embedding.md.
#pragma once

#include <string>
#include <vector>

#include "lattice/encoding/encoder.h"

namespace keymemrt::lattice {

class CanonicalEncoding {
 public:
  using Cleartext = std::vector<double>;
  using Encoded = Plaintext;

  // Context, encoder (of that context) and pool must outlive the encoding. kInvalidArgument: no such level; scale not
  // positive and finite.
  static Result<CanonicalEncoding> Create(const Context& context, const Encoder& encoder, SlotPool& pool, int level,
                                          double scale);

  // Encoder::Encode: 1, 2, 4, .. or N/2 numbers, repeated to fill the slots.
  Result<Plaintext> Encode(const std::vector<double>& values) const;
  // N/2 numbers, at the plaintext's own level and scale.
  Result<std::vector<double>> Decode(const Plaintext& plaintext) const;
  std::string Domain() const;
  // Rounding: N coefficients each off by at most 1/2 move a slot by at most N/(pi*scale). Doubles: 7u per pass of
  // either transform in the Euclidean norm (Higham, "Accuracy and Stability of Numerical Algorithms", 2002, §24.1), u =
  // 2^-53; one slot may get the error of all N/2. What is seen is far less: see the page.
  double ErrorBound(const std::vector<double>& values) const;

 private:
  CanonicalEncoding(const Context& context, const Encoder& encoder, SlotPool& pool, int level, double scale);

  const Context* context_;
  const Encoder* encoder_;
  SlotPool* pool_;
  int level_;
  double scale_;
};

}  // namespace keymemrt::lattice
