// SPDX-License-Identifier: Apache-2.0
// Loops written out.

#include "compiler/transforms/AffineFullUnroll/AffineFullUnroll.h"

#include "compiler/analysis/StaticControl/StaticControl.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace keymemrt::compiler {

#define GEN_PASS_DEF_AFFINEFULLUNROLL
#include "compiler/transforms/AffineFullUnroll/AffineFullUnroll.h.inc"

namespace {

struct AffineFullUnroll : impl::AffineFullUnrollBase<AffineFullUnroll> {
  using AffineFullUnrollBase::AffineFullUnrollBase;

  void runOnOperation() override {
    made = 0;
    known = KnownValues();
    if (failed(unroll(getOperation().getBody())))
      signalPassFailure();
  }

  LogicalResult unroll(Region &region) {
    for (Block &block : region) {
      forget(block.getArguments());
      for (Operation *op = block.empty() ? nullptr : &block.front(); op;) {
        Operation *next = op->getNextNode();
        if (auto loop = dyn_cast<affine::AffineForOp>(op)) {
          // What it becomes is visited in turn, loops inside among it.
          Operation *before = op->getPrevNode();
          if (failed(unroll(loop)))
            return failure();
          next = before ? before->getNextNode() : &block.front();
        } else if (op->getNumRegions() == 0) {
          known.evaluate(op);
        } else {
          forget(op->getResults());
          for (Region &inner : op->getRegions())
            if (failed(unroll(inner)))
              return failure();
        }
        op = next;
      }
    }
    return success();
  }

  /// What has been said of values that are gone and had their places.
  void forget(ValueRange values) {
    for (Value value : values)
      known.set(value, {});
  }

  LogicalResult unroll(affine::AffineForOp loop) {
    const std::optional<StaticLoop> bounds = getStaticLoop(loop, known);
    if (!bounds)
      return loop.emitOpError("expected bounds that are known at compile time");
    OpBuilder builder(loop);
    SmallVector<Value> carried(loop.getInits());
    const auto trips = static_cast<uint64_t>(bounds->tripCount);
    const uint64_t each = loop.getBody()->getOperations().size(); // the constant for the terminator
    if (trips > (mostOperations - made) / each)
      return loop.emitOpError("is too long to be written out; the limit is the option "
                              "'most-operations', ")
             << mostOperations.getValue();
    made += trips * each;
    for (int64_t i = 0; i < bounds->tripCount; ++i) {
      IRMapping mapping;
      Value index =
          arith::ConstantIndexOp::create(builder, loop.getLoc(), bounds->lower + i * bounds->step);
      mapping.map(loop.getInductionVar(), index);
      mapping.map(loop.getRegionIterArgs(), carried);
      for (Operation &op : loop.getBody()->without_terminator())
        builder.clone(op, mapping);
      for (auto [value, operand] :
           llvm::zip_equal(carried, loop.getBody()->getTerminator()->getOperands()))
        value = mapping.lookupOrDefault(operand);
    }
    loop.replaceAllUsesWith(carried);
    loop.erase();
    return success();
  }

  uint64_t made = 0;
  KnownValues known;
};

} // namespace

} // namespace keymemrt::compiler
