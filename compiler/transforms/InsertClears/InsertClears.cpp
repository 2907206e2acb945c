// SPDX-License-Identifier: Apache-2.0
// The end of each value's lifetime at its last use.

#include "compiler/transforms/InsertClears/InsertClears.h"

#include "compiler/dialect/KeyMgmt/KeyMgmt.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

using namespace mlir;

namespace keymemrt::compiler {

#define GEN_PASS_DEF_INSERTCLEARS
#include "compiler/transforms/InsertClears/InsertClears.h.inc"

namespace {

bool isClearable(Value value) {
  return isa<lwe::CiphertextType, lwe::PlaintextType, key_mgmt::DigitsType>(value.getType());
}

/// Ends the lifetimes of one function.
class Clears {
public:
  LogicalResult run(Region &region) {
    for (Block &block : region) {
      SmallVector<Operation *> ops;
      for (Operation &op : block)
        ops.push_back(&op);
      for (BlockArgument argument : block.getArguments())
        if (isClearable(argument) && failed(end(argument, block, nullptr)))
          return failure();
      for (Operation *op : ops) {
        for (Value result : op->getResults())
          if (isClearable(result) && failed(end(result, block, op)))
            return failure();
        for (Region &inner : op->getRegions())
          if (failed(run(inner)))
            return failure();
      }
    }
    return success();
  }

private:
  /// Whether a terminator somewhere in `op` hands `value` on.
  static bool isHandedOnInside(Value value, Operation *op) {
    return llvm::any_of(value.getUsers(), [&](Operation *user) {
      return user->hasTrait<OpTrait::IsTerminator>() && op->isProperAncestor(user);
    });
  }

  static bool isHandedOn(Value value, Operation *op) {
    if (op->hasTrait<OpTrait::IsTerminator>())
      return llvm::is_contained(op->getOperands(), value);
    if (op->getNumRegions() == 0)
      return false;
    return isHandedOnInside(value, op) ||
           (isa<LoopLikeOpInterface>(op) && llvm::is_contained(op->getOperands(), value));
  }

  /// Ends `value` in `block`, where it lives from `from` on (null: from the beginning) and not
  /// after it.
  static LogicalResult end(Value value, Block &block, Operation *from) {
    Operation *last = nullptr;
    SmallVector<Operation *> users;
    for (Operation *user : value.getUsers())
      if (Operation *op = block.findAncestorOpInBlock(*user)) {
        users.push_back(op);
        if (!last || last->isBeforeInBlock(op))
          last = op;
      }
    for (Operation *user : users)
      if (user != last && isHandedOn(value, user)) {
        InFlightDiagnostic error = last->emitOpError(
            "uses a value that a loop or branch before it was handed; this needs a copy");
        error.attachNote(user->getLoc()) << "here it was handed on";
        return error;
      }
    OpBuilder builder(block.getParentOp()->getContext());
    if (!last) {
      if (from)
        builder.setInsertionPointAfter(from);
      else
        builder.setInsertionPointToStart(&block);
      key_mgmt::ClearOp::create(builder, value.getLoc(), value);
      return success();
    }
    if (!isHandedOn(value, last)) {
      Operation *at = last; // after the clears that are there already
      while (isa<key_mgmt::ClearOp>(at->getNextNode()))
        at = at->getNextNode();
      builder.setInsertionPointAfter(at);
      key_mgmt::ClearOp::create(builder, last->getLoc(), value);
      return success();
    }
    const bool isReturn = isa<func::ReturnOp>(last); // a value returned twice is still one
    if (!isReturn && llvm::count(last->getOperands(), value) > 1)
      return last->emitOpError("hands a value on twice, which needs a copy");
    if (!isHandedOnInside(value, last))
      return success();
    // One way of a branch hands it on; the other has to end it.
    if (!isa<RegionBranchOpInterface>(last) || isa<LoopLikeOpInterface>(last))
      return last->emitOpError(
          "hands on a value from outside of it in each iteration, which needs a copy");
    for (Region &region : last->getRegions()) {
      if (region.empty())
        return last->emitOpError("has a value to clear, and no else to do so");
      if (failed(end(value, region.front(), nullptr)))
        return failure();
    }
    return success();
  }
};

struct InsertClears : impl::InsertClearsBase<InsertClears> {
  using InsertClearsBase::InsertClearsBase;

  void runOnOperation() override {
    if (getOperation().isExternal())
      return;
    const WalkResult found = getOperation().walk([](key_mgmt::ClearOp op) {
      op.emitOpError("stands in the way of last-use clears: expected a program without clears");
      return WalkResult::interrupt();
    });
    if (found.wasInterrupted())
      return signalPassFailure();
    if (!getOperation().getBody().hasOneBlock()) {
      getOperation().emitError("expected structured control flow (scf or affine)");
      return signalPassFailure();
    }
    if (failed(Clears().run(getOperation().getBody())))
      signalPassFailure();
  }
};

} // namespace

} // namespace keymemrt::compiler
