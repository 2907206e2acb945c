// SPDX-License-Identifier: Apache-2.0
// The check of the scheme's parameters.

#include "compiler/transforms/CheckParameters/CheckParameters.h"

#include "compiler/dialect/CKKS/CKKS.h"
#include "mlir/IR/BuiltinOps.h"
#include "scheme/parameters.h"

namespace keymemrt::compiler {

#define GEN_PASS_DEF_CHECKPARAMETERS
#include "compiler/transforms/CheckParameters/CheckParameters.h.inc"

namespace {

struct CheckParameters : impl::CheckParametersBase<CheckParameters> {
  using CheckParametersBase::CheckParametersBase;

  void runOnOperation() override {
    const llvm::StringLiteral name = ckks::CKKSDialect::kSchemeParamName;
    auto param = getOperation()->getAttrOfType<ckks::SchemeParamAttr>(name);
    if (!param) {
      getOperation().emitError("expected the module attribute '")
          << name << "' with the parameters of the scheme";
      return signalPassFailure();
    }
    scheme::ParameterLiteral literal;
    literal.log_n = static_cast<int>(param.getLogN());
    literal.q.assign(param.getQ().asArrayRef().begin(), param.getQ().asArrayRef().end());
    literal.p.assign(param.getP().asArrayRef().begin(), param.getP().asArrayRef().end());
    literal.log_default_scale = static_cast<int>(param.getLogDefaultScale());
    const auto parameters = scheme::Parameters::Create(
        literal, insecure ? scheme::Security::kInsecure : scheme::Security::k128Bit);
    if (!parameters.ok()) {
      getOperation().emitError("unusable '") << name << "': " << parameters.status().message();
      return signalPassFailure();
    }
    markAllAnalysesPreserved();
  }
};

} // namespace

} // namespace keymemrt::compiler
