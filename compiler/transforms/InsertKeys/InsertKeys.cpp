// SPDX-License-Identifier: Apache-2.0
// Key lifetimes around each key switch.

#include "compiler/transforms/InsertKeys/InsertKeys.h"

#include "compiler/analysis/Levels/Levels.h"
#include "compiler/dialect/CKKS/CKKS.h"
#include "compiler/dialect/KeyMgmt/KeyMgmt.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace keymemrt::compiler {

#define GEN_PASS_DEF_INSERTKEYS
#include "compiler/transforms/InsertKeys/InsertKeys.h.inc"

namespace {

struct InsertKeys : impl::InsertKeysBase<InsertKeys> {
  using InsertKeysBase::InsertKeysBase;

  void runOnOperation() override {
    SmallVector<Block *> blocks;
    getOperation().walk([&](Block *block) { blocks.push_back(block); });
    for (Block *block : blocks) {
      Rotated rotated;
      for (Operation &op : llvm::make_early_inc_range(*block)) {
        if (auto rotate = dyn_cast<ckks::RotateOp>(op)) {
          if (failed(lowerRotate(rotate, rotated)))
            return signalPassFailure();
        } else if (auto relinearize = dyn_cast<ckks::RelinearizeOp>(op)) {
          if (failed(lowerRelinearize(relinearize)))
            return signalPassFailure();
        }
      }
    }
  }

  /// The rotations of a block, by ciphertext and shift: static, or an operand.
  using Rotated = llvm::DenseMap<std::pair<Value, std::pair<int64_t, Value>>, Value>;

  static Value load(OpBuilder &builder, Location location, Type key, Value index = {},
                    Attribute indices = {}) {
    return key_mgmt::LoadKeyOp::create(builder, location, key, index, indices);
  }

  static LogicalResult lowerRotate(ckks::RotateOp op, Rotated &rotated) {
    const IntegerAttr attr = op.getStaticShiftAttr();
    auto input = dyn_cast<TypedValue<lwe::CiphertextType>>(op.getInput());
    const std::optional<int64_t> shift = attr ? attr.getValue().trySExtValue() : std::nullopt;
    Value index = op.getDynamicShift();
    const bool isIndex = index && (index.getType().isIndex() || index.getType().isInteger(64));
    if (!input || (!shift && !isIndex))
      return op.emitOpError(
          "expected a single ciphertext and a shift that is static, an index or an i64");
    Value &result = rotated[{input, {shift.value_or(0), index}}];
    if (!result) {
      OpBuilder builder(op);
      if (!index)
        index = arith::ConstantIntOp::create(builder, op.getLoc(), *shift, 64);
      const Value key =
          load(builder, op.getLoc(), key_mgmt::RotKeyType::get(builder.getContext(), shift), index,
               op->getAttrOfType<DenseI64ArrayAttr>("indices"));
      auto keyed = key_mgmt::RotateOp::create(builder, op.getLoc(), input.getType(), input, key);
      copyFact(op, keyed);
      key_mgmt::ClearKeyOp::create(builder, op.getLoc(), key);
      result = keyed.getOutput();
    }
    op.replaceAllUsesWith(result);
    op.erase();
    return success();
  }

  LogicalResult lowerRelinearize(ckks::RelinearizeOp op) {
    auto input = dyn_cast<TypedValue<lwe::CiphertextType>>(op.getInput());
    auto outputType = dyn_cast<lwe::CiphertextType>(op.getOutput().getType());
    if (!input || !outputType || op.getKeySwitchingKey() || input.getType().getSize() != 3 ||
        outputType.getSize() != 2)
      return op.emitOpError("expected a single ciphertext of size 3 and no explicit key");
    OpBuilder builder(op);
    const Value key =
        load(builder, op.getLoc(), key_mgmt::RelinKeyType::get(builder.getContext(), std::nullopt));
    auto keyed = key_mgmt::RelinearizeOp::create(builder, op.getLoc(), outputType, input, key);
    copyFact(op, keyed);
    key_mgmt::ClearKeyOp::create(builder, op.getLoc(), key);
    op.replaceAllUsesWith(keyed.getOutput());
    op.erase();
    return success();
  }
};

} // namespace

} // namespace keymemrt::compiler
