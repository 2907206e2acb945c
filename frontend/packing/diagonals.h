// SPDX-License-Identifier: Apache-2.0
//
// Dense layers as generalized diagonals ("hybrid packing": Juvekar et al., "GAZELLE", 2018, section 4; Orion's
// convention).
//
// Notation: rotl(x, k)[j] = x[j + k], indices modulo the number of slots. A vector is packed with *period* p, a power
// of two: zero-padded to p, then repeated through all slots. Let W be r x c, R and p the next powers of two of r and of
// the input's period (c <= p), and
//
//     diag_i[j] = W[j mod R][(j + i) mod p]        (0 outside W),  0 <= i < D = min(R, p),
//     z = sum_i diag_i (*) rotl(x, i)
//
// where (*) is slot by slot. Slot j of z holds the part of row (j mod R) that lies in the columns (j .. j+D-1) mod p.
// If R < p, the slots j, j+R, j+2R, ... hold the other columns' parts: adding rotations by p/2, p/4, ..., R (the
// *ladder*) completes each row. The result has period R: it is the next layer's input as it stands.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "frontend/packing/network.h"

namespace keymemrt::frontend {

// A vector through all slots, kept as one period of it.
struct PeriodicVector {
  std::vector<double> period;
  // REQUIRES: out.size() is a multiple of period.size().
  void Fill(std::span<double> out) const;
};

struct PackedDense {
  std::vector<int32_t> indices;           // ascending; the diagonals that are not all zero (one at least)
  std::vector<PeriodicVector> diagonals;  // of the same order
  std::vector<int64_t> ladder;            // left rotations, each added to what it rotates; descending
  PeriodicVector bias;
  size_t output_period = 0;
};

// The smallest power of two that is at least `count`. REQUIRES: 1 <= count <= 2^62.
size_t Period(size_t count);

// REQUIRES: the layer is sound (CheckNetwork), input_period is a power of two, at least layer.columns.
PackedDense PackDense(const Dense& layer, size_t input_period);

}  // namespace keymemrt::frontend
