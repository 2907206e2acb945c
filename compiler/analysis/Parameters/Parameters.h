// SPDX-License-Identifier: Apache-2.0
// The module's parameters as those of the scheme.
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "scheme/parameters.h"

namespace keymemrt::compiler {

/// What the module attribute `ckks.schemeParam` says, and the weights of secrets that
/// `kmrt.secret_weight` and `kmrt.bootstrap` do, unchecked. REQUIRES: the first is there.
scheme::ParameterLiteral getParameterLiteral(mlir::ModuleOp module);

/// The checked parameters. Emits an error at the module where there are none or they are unusable.
mlir::FailureOr<scheme::Parameters> getParameters(mlir::ModuleOp module, scheme::Security security);
/// Those of the module around `op`, whose security is check-parameters' matter.
mlir::FailureOr<scheme::Parameters> getParametersAround(mlir::Operation *op);

} // namespace keymemrt::compiler
