// SPDX-License-Identifier: Apache-2.0
// One decomposition for all rotations of a ciphertext; documentation is in HoistRotations.td.
#pragma once

#include "mlir/Pass/Pass.h"

namespace keymemrt::compiler {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/HoistRotations/HoistRotations.h.inc"

} // namespace keymemrt::compiler
