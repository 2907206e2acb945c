// SPDX-License-Identifier: Apache-2.0
// Makes operations of the ckks dialect that carry their level and exact scale, in facts and types:
// what lowerings after infer-levels-and-scales are written with.
#pragma once

#include "circuit/polynomial_plan.h"
#include "compiler/analysis/Levels/Levels.h"
#include "mlir/IR/Builders.h"

#include <complex>

namespace keymemrt::compiler {

/// Operands must have facts that fit together; verify-program-form checks it in the end.
class CkksBuilder {
public:
  /// Inserts before `op`, at its location. `chain` must outlive it.
  CkksBuilder(mlir::Operation *op, const Chain &chain)
      : chain(chain), builder(op), location(op->getLoc()) {}

  mlir::Value add(mlir::Value lhs, mlir::Value rhs);
  mlir::Value sub(mlir::Value lhs, mlir::Value rhs);
  mlir::Value mul(mlir::Value lhs, mlir::Value rhs);
  mlir::Value relinearize(mlir::Value value, ckks::KeyShapeAttr shape = {});
  mlir::Value rescale(mlir::Value value);
  /// The value itself where it is at `level`.
  mlir::Value levelReduce(mlir::Value value, int64_t level);
  mlir::Value mulScalar(mlir::Value value, std::complex<double> number, double scale);
  mlir::Value addScalar(mlir::Value value, double number);
  // Key switches, with keys of `shape`; null: without one.
  mlir::Value rotate(mlir::Value value, int64_t shift, ckks::KeyShapeAttr shape = {});
  mlir::Value conjugate(mlir::Value value, ckks::KeyShapeAttr shape = {});
  mlir::Value switchSecret(mlir::Value value, int64_t from, int64_t to,
                           ckks::KeyShapeAttr shape = {});
  /// From level 0.
  mlir::Value modRaise(mlir::Value value, int64_t level);
  /// The product with a stage's matrix, its diagonals at `scale`; not rescaled.
  mlir::Value dft(mlir::Value value, ckks::DftStageAttr stage, double scale,
                  ckks::KeyShapeAttr shape = {});

  /// sum + number * value, at the sum's scale.
  mlir::Value mulScalarAdd(mlir::Value sum, mlir::Value value, double number);

  /// The plan's steps on `input`, which is at the level and scale that it was made for;
  /// relinearizations with keys of `shape`.
  mlir::Value evaluate(const circuit::PolynomialPlan &plan, mlir::Value input,
                       ckks::KeyShapeAttr shape = {});

private:
  /// Writes `fact` beside the result of `op`, which has `size` parts.
  mlir::Value finish(mlir::Operation *op, Fact fact);
  lwe::CiphertextType typeLike(mlir::Value value, Fact fact, int64_t size) const;

  const Chain &chain;
  mlir::OpBuilder builder;
  mlir::Location location;
};

} // namespace keymemrt::compiler
