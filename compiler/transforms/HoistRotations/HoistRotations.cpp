// SPDX-License-Identifier: Apache-2.0
// One decomposition for all rotations of a ciphertext.

#include "compiler/transforms/HoistRotations/HoistRotations.h"

#include "compiler/analysis/Levels/Levels.h"
#include "compiler/analysis/StaticControl/StaticControl.h"
#include "compiler/dialect/KeyMgmt/KeyMgmt.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace keymemrt::compiler {

#define GEN_PASS_DEF_HOISTROTATIONS
#include "compiler/transforms/HoistRotations/HoistRotations.h.inc"

namespace {

struct HoistRotations : impl::HoistRotationsBase<HoistRotations> {
  using HoistRotationsBase::HoistRotationsBase;

  void runOnOperation() override {
    // In program order; digits are for keys of one shape.
    llvm::MapVector<std::pair<Value, Attribute>, SmallVector<key_mgmt::RotateOp>> rotations;
    getOperation().walk([&](key_mgmt::RotateOp op) {
      rotations[{op.getInput(), op.getRotKey().getType().getShape()}].push_back(op);
    });
    for (auto &[original, ops] : rotations) {
      // The original one may be a rotation that has been hoisted itself.
      const Value input = ops.front().getInput();
      if (ops.size() >= 2 || isInLoop(ops.front(), input))
        hoist(input, ops);
    }
  }

  /// Whether a loop that runs more than once, and in which `input` does not change, is around `op`.
  static bool isInLoop(Operation *op, Value input) {
    Block *block = input.getParentBlock();
    for (Operation *around = op; around->getBlock() != block;) {
      around = around->getParentOp();
      const std::optional<StaticLoop> loop = getStaticLoop(around, KnownValues());
      if (isLoop(around) && (!loop || loop->tripCount > 1))
        return true;
    }
    return false;
  }

  static void hoist(Value input, ArrayRef<key_mgmt::RotateOp> ops) {
    key_mgmt::RotateOp first = ops.front();
    OpBuilder builder(input.getParentBlock()->findAncestorOpInBlock(*first));
    auto digits = key_mgmt::DecomposeOp::create(
        builder, first.getLoc(),
        key_mgmt::DigitsType::get(builder.getContext(), first.getRotKey().getType().getShape()),
        input);
    copyFact(first, digits);
    for (key_mgmt::RotateOp op : ops) {
      builder.setInsertionPoint(op);
      auto hoisted = key_mgmt::RotateHoistedOp::create(
          builder, op.getLoc(), op.getType(), op.getInput(), digits.getDigits(), op.getRotKey());
      copyFact(op, hoisted);
      op.replaceAllUsesWith(hoisted.getOutput());
      op.erase();
    }
  }
};

} // namespace

} // namespace keymemrt::compiler
