// SPDX-License-Identifier: Apache-2.0
//
// Plaintexts as what they are underneath: N integers modulo Q_level. Shared by the encodings that place integers into
// coefficients.
#pragma once

#include <cstdint>
#include <functional>

#include "base/slot_pool.h"
#include "base/status.h"
#include "lattice/encoding/big_integer.h"
#include "lattice/ring/context.h"
#include "lattice/ring/poly.h"

namespace keymemrt::lattice {

// kInvalidArgument unless 0 <= level <= L and the scale is positive and finite.
Status CheckLevelAndScale(const Context& context, int level, double scale);

// Half of Q_level, rounded down to a double; the largest double when it is beyond their range.
double HalfQ(const Context& context, int level);

// |x| mod q, with the sign of x. REQUIRES: x a whole number.
uint64_t WholeModulo(double x, const Modulus& q);

// A plaintext in NTT form whose limb t (before the NTT) is written by fill(t, modulus, n words out, in [0, q_t)).
Plaintext BuildPlaintext(const Context& context, SlotPool& pool, int level, double scale,
                         const std::function<void(int, const Modulus&, uint64_t*)>& fill);

// visit(i, x_i) for the N coefficients in order, x_i the symmetric representative modulo Q_level. Time grows with the
// square of the level. kInvalidArgument unless level, limbs and scale make sense.
Status VisitCoefficients(const Context& context, SlotPool& pool, const Plaintext& plaintext,
                         const std::function<void(size_t, const BigInteger&)>& visit);

}  // namespace keymemrt::lattice
