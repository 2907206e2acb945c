// SPDX-License-Identifier: Apache-2.0
// A bootstrap circuit for the module.

#include "compiler/transforms/ChooseBootstrapParameters/ChooseBootstrapParameters.h"

#include "circuit/bootstrap_parameters.h"
#include "compiler/analysis/Circuit/Circuit.h"
#include "compiler/analysis/Parameters/Parameters.h"
#include "compiler/analysis/PlainSource/PlainSource.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace keymemrt::compiler {

#define GEN_PASS_DEF_CHOOSEBOOTSTRAPPARAMETERS
#include "compiler/transforms/ChooseBootstrapParameters/ChooseBootstrapParameters.h.inc"

namespace {

struct ChooseBootstrapParameters : impl::ChooseBootstrapParametersBase<ChooseBootstrapParameters> {
  using ChooseBootstrapParametersBase::ChooseBootstrapParametersBase;

  void runOnOperation() override {
    ckks::BootstrapOp first;
    getOperation().walk([&](ckks::BootstrapOp op) {
      first = op;
      return WalkResult::interrupt();
    });
    if (first && failed(choose(first)))
      signalPassFailure();
  }

private:
  LogicalResult choose(ckks::BootstrapOp first) {
    ModuleOp module = getOperation();
    const auto security = insecure ? scheme::Security::kInsecure : scheme::Security::k128Bit;
    if (!module->getAttrOfType<ckks::BootstrapAttr>(ckks::CKKSDialect::kBootstrapName)) {
      if (failed(getParameters(module, security))) // the residual ones alone
        return failure();
      if (failed(extend(first)))
        return failure();
    }
    auto error = [&] { return first.emitOpError("cannot be carried out with these parameters: "); };
    const scheme::ParameterLiteral literal = getParameterLiteral(module);
    const auto parameters = scheme::Parameters::Create(literal, security);
    if (!parameters.ok())
      return error() << parameters.status().message();
    const circuit::BootstrapOptions options = getBootstrapOptions(
        module->getAttrOfType<ckks::BootstrapAttr>(ckks::CKKSDialect::kBootstrapName));
    const auto plan = circuit::BootstrapPlan::Make(
        *parameters, options, parameters->default_scale(), {literal.secret_weight});
    if (!plan.ok())
      return error() << plan.status().message();
    return success();
  }

  LogicalResult extend(ckks::BootstrapOp first) {
    ModuleOp module = getOperation();
    const auto choice =
        circuit::ExtendForBootstrapping(getParameterLiteral(module), findLogSlots());
    if (!choice.ok())
      return first.emitOpError() << choice.status().message();
    auto param = module->getAttrOfType<ckks::SchemeParamAttr>(ckks::CKKSDialect::kSchemeParamName);
    Builder builder(&getContext());
    module->setAttr(
        ckks::CKKSDialect::kSchemeParamName,
        ckks::SchemeParamAttr::get(&getContext(), param.getLogN(),
                                   builder.getDenseI64ArrayAttr(SmallVector<int64_t>(
                                       choice->literal.q.begin(), choice->literal.q.end())),
                                   param.getP(), param.getLogDefaultScale(),
                                   param.getEncryptionType(), param.getEncryptionTechnique()));
    module->setAttr(ckks::CKKSDialect::kBootstrapName,
                    getBootstrapAttr(&getContext(), choice->options));
    return success();
  }

  /// log2 of the longest period: nothing in the program tells two slots at this distance apart.
  int findLogSlots() {
    const int64_t slots = getParameterLiteral(getOperation()).log_n - 1;
    int64_t longest = 2;
    const int64_t most = int64_t{1} << slots;
    const auto requested =
        getOperation()->getAttrOfType<IntegerAttr>("scheme.requested_slot_count");
    const int64_t period = requested ? requested.getValue().getSExtValue() : most;
    getOperation().walk([&](Operation *op) {
      if (auto function = dyn_cast<func::FuncOp>(op)) {
        for (unsigned i = 0; i < function.getNumArguments(); ++i)
          if (isa<lwe::CiphertextType>(function.getArgument(i).getType())) {
            auto attr = function.getArgAttrOfType<IntegerAttr>(i, "kmrt.period");
            longest = std::max(longest, attr ? attr.getValue().getSExtValue() : period);
          }
      } else if (auto encode = dyn_cast<lwe::RLWEEncodeOp>(op)) {
        const auto tensor = dyn_cast<RankedTensorType>(encode.getInput().getType());
        longest = std::max(longest, tensor && tensor.getRank() > 0 ? tensor.getShape().back() : 1);
      } else if (auto transform = dyn_cast<orion::LinearTransformOp>(op)) {
        longest = std::max(
            longest, cast<RankedTensorType>(transform.getDiagonals().getType()).getDimSize(1));
      }
    });
    return static_cast<int>(llvm::Log2_64_Ceil(static_cast<uint64_t>(std::min(longest, most))));
  }
};

} // namespace

} // namespace keymemrt::compiler
