// SPDX-License-Identifier: Apache-2.0
// The rotations of a program, enumerated or bounded.

#include "compiler/transforms/RotationIndexAnalysis/RotationIndexAnalysis.h"

#include "compiler/analysis/KeySizes/KeySizes.h"
#include "compiler/analysis/StaticControl/StaticControl.h"
#include "compiler/dialect/CKKS/CKKS.h"
#include "compiler/dialect/KeyMgmt/KeyMgmt.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/TypeSwitch.h"

#include <set>

using namespace mlir;

namespace keymemrt::compiler {

#define GEN_PASS_DEF_ROTATIONINDEXANALYSIS
#include "compiler/transforms/RotationIndexAnalysis/RotationIndexAnalysis.h.inc"

namespace {

/// The operand that is the index of a rotation or key, if any.
Value getIndex(Operation *op) {
  return llvm::TypeSwitch<Operation *, Value>(op)
      .Case([](ckks::RotateOp op) { return op.getDynamicShift(); })
      .Case<key_mgmt::LoadKeyOp, key_mgmt::AssumeLoadedOp, key_mgmt::PrefetchKeyOp>(
          [](auto op) { return op.getIndex(); })
      .Default(Value());
}

/// Enumerates what is static of one function.
class Enumeration {
public:
  explicit Enumeration(uint64_t mostSteps) : stepsLeft(mostSteps) {}

  void run(Block &block, bool isExact) {
    for (Operation &op : block)
      visit(&op, isExact);
  }

  /// The indices seen of each operation; of one in `inexact`, there may be others.
  llvm::MapVector<Operation *, std::set<int64_t>> indices;
  llvm::DenseSet<Operation *> inexact;
  std::set<int64_t> staticShifts; // of rotations that are executed

private:
  bool concerns(Operation *op) {
    const auto [it, isNew] = concerned.try_emplace(op, false);
    if (isNew) {
      bool found = false;
      op->walk([&](Operation *inner) { found |= getIndex(inner) || isa<ckks::RotateOp>(inner); });
      it->second = found;
    }
    return it->second;
  }
  /// Whether numbers leave `op` that a later index may depend on.
  static bool yieldsNumbers(Operation *op) {
    return llvm::any_of(op->getResultTypes(), [](Type type) { return type.isIntOrIndex(); });
  }

  void visit(Operation *op, bool isExact) {
    if (Value index = getIndex(op)) {
      std::set<int64_t> &seen = indices[op];
      const std::optional<int64_t> number = known.getInteger(index);
      if (number)
        seen.insert(*number);
      if (!number || !isExact)
        inexact.insert(op);
      return;
    }
    if (auto rotate = dyn_cast<ckks::RotateOp>(op)) {
      if (const auto shift = rotate.getStaticShiftAttr().getValue().trySExtValue())
        staticShifts.insert(*shift);
      return;
    }
    if (op->getNumRegions() == 0) {
      known.evaluate(op);
      return;
    }
    for (Value result : op->getResults())
      known.set(result, {});
    if (!concerns(op) && !yieldsNumbers(op))
      return;
    if (isLoop(op))
      return visitLoop(cast<LoopLikeOpInterface>(op), isExact);
    const std::optional<bool> condition = isBranch(op) ? getCondition(op, known) : std::nullopt;
    for (auto [number, region] : llvm::enumerate(op->getRegions())) {
      if (condition && number != (*condition ? 0u : 1u))
        continue;
      for (Block &block : region) {
        if (!isBranch(op))
          forget(block.getArguments());
        run(block, isExact && isBranch(op));
      }
    }
    if (condition && op->getNumResults() != 0)
      hand(op->getRegion(*condition ? 0 : 1).front().getTerminator()->getOperands(),
           op->getResults());
  }

  void visitLoop(LoopLikeOpInterface op, bool isExact) {
    Block &body = op.getLoopRegions().front()->front();
    const std::optional<StaticLoop> loop = getStaticLoop(op, known);
    uint64_t size = 1;
    body.walk([&](Operation *) { ++size; });
    if (!loop || static_cast<uint64_t>(loop->tripCount) > stepsLeft / size) {
      // Once, with what does not change in the loop.
      forget(body.getArguments());
      run(body, /*isExact=*/false);
      return;
    }
    hand(op.getInits(), op.getRegionIterArgs());
    for (int64_t i = 0; i < loop->tripCount; ++i) {
      stepsLeft -= std::min(stepsLeft, size);
      known.setInteger(*op.getSingleInductionVar(), loop->lower + i * loop->step);
      run(body, isExact);
      hand(body.getTerminator()->getOperands(), op.getRegionIterArgs());
    }
    hand(op.getRegionIterArgs(), op->getResults());
  }

  void forget(ValueRange values) {
    for (Value value : values)
      known.set(value, {});
  }
  void hand(ValueRange from, ValueRange to) {
    SmallVector<Attribute> constants;
    for (Value value : from)
      constants.push_back(value.getType().isIntOrIndex() ? known.get(value) : Attribute());
    for (auto [value, constant] : llvm::zip_equal(to, constants))
      known.set(value, constant);
  }

  uint64_t stepsLeft;
  KnownValues known;
  llvm::DenseMap<Operation *, bool> concerned;
};

struct RotationIndexAnalysis : impl::RotationIndexAnalysisBase<RotationIndexAnalysis> {
  using RotationIndexAnalysisBase::RotationIndexAnalysisBase;

  void runOnOperation() override {
    const int64_t slots = getSlots(getOperation());
    std::set<int64_t> all;
    const auto reduce = [&](int64_t index) {
      return slots > 0 ? (index % slots + slots) % slots : index;
    };
    WalkResult result = getOperation().walk([&](func::FuncOp function) {
      Enumeration enumeration(mostSteps);
      for (Block &block : function.getBody())
        enumeration.run(block, function.getBody().hasOneBlock());
      for (auto &[op, seen] : enumeration.indices) {
        if (enumeration.inexact.contains(op) && failed(addBounds(op, seen)))
          return WalkResult::interrupt();
        std::set<int64_t> reduced;
        for (int64_t index : seen)
          reduced.insert(reduce(index));
        all.insert(reduced.begin(), reduced.end());
        if (KnownValues().get(getIndex(op))) // a constant tells itself
          continue;
        const SmallVector<int64_t> indices(reduced.begin(), reduced.end());
        op->setAttr("indices", DenseI64ArrayAttr::get(&getContext(), indices));
      }
      for (int64_t shift : enumeration.staticShifts)
        all.insert(reduce(shift));
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      return signalPassFailure();
    const SmallVector<int64_t> indices(all.begin(), all.end());
    getOperation()->setAttr("rotation_analysis.indices",
                            DenseI64ArrayAttr::get(&getContext(), indices));
  }

  /// Adds every number that the index of `op` can be.
  LogicalResult addBounds(Operation *op, std::set<int64_t> &indices) {
    const Value index = getIndex(op);
    const std::optional<IndexRange> range = getIndexRange(index);
    if (!range) {
      InFlightDiagnostic error = op->emitOpError("has an index that cannot be bounded");
      Value source = getUnboundedSource(index);
      error.attachNote((source ? source : index).getLoc()) << "because this number has no bound";
      return error;
    }
    if (range->count() > mostIndices)
      return op->emitOpError("has an index of one of ")
             << range->count() << " numbers, from " << range->low << " to " << range->high
             << "; more than " << mostIndices << " are of no use";
    for (int64_t i = 0; i < range->count(); ++i)
      indices.insert(range->low + i * range->step);
    return success();
  }
};

} // namespace

} // namespace keymemrt::compiler
