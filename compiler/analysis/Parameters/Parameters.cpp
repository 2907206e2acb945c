// SPDX-License-Identifier: Apache-2.0
// The module's parameters as those of the scheme; see Parameters.h.

#include "compiler/analysis/Parameters/Parameters.h"

#include "compiler/dialect/CKKS/CKKS.h"

using namespace mlir;

namespace keymemrt::compiler {

constexpr llvm::StringLiteral kName = ckks::CKKSDialect::kSchemeParamName;

scheme::ParameterLiteral getParameterLiteral(ModuleOp module) {
  auto param = module->getAttrOfType<ckks::SchemeParamAttr>(kName);
  scheme::ParameterLiteral literal;
  literal.log_n = static_cast<int>(param.getLogN());
  literal.q.assign(param.getQ().asArrayRef().begin(), param.getQ().asArrayRef().end());
  literal.p.assign(param.getP().asArrayRef().begin(), param.getP().asArrayRef().end());
  literal.log_default_scale = static_cast<int>(param.getLogDefaultScale());
  if (auto weight = module->getAttrOfType<IntegerAttr>(ckks::CKKSDialect::kSecretWeightName))
    literal.secret_weight = static_cast<int>(weight.getValue().getSExtValue());
  if (auto bootstrap =
          module->getAttrOfType<ckks::BootstrapAttr>(ckks::CKKSDialect::kBootstrapName))
    literal.ephemeral_weight = static_cast<int>(bootstrap.getEphemeralWeight());
  return literal;
}

FailureOr<scheme::Parameters> getParameters(ModuleOp module, scheme::Security security) {
  if (!module->getAttrOfType<ckks::SchemeParamAttr>(kName))
    return module.emitError("expected the module attribute '")
           << kName << "' with the parameters of the scheme";
  auto parameters = scheme::Parameters::Create(getParameterLiteral(module), security);
  if (!parameters.ok())
    return module.emitError("unusable '") << kName << "': " << parameters.status().message();
  return *std::move(parameters);
}

FailureOr<scheme::Parameters> getParametersAround(Operation *op) {
  auto module = op->getParentOfType<ModuleOp>();
  if (!module)
    return op->emitOpError("expected a module around it");
  return getParameters(module, scheme::Security::kInsecure);
}

} // namespace keymemrt::compiler
