// SPDX-License-Identifier: Apache-2.0
// Bootstraps without which the levels suffice.

#include "compiler/transforms/RemoveUnnecessaryBootstraps/RemoveUnnecessaryBootstraps.h"

#include "compiler/analysis/BootstrapPlacement/FromFunction.h"

using namespace mlir;

namespace keymemrt::compiler {

#define GEN_PASS_DEF_REMOVEUNNECESSARYBOOTSTRAPS
#include "compiler/transforms/RemoveUnnecessaryBootstraps/RemoveUnnecessaryBootstraps.h.inc"

namespace {

struct RemoveUnnecessaryBootstraps
    : impl::RemoveUnnecessaryBootstrapsBase<RemoveUnnecessaryBootstraps> {
  using RemoveUnnecessaryBootstrapsBase::RemoveUnnecessaryBootstrapsBase;

  void runOnOperation() override {
    const FailureOr<Chain> chain = Chain::getAround(getOperation());
    if (failed(chain))
      return signalPassFailure();
    if (!getOperation().getBody().hasOneBlock())
      return;
    const FunctionPlacement made = makePlacementProblem(getOperation(), *chain);
    const Placement placement = placeBootstraps(made.problem, PlacementMode::Remove);
    for (int removal : placement.removals) {
      auto op = made.values[removal].getDefiningOp<ckks::BootstrapOp>();
      op.replaceAllUsesWith(op.getInput());
      op.erase();
    }
  }
};

} // namespace

} // namespace keymemrt::compiler
