// SPDX-License-Identifier: Apache-2.0
// Programs as calls of OpenFHE; documentation is in LowerToOpenFHE.td.
#pragma once

#include "mlir/Pass/Pass.h"

namespace keymemrt::compiler {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/LowerToOpenFHE/LowerToOpenFHE.h.inc"

} // namespace keymemrt::compiler
