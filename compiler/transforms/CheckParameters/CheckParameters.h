// SPDX-License-Identifier: Apache-2.0
// The check of the scheme's parameters; documentation is in CheckParameters.td.
#pragma once

#include "mlir/Pass/Pass.h"

namespace keymemrt::compiler {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/CheckParameters/CheckParameters.h.inc"

} // namespace keymemrt::compiler
