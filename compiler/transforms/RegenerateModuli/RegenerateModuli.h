// SPDX-License-Identifier: Apache-2.0
// Replacement of unusable moduli; documentation is in RegenerateModuli.td.
#pragma once

#include "mlir/Pass/Pass.h"

namespace keymemrt::compiler {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/RegenerateModuli/RegenerateModuli.h.inc"

} // namespace keymemrt::compiler
