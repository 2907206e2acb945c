// SPDX-License-Identifier: Apache-2.0
// Hints before loads.

#include "compiler/transforms/PrefetchKeys/PrefetchKeys.h"

#include "compiler/dialect/KeyMgmt/KeyMgmt.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace keymemrt::compiler {

#define GEN_PASS_DEF_PREFETCHKEYS
#include "compiler/transforms/PrefetchKeys/PrefetchKeys.h.inc"

namespace {

bool isKeySwitch(Operation *op) {
  return isa<key_mgmt::RotateOp, key_mgmt::RotateHoistedOp, key_mgmt::ConjugateOp,
             key_mgmt::RelinearizeOp, key_mgmt::SwitchSecretOp>(op);
}

/// Whether `value` is defined before the point `at` of `block`, in it or around it.
bool isVisible(Value value, Block *block, Operation *at) {
  if (auto argument = dyn_cast<BlockArgument>(value))
    return argument.getOwner() == block ||
           argument.getOwner()->getParentOp()->isProperAncestor(block->getParentOp());
  Operation *def = value.getDefiningOp();
  if (def->getBlock() == block)
    return def->isBeforeInBlock(at);
  Operation *around = def->getBlock()->findAncestorOpInBlock(*block->getParentOp());
  return around && def->isBeforeInBlock(around);
}

/// Computes `value` again at the builder's place, where it is not visible; fails where it does not
/// follow from what is by arithmetic.
FailureOr<Value> recompute(OpBuilder &builder, Value value, IRMapping &mapping, int depth = 0) {
  if (Value known = mapping.lookupOrNull(value))
    return known;
  if (isVisible(value, builder.getInsertionBlock(), &*builder.getInsertionPoint()))
    return value;
  Operation *def = value.getDefiningOp();
  if (!def || depth > 64 || def->getNumRegions() != 0 || !isPure(def) ||
      !value.getType().isIntOrIndex())
    return failure();
  for (Value operand : def->getOperands()) {
    const FailureOr<Value> made = recompute(builder, operand, mapping, depth + 1);
    if (failed(made))
      return failure();
    mapping.map(operand, *made);
  }
  return cast<OpResult>(
      builder.clone(*def, mapping)->getResult(cast<OpResult>(value).getResultNumber()));
}

struct PrefetchKeys : impl::PrefetchKeysBase<PrefetchKeys> {
  using PrefetchKeysBase::PrefetchKeysBase;

  void runOnOperation() override {
    SmallVector<key_mgmt::LoadKeyOp> loads;
    getOperation().walk([&](key_mgmt::LoadKeyOp op) {
      if (op.getIndex())
        loads.push_back(op);
    });
    for (key_mgmt::LoadKeyOp load : loads) {
      Operation *at = load;
      unsigned passed = 0;
      while (passed < distance && at->getPrevNode()) {
        at = at->getPrevNode();
        passed += isKeySwitch(at);
      }
      if (passed < distance && hintAcrossIterations(load))
        continue;
      hint(load, at);
    }
  }

  static void hint(key_mgmt::LoadKeyOp load, Operation *at) {
    OpBuilder builder(at);
    IRMapping mapping;
    FailureOr<Value> index = recompute(builder, load.getIndex(), mapping);
    if (failed(index)) {
      builder.setInsertionPointAfterValue(load.getIndex());
      index = load.getIndex();
    }
    key_mgmt::PrefetchKeyOp::create(builder, load.getLoc(), *index);
  }

  /// Whether the load is in a loop and its key is another in each iteration.
  static bool hintAcrossIterations(key_mgmt::LoadKeyOp load) {
    auto loop = dyn_cast<LoopLikeOpInterface>(load->getParentOp());
    if (!loop || !isa<scf::ForOp, affine::AffineForOp>(*loop))
      return false;
    Block &body = *load->getBlock();
    const Value variable = *loop.getSingleInductionVar();
    OpBuilder builder(loop);
    const auto [lower, upper, step] = getBounds(builder, loop);
    // For the first iteration, where the loop has one.
    IRMapping first;
    first.map(variable, lower);
    if (failed(guard(builder, load, lower, upper, first)))
      return false;
    builder.setInsertionPointToStart(&body);
    const Value next = arith::AddIOp::create(builder, load.getLoc(), variable, step);
    IRMapping mapping;
    mapping.map(variable, next);
    (void)guard(builder, load, next, upper, mapping);
    return true;
  }

  static std::tuple<Value, Value, Value> getBounds(OpBuilder &builder, LoopLikeOpInterface loop) {
    if (auto op = dyn_cast<scf::ForOp>(*loop))
      return {op.getLowerBound(), op.getUpperBound(), op.getStep()};
    auto op = cast<affine::AffineForOp>(*loop);
    const Location location = op.getLoc();
    return {affine::AffineMaxOp::create(builder, location, op.getLowerBoundMap(),
                                        op.getLowerBoundOperands()),
            affine::AffineMinOp::create(builder, location, op.getUpperBoundMap(),
                                        op.getUpperBoundOperands()),
            arith::ConstantIndexOp::create(builder, location, op.getStepAsInt())};
  }

  /// A hint at the key for `iteration`, where that is one.
  static LogicalResult guard(OpBuilder &builder, key_mgmt::LoadKeyOp load, Value iteration,
                             Value upper, IRMapping &mapping) {
    const Location location = load.getLoc();
    const Value isIteration =
        arith::CmpIOp::create(builder, location, arith::CmpIPredicate::slt, iteration, upper);
    auto branch = scf::IfOp::create(builder, location, isIteration);
    OpBuilder inside = branch.getThenBodyBuilder();
    const FailureOr<Value> index = recompute(inside, load.getIndex(), mapping);
    if (failed(index)) {
      branch.erase();
      isIteration.getDefiningOp()->erase();
      return failure();
    }
    key_mgmt::PrefetchKeyOp::create(inside, location, *index);
    return success();
  }
};

} // namespace

} // namespace keymemrt::compiler
