// SPDX-License-Identifier: Apache-2.0
// What control flow does, as far as it is known at compile time: integers, bounds of loops,
// conditions of branches.
#pragma once

#include "mlir/IR/Builders.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseMap.h"

#include <optional>

namespace keymemrt::compiler {

/// Values that are constants now: of block arguments, in this iteration. What is not in it is not
/// known.
class KnownValues {
public:
  /// The constant that `value` is, or null.
  mlir::Attribute get(mlir::Value value) const;
  /// The same as a number.
  std::optional<int64_t> getInteger(mlir::Value value) const;

  /// Null: not known any more.
  void set(mlir::Value value, mlir::Attribute constant);
  void setInteger(mlir::Value value, int64_t number);

  /// Notes what the results of `op` are, an operation without regions whose results are all numbers
  /// (integers, indices, floats). Returns whether they are known now.
  bool evaluate(mlir::Operation *op);

private:
  llvm::DenseMap<mlir::Value, mlir::Attribute> constants;
};

/// An scf.for or affine.for: `tripCount` iterations, the induction variable of number i is lower +
/// i * step.
struct StaticLoop {
  int64_t lower = 0;
  int64_t step = 1;
  int64_t tripCount = 0;
};

/// Whether `op` is a loop that getStaticLoop may know, or a branch that getCondition may.
bool isLoop(mlir::Operation *op);
bool isBranch(mlir::Operation *op);

/// nullopt: the bounds are not known.
std::optional<StaticLoop> getStaticLoop(mlir::Operation *loop, const KnownValues &known);

/// Which way an scf.if or affine.if goes; nullopt: not known.
std::optional<bool> getCondition(mlir::Operation *branch, const KnownValues &known);

/// Of an affine.load or affine.store, memref.load or memref.store: the position in row-major order;
/// nullopt: not known, or outside.
std::optional<int64_t> getPosition(mlir::Operation *access, const KnownValues &known);

/// low, low + step, ..., high. Of a single number, step is 0.
struct IndexRange {
  int64_t low = 0;
  int64_t high = 0;
  int64_t step = 0;

  int64_t count() const { return step == 0 ? 1 : (high - low) / step + 1; }
  bool isDisjointFrom(const IndexRange &other) const;
};

/// Every number that the integer or index `value` can be, and perhaps more: through arithmetic,
/// affine maps, conditions and the induction variables of loops. nullopt: no bound is known.
std::optional<IndexRange> getIndexRange(mlir::Value value);

/// The value that has no bound and for whose sake getIndexRange(value) has none: for messages.
mlir::Value getUnboundedSource(mlir::Value value);

} // namespace keymemrt::compiler
