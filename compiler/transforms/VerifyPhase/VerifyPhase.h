// SPDX-License-Identifier: Apache-2.0
// The check of what a phase leaves; documentation is in VerifyPhase.td.
#pragma once

#include "mlir/Pass/Pass.h"

namespace keymemrt::compiler {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/VerifyPhase/VerifyPhase.h.inc"

} // namespace keymemrt::compiler
