// SPDX-License-Identifier: Apache-2.0
// Levels of keys; documentation is in AnnotateKeyLevels.td.
#pragma once

#include "mlir/Pass/Pass.h"

namespace keymemrt::compiler {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/AnnotateKeyLevels/AnnotateKeyLevels.h.inc"

} // namespace keymemrt::compiler
