// SPDX-License-Identifier: Apache-2.0
// The check of what can be translated to a program; documentation is in VerifyProgramForm.td.
#pragma once

#include "mlir/Pass/Pass.h"

namespace keymemrt::compiler {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/VerifyProgramForm/VerifyProgramForm.h.inc"

} // namespace keymemrt::compiler
