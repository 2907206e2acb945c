// SPDX-License-Identifier: Apache-2.0
// Rescales where products need them.

#include "compiler/transforms/PlaceRescales/PlaceRescales.h"

#include "compiler/analysis/Levels/Levels.h"
#include "compiler/dialect/CKKS/CKKS.h"
#include "compiler/transforms/InferLevelsAndScales/InferLevelsAndScales.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace keymemrt::compiler {

#define GEN_PASS_DEF_PLACERESCALES
#include "compiler/transforms/PlaceRescales/PlaceRescales.h.inc"

namespace {

struct PlaceRescales : impl::PlaceRescalesBase<PlaceRescales> {
  using PlaceRescalesBase::PlaceRescalesBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    const FailureOr<Chain> chain = Chain::getAround(function);
    if (failed(chain))
      return signalPassFailure();
    if (!function.getBody().hasOneBlock()) {
      function.emitError("expected a straight-line program");
      return signalPassFailure();
    }
    IRMapping mapping;
    OwningOpRef<func::FuncOp> inferred = function.clone(mapping);
    // What the inference adds is not marked.
    inferred->walk([](Operation *op) { op->setAttr(kOfProgram, UnitAttr::get(op->getContext())); });
    if (failed(inferLevelsAndScales(*inferred, *chain)))
      return signalPassFailure();
    SmallVector<ckks::RescaleOp> own;
    for (Operation &op : function.getBody().front()) {
      if (auto rescale = dyn_cast<ckks::RescaleOp>(op)) {
        own.push_back(rescale);
        continue;
      }
      Operation *image = mapping.lookup(&op);
      if (!isa<ckks::LevelReduceOp>(op)) // is gone there
        for (auto [operand, counterpart] :
             llvm::zip_equal(op.getOpOperands(), getOperands(&op, image)))
          if (isa<lwe::CiphertextType>(operand.get().getType()))
            operand.set(place(operand, rescalesOf(counterpart)));
    }
    for (ckks::RescaleOp op : llvm::reverse(own)) {
      op.replaceAllUsesWith(op.getInput());
      op.erase();
    }
    placed.clear();
  }

private:
  static constexpr llvm::StringLiteral kOfProgram = "kmrt.of_program";

  /// Those of the image; none where the image has been erased.
  static SmallVector<Value> getOperands(Operation *op, Operation *image) {
    return isa<lwe::RLWEEncodeOp>(op) ? SmallVector<Value>(op->getOperands())
                                      : SmallVector<Value>(image->getOperands());
  }

  /// The rescales on the way to `value` from what an operation of the program makes, first to last.
  /// Not those that repair a scale together with a multiplication by ones.
  static SmallVector<ckks::RescaleOp> rescalesOf(Value value) {
    SmallVector<ckks::RescaleOp> result;
    for (Operation *op = value.getDefiningOp(); op && !op->hasAttr(kOfProgram);
         op = op->getOperand(0).getDefiningOp()) {
      auto rescale = dyn_cast<ckks::RescaleOp>(op);
      Operation *before = rescale ? rescale.getInput().getDefiningOp() : nullptr;
      if (rescale && !(isa_and_nonnull<ckks::MulPlainOp>(before) && !before->hasAttr(kOfProgram)))
        result.insert(result.begin(), rescale);
    }
    return result;
  }

  /// `operand`, without rescales of its own, rescaled as `rescales` are.
  Value place(OpOperand &operand, ArrayRef<ckks::RescaleOp> rescales) {
    Value value = operand.get();
    while (auto rescale = value.getDefiningOp<ckks::RescaleOp>()) {
      if (llvm::is_contained(llvm::make_second_range(placed), value))
        break;
      value = rescale.getInput();
    }
    OpBuilder builder(operand.getOwner());
    for (ckks::RescaleOp like : rescales) {
      Value &result = placed[value];
      if (!result)
        result = ckks::RescaleOp::create(builder, operand.getOwner()->getLoc(), value.getType(),
                                         value, like.getToRing());
      value = result;
    }
    return value;
  }

  llvm::DenseMap<Value, Value> placed;
};

} // namespace

} // namespace keymemrt::compiler
