// SPDX-License-Identifier: Apache-2.0
// Baby-step giant-step over explicit diagonals; documentation is in LowerLinearTransform.td.
#pragma once

#include "mlir/Pass/Pass.h"

namespace keymemrt::compiler {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/LowerLinearTransform/LowerLinearTransform.h.inc"

} // namespace keymemrt::compiler
