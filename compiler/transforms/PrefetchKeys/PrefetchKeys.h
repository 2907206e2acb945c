// SPDX-License-Identifier: Apache-2.0
// Hints to read keys ahead; documentation is in PrefetchKeys.td.
#pragma once

#include "mlir/Pass/Pass.h"

namespace keymemrt::compiler {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/PrefetchKeys/PrefetchKeys.h.inc"

} // namespace keymemrt::compiler
