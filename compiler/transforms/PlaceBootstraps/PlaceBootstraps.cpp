// SPDX-License-Identifier: Apache-2.0
// Bootstraps where levels run out.

#include "compiler/transforms/PlaceBootstraps/PlaceBootstraps.h"

#include "circuit/bootstrap_parameters.h"
#include "compiler/analysis/BootstrapPlacement/FromFunction.h"
#include "compiler/analysis/Parameters/Parameters.h"

using namespace mlir;

namespace keymemrt::compiler {

#define GEN_PASS_DEF_PLACEBOOTSTRAPS
#include "compiler/transforms/PlaceBootstraps/PlaceBootstraps.h.inc"

namespace {

struct PlaceBootstraps : impl::PlaceBootstrapsBase<PlaceBootstraps> {
  using PlaceBootstrapsBase::PlaceBootstrapsBase;

  void runOnOperation() override {
    const FailureOr<Chain> chain = Chain::get(getOperation());
    if (failed(chain))
      return signalPassFailure();
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function.getBody().hasOneBlock())
        place(function, *chain);
  }

private:
  void place(func::FuncOp function, const Chain &chain) {
    const FunctionPlacement made = makePlacementProblem(function, chain);
    if (placeBootstraps(made.problem, PlacementMode::Keep).possible)
      return;
    const Placement placement = placeBootstraps(made.problem, PlacementMode::Add);
    if (!placement.possible)
      return; // one operation takes more levels than there are: an error of the inference
    if (const Status status = check(); !status.ok()) {
      function.emitWarning("runs out of levels, and cannot be bootstrapped: ") << status.message();
      return;
    }
    for (const Placement::Addition &addition : placement.additions) {
      Value value = made.values[addition.value];
      // Earlier uses keep the value; a bootstrap before takes its place for all later ones.
      for (const Placement::Addition &earlier : placement.additions) {
        if (earlier == addition)
          break;
        if (earlier.value == addition.value)
          value = bootstrapped.lookup({earlier.value, earlier.before});
      }
      Operation *before = made.values[addition.before].getDefiningOp();
      OpBuilder builder(before);
      auto op = ckks::BootstrapOp::create(builder, before->getLoc(), value.getType(), value,
                                          IntegerAttr());
      bootstrapped[{addition.value, addition.before}] = op.getOutput();
      value.replaceUsesWithIf(op.getOutput(), [&](OpOperand &use) {
        return use.getOwner() != op && !use.getOwner()->isBeforeInBlock(op);
      });
    }
    auto remark =
        mlir::emitRemark(made.values[placement.additions.front().before].getDefiningOp()->getLoc())
        << "the program runs out of its " << made.problem.topLevel << " levels: bootstrapped "
        << placement.additions.size()
        << (placement.additions.size() == 1 ? " time, here" : " times, first here");
    if (!placement.optimal)
      remark << ", perhaps not the fewest";
  }

  /// Whether there is a bootstrap circuit for these parameters.
  Status check() {
    if (getOperation()->getAttrOfType<ckks::BootstrapAttr>(ckks::CKKSDialect::kBootstrapName))
      return Status();
    const auto choice = circuit::ExtendForBootstrapping(
        getParameterLiteral(getOperation()), getParameterLiteral(getOperation()).log_n - 1);
    if (!choice.ok())
      return choice.status();
    const auto parameters = scheme::Parameters::Create(
        choice->literal, insecure ? scheme::Security::kInsecure : scheme::Security::k128Bit);
    if (!parameters.ok())
      return parameters.status();
    return circuit::BootstrapPlan::Make(*parameters, choice->options, parameters->default_scale(),
                                        {choice->literal.secret_weight})
        .status();
  }

  llvm::DenseMap<std::pair<int, int>, Value> bootstrapped; // by value and node before
};

} // namespace

} // namespace keymemrt::compiler
