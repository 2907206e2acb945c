// SPDX-License-Identifier: Apache-2.0
// The end of each value's lifetime at its last use.

#include "compiler/transforms/InsertClears/InsertClears.h"

#include "compiler/dialect/KeyMgmt/KeyMgmt.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace keymemrt::compiler {

#define GEN_PASS_DEF_INSERTCLEARS
#include "compiler/transforms/InsertClears/InsertClears.h.inc"

namespace {

bool isClearable(Value value) {
  return isa<lwe::CiphertextType, lwe::PlaintextType, key_mgmt::DigitsType>(value.getType());
}

struct InsertClears : impl::InsertClearsBase<InsertClears> {
  using InsertClearsBase::InsertClearsBase;

  void runOnOperation() override {
    if (getOperation().isExternal())
      return;
    for (Operation &op : getOperation().getBody().getOps())
      if (op.getNumRegions() != 0 || isa<key_mgmt::ClearOp>(op)) {
        op.emitOpError("stands in the way of last-use clears: expected a straight-line program "
                       "without clears");
        return signalPassFailure();
      }
    if (!getOperation().getBody().hasOneBlock()) {
      getOperation().emitError("expected a straight-line program");
      return signalPassFailure();
    }
    Block &block = getOperation().getBody().front();
    OpBuilder builder(&getContext());
    builder.setInsertionPointToStart(&block);
    for (BlockArgument argument : block.getArguments())
      if (isClearable(argument) && argument.use_empty())
        key_mgmt::ClearOp::create(builder, argument.getLoc(), argument);
    // Backwards, the first operation that uses a value is the last one.
    llvm::DenseSet<Value> seen;
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block))) {
      if (op.hasTrait<OpTrait::IsTerminator>()) {
        seen.insert(op.operand_begin(), op.operand_end());
        continue;
      }
      if (isa<key_mgmt::ClearOp>(op)) // of an unused argument, made above
        continue;
      builder.setInsertionPointAfter(&op);
      for (Value operand : op.getOperands())
        if (isClearable(operand) && seen.insert(operand).second)
          key_mgmt::ClearOp::create(builder, op.getLoc(), operand);
      for (Value result : op.getResults())
        if (isClearable(result) && result.use_empty())
          key_mgmt::ClearOp::create(builder, op.getLoc(), result);
    }
  }
};

} // namespace

} // namespace keymemrt::compiler
