// SPDX-License-Identifier: Apache-2.0
//
// The canonical embedding as a product of sparse matrices, for CoeffToSlot and SlotToCoeff of bootstrapping (Chen,
// Chillotti, Song, "Improved bootstrapping for approximate homomorphic encryption", 2019; Cheon, Han, Hhan, "Faster
// homomorphic discrete Fourier transforms and improved FHE bootstrapping", 2018).
//
// With n slots, w_k = c_k + i*c_(k+n) the coefficients of a polynomial of degree < 2n and R the bit reversal of n
// entries, the slots are z = B_(n/2) ... B_2 B_1 R w, where the *layer* B_h acts on blocks of 2h entries:
//   B_h: (x_j, x_(j+h)) -> (x_j + t_j x_(j+h), x_j - t_j x_(j+h)),   t_j = exp(2 pi i 5^j / 8h), 0 <= j < h.
// SlotToCoeff is B_(n/2) ... B_1, from R w to z. CoeffToSlot is n times its inverse, conj(B_1)^T ... conj(B_(n/2))^T,
// from z to n R w. The two bit reversals cancel, as what happens in between is done slot by slot.
//
// Layers that follow each other make one *stage*, one level of a ciphertext. A stage of r layers from h upwards has the
// diagonals k*h, |k| < 2^r (those of the stage with the layer n/2: 0 <= k < 2^r, as they wrap around). An entry is the
// product of one entry of each layer, so it is 0 or a root of unity times the stage's factor: exact to an ulp however
// many layers there are, and computed when it is needed.
#pragma once

#include <complex>
#include <cstdint>
#include <vector>

#include "base/status.h"

namespace keymemrt::circuit {

enum class DftDirection : uint8_t { kCoeffToSlot = 0, kSlotToCoeff = 1 };

// One stage of a factored transform.
struct DftStage {
  DftDirection direction = DftDirection::kCoeffToSlot;
  int log_slots = 0;         // n = 2^log_slots
  std::vector<int> radices;  // layers of each stage, in the order of application; their sum is log_slots
  int stage = 0;             // which of them
  double factor = 1;         // the absolute value of every entry that is not 0
  // Real and imaginary parts side by side, where there are at least 2n slots (sparse packing):
  //   CoeffToSlot: the result has 2n entries, those of the matrix and then -i times them, so that adding the conjugate
  //     leaves twice the real and then twice the imaginary parts.
  //   SlotToCoeff: takes 2n entries u, v; gives M u, i M v, whose sum (a rotation by n and an addition) is M (u + i v).
  bool halves = false;

  bool operator==(const DftStage&) const = default;

  // kInvalidArgument, saying what: 1 <= log_slots <= 16, positive radices of that sum, a stage among them, a finite
  // positive factor.
  Status Check() const;

  // --- REQUIRES: Check().ok().
  // Rotation to the left of each row: y = sum_row Diagonal(row) (*) rotl(x, Rotations()[row]).
  std::vector<int64_t> Rotations() const;
  // The entries repeat with this period, a power of two of at most 2n.
  int64_t Period() const;
  // Period() entries; repeat them to fill the slots. REQUIRES: row < Rotations().size().
  std::vector<std::complex<double>> Diagonal(size_t row) const;
};

// `log_slots` layers in `stages` stages, as equal as possible. The larger stages come first in CoeffToSlot and last in
// SlotToCoeff, where the layer n/2 saves them half of the diagonals. Stages beyond one a layer are left out. REQUIRES:
// log_slots, stages >= 1.
std::vector<int> SplitLayers(DftDirection direction, int log_slots, int stages);

}  // namespace keymemrt::circuit
