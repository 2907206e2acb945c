// SPDX-License-Identifier: Apache-2.0
// The import of a straight-line program; documentation is in Normalize.td.
#pragma once

#include "mlir/Pass/Pass.h"

namespace keymemrt::compiler {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/Normalize/Normalize.h.inc"

} // namespace keymemrt::compiler
