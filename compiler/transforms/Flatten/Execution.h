// SPDX-License-Identifier: Apache-2.0
// The execution of a function on what is known at compile time, which leaves its operations on
// ciphertexts and keys behind in a straight line.
#pragma once

#include "compiler/analysis/StaticControl/StaticControl.h"
#include "compiler/dialect/KeyMgmt/KeyMgmt.h"
#include "compiler/transforms/Flatten/Numbers.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"

namespace keymemrt::compiler {

class Execution {
public:
  /// Operations are appended to where `builder` is. Gives up after `mostSteps` operations, and when
  /// the flat function would have more than kMostOperations.
  Execution(mlir::OpBuilder &builder, uint64_t mostSteps)
      : builder(builder), stepsLeft(mostSteps) {}

  void bind(mlir::Value value, Data data);

  /// Executes a block up to its terminator. On failure an error has been emitted.
  mlir::LogicalResult run(mlir::Block &block);

  /// What the operands of a terminator are.
  llvm::SmallVector<Data> takeOperands(mlir::Operation *op);

private:
  mlir::LogicalResult execute(mlir::Operation *op);
  mlir::LogicalResult executeLoop(mlir::LoopLikeOpInterface op);
  mlir::LogicalResult executeBranch(mlir::Operation *op);
  mlir::LogicalResult executeCall(mlir::func::CallOp op);
  mlir::LogicalResult executeConstant(mlir::Operation *op);
  mlir::LogicalResult executeUse(key_mgmt::UseKeyOp op);
  /// Operations of the tensor and linalg dialects; nullopt: it is none.
  std::optional<mlir::LogicalResult> executeTensor(mlir::Operation *op);
  mlir::LogicalResult executeSlice(mlir::Operation *op, mlir::RankedTensorType whole,
                                   mlir::RankedTensorType part, bool insert);
  mlir::LogicalResult executeConcat(mlir::Operation *op, int64_t dimension);
  std::optional<mlir::LogicalResult> executeMemory(mlir::Operation *op);
  std::optional<mlir::LogicalResult> executeStorage(mlir::Operation *op);
  std::optional<mlir::LogicalResult> executeElementwise(mlir::Operation *op);

  /// Repeats `op` in the flat function, once for each element where it works on tensors of
  /// ciphertexts or plaintexts.
  mlir::LogicalResult repeat(mlir::Operation *op);
  mlir::FailureOr<mlir::Value> getOperand(mlir::Operation *op, unsigned operand, size_t element,
                                          mlir::Type encoded);

  /// What `value` is; nullopt after an error at `user`: it is not known.
  std::optional<Data> get(mlir::Value value, mlir::Operation *user);
  /// The same for an operand, which loses it if this is its last use: then nobody else owns it.
  std::optional<Data> take(mlir::OpOperand &operand);
  bool isLastUse(mlir::OpOperand &use);
  /// The elements of an operand that is a tensor, its own if `own`.
  mlir::FailureOr<std::shared_ptr<Elements>> getElements(mlir::OpOperand &operand,
                                                         bool own = false);
  std::optional<int64_t> getInteger(mlir::OpFoldResult number);
  mlir::InFlightDiagnostic unknown(mlir::Operation *op, const llvm::Twine &what, mlir::Value value);

  mlir::OpBuilder &builder;
  static constexpr uint64_t kMostOperations = 4'000'000;

  uint64_t stepsLeft;
  uint64_t made = 0; // operations that stay
  KnownValues known; // numbers
  llvm::DenseMap<mlir::Value, Data> data;
  llvm::DenseMap<mlir::OpOperand *, bool> lastUses;
  llvm::DenseMap<mlir::Attribute, mlir::Value> constants; // of the flat function
  llvm::DenseSet<mlir::Operation *> active;               // functions that are being executed
};

} // namespace keymemrt::compiler
