// SPDX-License-Identifier: Apache-2.0
//
// The cleartext rows that a program multiplies by and adds: where they come from, and their encoding.
#pragma once

#include <complex>
#include <span>
#include <vector>

#include "lattice/encoding/encoder.h"
#include "runtime/executor/engine.h"
#include "runtime/executor/weights.h"
#include "runtime/plan/rows.h"

namespace keymemrt::runtime {

// What reads one row at a time, in memory of its own. Several may read for the same run.
class RowReader {
 public:
  // `weights` may be null when the program has none. Both must outlive the object.
  RowReader(const Engine& engine, WeightSource* weights) : engine_(engine), weights_(weights) {}

  // An encode's values, as many as its row has; until the next call. Errors: those of `weights`.
  Result<std::span<const double>> Values(const program::Op& encode);
  // A diagonal of a transform that is not computed, and of one that is; until the next call. Errors: as above.
  Result<std::span<const double>> Diagonal(const program::Transform& transform, size_t row);
  std::span<const std::complex<double>> DftDiagonal(const program::Transform& transform, size_t row);

  // The coefficients of a row's plaintext, what an operation would make of it itself. `pool`: as Encoder::Round's.
  // Errors: as above, and Encoder::Round's.
  Result<lattice::RoundedCoefficients> Encode(const PlaintextRow& row, SlotPool& pool);

 private:
  const Engine& engine_;
  WeightSource* const weights_;
  std::vector<double> row_;
  std::vector<std::complex<double>> diagonal_;
};

}  // namespace keymemrt::runtime
