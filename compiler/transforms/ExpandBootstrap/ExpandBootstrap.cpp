// SPDX-License-Identifier: Apache-2.0
// Bootstraps as their stages.

#include "compiler/transforms/ExpandBootstrap/ExpandBootstrap.h"

#include "circuit/bootstrap_plan.h"
#include "compiler/analysis/Circuit/Circuit.h"
#include "compiler/analysis/Parameters/Parameters.h"
#include "compiler/builder/CkksBuilder.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <map>

using namespace mlir;

namespace keymemrt::compiler {

#define GEN_PASS_DEF_EXPANDBOOTSTRAP
#include "compiler/transforms/ExpandBootstrap/ExpandBootstrap.h.inc"

namespace {

class Expansion {
public:
  Expansion(Operation *op, const Chain &chain, const circuit::BootstrapPlan &plan)
      : context(op->getContext()), plan(plan), build(op, chain) {}

  Value run(Value input) {
    SmallVector<Value> parts = coeffToSlot(raise(input));
    for (Value &part : parts)
      part = build.evaluate(plan.eval_mod, part, shape(plan.relinearization_shape));
    return slotToCoeff(parts);
  }

private:
  ckks::KeyShapeAttr shape(const scheme::KeyShape &shape) const {
    return getShapeAttr(context, shape);
  }

  Value raise(Value value) {
    // Scaled before the switch, whose noise would be multiplied with it.
    value = build.mulScalar(build.levelReduce(value, 0), 1, plan.raised_scale);
    value = build.switchSecret(value, 0, 1, shape(plan.encapsulation_shape));
    value = build.switchSecret(build.modRaise(value, plan.top_level), 1, 0);
    for (int64_t shift : plan.trace)
      value = build.add(value, build.rotate(value, shift));
    return value;
  }

  Value apply(const circuit::BootstrapPlan::Transform &transform, Value value) {
    value = build.dft(value, getStageAttr(context, transform.stage), transform.scale,
                      shape(transform.shape));
    Operation *op = value.getDefiningOp();
    Builder builder(context);
    op->setDiscardableAttr(kFormName,
                           builder.getStringAttr(circuit::ToString(transform.linear.form)));
    op->setDiscardableAttr(kBabyStepName, builder.getI64IntegerAttr(transform.linear.baby_step));
    return build.rescale(value);
  }

  SmallVector<Value> coeffToSlot(Value value) {
    for (const circuit::BootstrapPlan::Transform &transform : plan.coeff_to_slot)
      value = apply(transform, value);
    const Value conjugate = build.conjugate(value, shape(plan.conjugation_shape));
    const Value real = build.add(value, conjugate);
    if (!plan.full())
      return {real};
    const Value difference = build.sub(value, conjugate);
    return {real, build.mulScalar(difference, {0, -1}, getFact(difference)->scale)};
  }

  Value slotToCoeff(SmallVector<Value> parts) {
    for (Value &part : parts)
      part = build.levelReduce(part, plan.slot_to_coeff[0].level);
    Value value = parts[0];
    if (plan.full())
      value = build.add(value, build.mulScalar(parts[1], {0, 1}, getFact(parts[1])->scale));
    for (auto [i, transform] : llvm::enumerate(plan.slot_to_coeff)) {
      value = apply(transform, value);
      if (i == 0 && !plan.full())
        value = build.add(value, build.rotate(value, plan.join, shape(plan.join_shape)));
    }
    return value;
  }

  MLIRContext *context;
  const circuit::BootstrapPlan &plan;
  CkksBuilder build;
};

struct ExpandBootstrap : impl::ExpandBootstrapBase<ExpandBootstrap> {
  using ExpandBootstrapBase::ExpandBootstrapBase;

  void runOnOperation() override {
    SmallVector<ckks::BootstrapOp> ops;
    getOperation().walk([&](ckks::BootstrapOp op) { ops.push_back(op); });
    if (ops.empty())
      return;
    auto module = getOperation()->getParentOfType<ModuleOp>();
    const FailureOr<Chain> chain = Chain::getAround(getOperation());
    const FailureOr<scheme::Parameters> parameters = getParametersAround(getOperation());
    const auto lowered = getForm(form);
    if (failed(chain) || failed(parameters))
      return signalPassFailure();
    auto attr = module->getAttrOfType<ckks::BootstrapAttr>(ckks::CKKSDialect::kBootstrapName);
    if (!attr) {
      ops.front().emitOpError("expected the module attribute '")
          << ckks::CKKSDialect::kBootstrapName << "'; run choose-bootstrap-parameters";
      return signalPassFailure();
    }
    if (!lowered) {
      getOperation().emitError("expected the form bsgs, double_hoisted, horner or minimum_key, "
                               "found '")
          << form << "'";
      return signalPassFailure();
    }
    circuit::BootstrapOptions options = getBootstrapOptions(attr);
    options.form = *lowered;
    options.babies = babySteps;
    const int weight = getParameterLiteral(module).secret_weight;
    std::map<double, circuit::BootstrapPlan> plans; // by the input's scale
    for (ckks::BootstrapOp op : ops) {
      const std::optional<Fact> input = getFact(op.getInput()), output = getFact(op.getOutput());
      if (!input || !output || input->level < 0 || !(input->scale > 0)) {
        op.emitOpError(
            "expected an input and a result with level and scale; run infer-levels-and-scales");
        return signalPassFailure();
      }
      auto plan = plans.find(input->scale);
      if (plan == plans.end()) {
        auto made = circuit::BootstrapPlan::Make(*parameters, options, input->scale, {weight});
        if (!made.ok()) {
          op.emitOpError() << made.status().message();
          return signalPassFailure();
        }
        plan = plans.emplace(input->scale, *std::move(made)).first;
      }
      if (plan->second.options.target_level != output->level) {
        op.emitOpError("expected a result at level ")
            << plan->second.options.target_level << ", found level " << output->level;
        return signalPassFailure();
      }
      const Value result = Expansion(op, *chain, plan->second).run(op.getInput());
      op.replaceAllUsesWith(result);
      op.erase();
    }
  }
};

} // namespace

} // namespace keymemrt::compiler
