// SPDX-License-Identifier: Apache-2.0
//
// The canonical embedding: N/2 real slots to a polynomial and back (Cheon, Kim, Kim, Song, "Homomorphic encryption for
// arithmetic of approximate numbers", 2017). Slot j is the evaluation at zeta^(5^j), so a left rotation by k slots is the
// automorphism X -> X^(5^k).
#pragma once

#include <complex>
#include <span>
#include <vector>

#include "base/status.h"
#include "lattice/ring/context.h"
#include "lattice/ring/poly.h"

namespace keymemrt::lattice {

class Encoder {
 public:
  explicit Encoder(const Context& context);

  // Values are repeated cyclically until they fill the N/2 slots; their number must divide N/2 (kInvalidArgument
  // otherwise, or when a coefficient times the scale does not fit into half of Q_level, or is not finite).
  // Result: NTT form, limbs q_0..q_level. Error of a slot against its value: at most about sqrt(N)/scale (rounding).
  Result<Plaintext> Encode(std::span<const double> values, double scale, int level, SlotPool& pool) const;

  // The N/2 slots' real parts, `scale` divided out.
  std::vector<double> Decode(const Plaintext& plaintext, SlotPool& pool) const;

 private:
  void Embed(std::complex<double>* slots) const;         // slots -> "coefficients" (inverse special FFT)
  void EmbedInverse(std::complex<double>* slots) const;  // and back
  const Context& context_;
  std::vector<std::complex<double>> roots_;  // zeta^j, j = 0..2N-1
  std::vector<uint32_t> rotation_group_;     // 5^j mod 2N
};

}  // namespace keymemrt::lattice
