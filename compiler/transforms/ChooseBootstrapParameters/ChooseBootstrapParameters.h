// SPDX-License-Identifier: Apache-2.0
// A bootstrap circuit for the module; documentation is in ChooseBootstrapParameters.td.
#pragma once

#include "mlir/Pass/Pass.h"

namespace keymemrt::compiler {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/ChooseBootstrapParameters/ChooseBootstrapParameters.h.inc"

} // namespace keymemrt::compiler
