// SPDX-License-Identifier: Apache-2.0
// The end of each value's lifetime at its last use; documentation is in InsertClears.td.
#pragma once

#include "mlir/Pass/Pass.h"

namespace keymemrt::compiler {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/InsertClears/InsertClears.h.inc"

} // namespace keymemrt::compiler
