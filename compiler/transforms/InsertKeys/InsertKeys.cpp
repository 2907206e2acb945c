// SPDX-License-Identifier: Apache-2.0
// Key lifetimes around each key switch.

#include "compiler/transforms/InsertKeys/InsertKeys.h"

#include "compiler/analysis/Levels/Levels.h"
#include "compiler/dialect/CKKS/CKKS.h"
#include "compiler/dialect/KeyMgmt/KeyMgmt.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/TypeSwitch.h"

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
      for (Operation &op : llvm::make_early_inc_range(*block))
        if (failed(lower(&op, rotated)))
          return signalPassFailure();
    }
  }

  /// The rotations of a block, by ciphertext, the key's type and the shift's operand.
  using Rotated = llvm::DenseMap<std::pair<Value, std::pair<Type, Value>>, Value>;

  static LogicalResult lower(Operation *op, Rotated &rotated) {
    MLIRContext *context = op->getContext();
    const auto shape = op->getAttrOfType<ckks::KeyShapeAttr>(kKeyShapeName);
    return TypeSwitch<Operation *, LogicalResult>(op)
        .Case([&](ckks::RotateOp op) { return lowerRotate(op, shape, rotated); })
        .Case([&](ckks::RelinearizeOp op) { return lowerRelinearize(op, shape); })
        .Case([&](ckks::ConjugateOp op) {
          return lowerPlain<key_mgmt::ConjugateOp>(
              op, key_mgmt::ConjKeyType::get(context, std::nullopt, shape));
        })
        .Case([&](ckks::SwitchSecretOp op) {
          return lowerPlain<key_mgmt::SwitchSecretOp>(
              op,
              key_mgmt::SwitchKeyType::get(context, op.getFrom(), op.getTo(), std::nullopt, shape));
        })
        .Default(success());
  }

  static Value load(OpBuilder &builder, Location location, Type key, Value index = {},
                    Attribute indices = {}) {
    return key_mgmt::LoadKeyOp::create(builder, location, key, index, indices);
  }

  static LogicalResult lowerRotate(ckks::RotateOp op, ckks::KeyShapeAttr shape, Rotated &rotated) {
    const IntegerAttr attr = op.getStaticShiftAttr();
    auto input = dyn_cast<TypedValue<lwe::CiphertextType>>(op.getInput());
    const std::optional<int64_t> shift = attr ? attr.getValue().trySExtValue() : std::nullopt;
    Value index = op.getDynamicShift();
    const bool isIndex = index && (index.getType().isIndex() || index.getType().isInteger(64));
    if (!input || (!shift && !isIndex))
      return op.emitOpError(
          "expected a single ciphertext and a shift that is static, an index or an i64");
    const Type keyType = key_mgmt::RotKeyType::get(op.getContext(), shift, std::nullopt, shape);
    Value &result = rotated[{input, {keyType, index}}];
    if (!result) {
      OpBuilder builder(op);
      if (!index)
        index = arith::ConstantIntOp::create(builder, op.getLoc(), *shift, 64);
      // What is known of a shift that is an operand; a constant tells itself.
      const auto indices =
          shift ? DenseI64ArrayAttr() : op->getAttrOfType<DenseI64ArrayAttr>("indices");
      const Value key = load(builder, op.getLoc(), keyType, index, indices);
      auto keyed = key_mgmt::RotateOp::create(builder, op.getLoc(), input.getType(), input, key);
      copyFact(op, keyed);
      key_mgmt::ClearKeyOp::create(builder, op.getLoc(), key);
      result = keyed.getOutput();
    }
    op.replaceAllUsesWith(result);
    op.erase();
    return success();
  }

  static LogicalResult lowerRelinearize(ckks::RelinearizeOp op, ckks::KeyShapeAttr shape) {
    auto input = dyn_cast<lwe::CiphertextType>(op.getInput().getType());
    auto output = dyn_cast<lwe::CiphertextType>(op.getOutput().getType());
    if (!input || !output || op.getKeySwitchingKey() || input.getSize() != 3 ||
        output.getSize() != 2)
      return op.emitOpError("expected a single ciphertext of size 3 and no explicit key");
    return lowerPlain<key_mgmt::RelinearizeOp>(
        op, key_mgmt::RelinKeyType::get(op.getContext(), std::nullopt, shape));
  }

  /// Of an operation on one ciphertext whose key has no index.
  template <typename Keyed> static LogicalResult lowerPlain(Operation *op, Type keyType) {
    if (!isa<lwe::CiphertextType>(op->getOperand(0).getType()))
      return op->emitOpError("expected a single ciphertext");
    OpBuilder builder(op);
    const Value key = load(builder, op->getLoc(), keyType);
    auto keyed =
        Keyed::create(builder, op->getLoc(), op->getResult(0).getType(), op->getOperand(0), key);
    copyFact(op, keyed);
    key_mgmt::ClearKeyOp::create(builder, op->getLoc(), key);
    op->getResult(0).replaceAllUsesWith(keyed.getOutput());
    op->erase();
    return success();
  }
};

} // namespace

} // namespace keymemrt::compiler
