// SPDX-License-Identifier: Apache-2.0
//
// The canonical embedding: N/2 slots to a polynomial and back (Cheon, Kim, Kim, Song, "Homomorphic encryption for
// arithmetic of approximate numbers", 2017). Slot j is the evaluation at zeta^(5^j), so a left rotation by k slots is
// the automorphism X -> X^(5^k).
#pragma once

#include <complex>
#include <span>
#include <vector>

#include "base/status.h"
#include "lattice/ring/context.h"
#include "lattice/ring/poly.h"

namespace keymemrt::lattice {

// Integer coefficients that are not yet taken modulo anything: what an encoding costs once, however many limbs follow.
struct RoundedCoefficients {
  // Of the encoder's own form; one limb for coefficients below 2^50, one more for every 48 bits beyond.
  Poly pieces;
  // log2 of the degree of the subring that they are in: values of a period p are a polynomial in X^(N/2p). Its 2p
  // coefficients, and only these, are the first of each limb.
  int log_n = 0;
};

class Encoder {
 public:
  explicit Encoder(const Context& context);

  // Values are repeated cyclically until they fill the N/2 slots; their number must divide N/2 (kInvalidArgument
  // otherwise, or when a coefficient times the scale does not fit into half of Q_level, or is not finite).
  // The fewer they are, the faster: the work per limb is a transform of that length and a copy.
  // Result: NTT form, limbs q_0..q_level. Coefficients are rounded to the nearest integer, then exact at any size.
  // Error of a slot against its value: rounding, in practice below 3*sqrt(N)/scale, and of the transform in doubles
  // below 2^-48 of the largest value (docs/encodings/canonical-embedding.md).
  Result<Plaintext> Encode(std::span<const double> values, double scale, int level, SlotPool& pool) const;
  Result<Plaintext> Encode(std::span<const std::complex<double>> values, double scale, int level, SlotPool& pool) const;

  // The two steps of Encode, for whoever wants the first done ahead, limbs one at a time, or limbs of P. `out`: limb
  // `limb` of the full basis, NTT form; `scratch`: a slot, used when there are several pieces. Thread-safe.
  Result<RoundedCoefficients> Round(std::span<const double> values, double scale, int level, SlotPool& pool) const;
  Result<RoundedCoefficients> Round(std::span<const std::complex<double>> values, double scale, int level,
                                    SlotPool& pool) const;
  Plaintext Finish(const RoundedCoefficients& coefficients, double scale, int level, SlotPool& pool) const;
  void WriteLimb(const RoundedCoefficients& coefficients, int limb, uint64_t* out, uint64_t* scratch) const {
    WriteLimb(context_, coefficients, limb, out, scratch);
  }
  // `limb` of the full basis of `context`: that of a key shape.
  static void WriteLimb(const Context& context, const RoundedCoefficients& coefficients, int limb, uint64_t* out,
                        uint64_t* scratch);

  // The N/2 slots' real parts, `scale` divided out. Each coefficient is the exact symmetric representative modulo
  // Q_level, rounded to a double; not-a-number when it is beyond the range of doubles (only garbage is). Time grows
  // with the level.
  std::vector<double> Decode(const Plaintext& plaintext, SlotPool& pool) const;
  // The same with imaginary parts.
  std::vector<std::complex<double>> DecodeComplex(const Plaintext& plaintext, SlotPool& pool) const;

 private:
  template <typename Value>
  Result<RoundedCoefficients> RoundSlots(std::span<const Value> values, double scale, int level, SlotPool& pool) const;
  // N/2 real, then N/2 imaginary parts.
  Slot DecodeSlots(const Plaintext& plaintext, SlotPool& pool) const;
  // slots -> "coefficients" (inverse special FFT), of the subring with `slots` of them
  void Embed(double* re, double* im, size_t slots) const;
  void EmbedInverse(double* re, double* im) const;  // and back, all N/2

  const Context& context_;
  // Twiddles of the pass that joins blocks of length h to 2h, at [h, 2h): exp(2*pi*i * (5^j mod 8h) / 8h), j = 0..h-1.
  std::vector<double> twiddle_re_, twiddle_im_;
  std::vector<double> half_q_;  // [level]: a double just below Q_level / 2, or the largest double
};

}  // namespace keymemrt::lattice
