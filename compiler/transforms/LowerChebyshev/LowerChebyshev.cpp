// SPDX-License-Identifier: Apache-2.0
// Chebyshev series by Paterson-Stockmeyer.

#include "compiler/transforms/LowerChebyshev/LowerChebyshev.h"

#include "compiler/analysis/Circuit/Circuit.h"
#include "compiler/analysis/Parameters/Parameters.h"
#include "compiler/builder/CkksBuilder.h"
#include "compiler/dialect/Orion/Orion.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace keymemrt::compiler {

#define GEN_PASS_DEF_LOWERCHEBYSHEV
#include "compiler/transforms/LowerChebyshev/LowerChebyshev.h.inc"

namespace {

struct LowerChebyshev : impl::LowerChebyshevBase<LowerChebyshev> {
  using LowerChebyshevBase::LowerChebyshevBase;

  void runOnOperation() override {
    SmallVector<orion::ChebyshevOp> ops;
    getOperation().walk([&](orion::ChebyshevOp op) { ops.push_back(op); });
    if (ops.empty())
      return;
    const FailureOr<Chain> chain = Chain::getAround(getOperation());
    const FailureOr<scheme::Parameters> parameters = getParametersAround(getOperation());
    if (failed(chain) || failed(parameters))
      return signalPassFailure();
    for (orion::ChebyshevOp op : ops)
      if (failed(lower(op, *chain, *parameters)))
        return signalPassFailure();
  }

  LogicalResult lower(orion::ChebyshevOp op, const Chain &chain,
                      const scheme::Parameters &parameters) {
    const std::optional<Fact> input = getFact(op.getInput()), output = getFact(op.getOutput());
    if (!input || !output || input->level < 0 || input->level > chain.topLevel() ||
        !(input->scale > 0) || !(output->scale > 0))
      return op.emitOpError(
          "expected an input and a result with level and scale; run infer-levels-and-scales");
    const auto plan = circuit::PlanSeries(parameters, static_cast<int>(input->level), input->scale,
                                          getSeries(op), output->scale);
    if (!plan.ok())
      return op.emitOpError() << plan.status().message();
    Operation *before = op->getPrevNode();
    const Value result = CkksBuilder(op, chain).evaluate(*plan, op.getInput());
    noteDomain(op, before);
    if (plan->output_level() != output->level)
      return op.emitOpError("expected a result at level ")
             << plan->output_level() << ", found level " << output->level;
    op.replaceAllUsesWith(result);
    op.erase();
    return success();
  }

  /// On the first operation after `before` that takes the series' input: where that must lie.
  void noteDomain(orion::ChebyshevOp op, Operation *before) {
    Builder builder(op.getContext());
    const circuit::ChebyshevSeries series = getSeries(op);
    SmallVector<NamedAttribute> domain = {
        builder.getNamedAttr("high", builder.getF64FloatAttr(static_cast<double>(series.high))),
        builder.getNamedAttr("low", builder.getF64FloatAttr(static_cast<double>(series.low)))};
    if (auto name = op->getAttrOfType<StringAttr>("orion.layer_name"))
      domain.push_back(builder.getNamedAttr("name", name));
    for (Operation *made = before ? before->getNextNode() : &op->getBlock()->front(); made != op;
         made = made->getNextNode())
      if (made->getNumOperands() > 0 && made->getOperand(0) == op.getInput())
        return made->setAttr(kDomainName, builder.getDictionaryAttr(domain));
  }
};

} // namespace

} // namespace keymemrt::compiler
