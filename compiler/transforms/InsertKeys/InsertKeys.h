// SPDX-License-Identifier: Apache-2.0
// Key lifetimes around each key switch; documentation is in InsertKeys.td.
#pragma once

#include "mlir/Pass/Pass.h"

namespace keymemrt::compiler {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/InsertKeys/InsertKeys.h.inc"

} // namespace keymemrt::compiler
