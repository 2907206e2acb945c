// SPDX-License-Identifier: Apache-2.0
// Execution of static control flow; documentation is in Flatten.td.
#pragma once

#include "mlir/Pass/Pass.h"

namespace keymemrt::compiler {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/Flatten/Flatten.h.inc"

} // namespace keymemrt::compiler
