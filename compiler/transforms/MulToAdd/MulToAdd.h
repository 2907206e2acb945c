// SPDX-License-Identifier: Apache-2.0
// Multiplications as additions; documentation is in MulToAdd.td.
#pragma once

#include "mlir/Pass/Pass.h"

namespace keymemrt::compiler {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/MulToAdd/MulToAdd.h.inc"

} // namespace keymemrt::compiler
