// SPDX-License-Identifier: Apache-2.0
#include "runtime/executor/rows.h"

#include <algorithm>

#include "lattice/linear/linear_transform.h"
#include "runtime/plan/shapes.h"

namespace keymemrt::runtime {

using lattice::RoundedCoefficients;

Result<std::span<const double>> RowReader::Values(const program::Op& encode) {
  const program::Program& program = engine_.program;
  if (encode.source == program::EncodeSource::kWeight) {
    row_.resize(program.weights[encode.index].columns);
    KMRT_RETURN_IF_ERROR(weights_->Row(encode.index, encode.row, row_));
  } else {
    row_ = program.constants[encode.index];
  }
  const int64_t length = static_cast<int64_t>(row_.size());
  const int64_t rotation = ((encode.rotation % length) + length) % length;
  std::rotate(row_.begin(), row_.begin() + rotation, row_.end());
  return std::span<const double>(row_);
}

Result<std::span<const double>> RowReader::Diagonal(const program::Transform& transform, size_t row) {
  if (transform.source == program::DiagonalSource::kConstant) {
    return std::span<const double>(engine_.program.constants[transform.rows[row]]);
  }
  row_.resize(engine_.program.weights[transform.weight].columns);
  KMRT_RETURN_IF_ERROR(weights_->Row(transform.weight, transform.rows[row], row_));
  return std::span<const double>(row_);
}

std::span<const std::complex<double>> RowReader::DftDiagonal(const program::Transform& transform, size_t row) {
  diagonal_ = transform.stage.Diagonal(row);
  return diagonal_;
}

Result<RoundedCoefficients> RowReader::Encode(const PlaintextRow& row, SlotPool& pool) {
  const program::Op& op = engine_.program.ops[row.op];
  if (op.opcode == program::Opcode::kEncode) {
    KMRT_ASSIGN_OR_RETURN(const std::span<const double> values, Values(op));
    const program::Value& result = engine_.program.values[op.result];
    return engine_.encoder.Round(values, result.scale, result.level, pool);
  }
  const program::Transform& transform = engine_.program.transforms[op.index];
  const circuit::LinearTransformPlan& plan = engine_.plans[op.index];
  const circuit::LinearTransformPlan::Term& term = plan.terms[row.term];
  const int level = LevelOf(engine_.program, op);
  const Slot slot = pool.Take(MemoryClass::kScratch);
  if (transform.source == program::DiagonalSource::kDft) {
    KMRT_ASSIGN_OR_RETURN(const auto values, lattice::TermValues(plan, term, DftDiagonal(transform, term.row), slot));
    return engine_.encoder.Round(values, transform.scale, level, pool);
  }
  KMRT_ASSIGN_OR_RETURN(const std::span<const double> diagonal, Diagonal(transform, term.row));
  KMRT_ASSIGN_OR_RETURN(const std::span<const double> values, lattice::TermValues(plan, term, diagonal, slot));
  return engine_.encoder.Round(values, transform.scale, level, pool);
}

}  // namespace keymemrt::runtime
