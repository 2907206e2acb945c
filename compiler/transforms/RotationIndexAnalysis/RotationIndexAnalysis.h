// SPDX-License-Identifier: Apache-2.0
// Which rotations a program can do; documentation is in RotationIndexAnalysis.td.
#pragma once

#include "mlir/Pass/Pass.h"

namespace keymemrt::compiler {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/RotationIndexAnalysis/RotationIndexAnalysis.h.inc"

} // namespace keymemrt::compiler
