// SPDX-License-Identifier: Apache-2.0
// Rescales where products need them; documentation is in PlaceRescales.td.
#pragma once

#include "mlir/Pass/Pass.h"

namespace keymemrt::compiler {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/PlaceRescales/PlaceRescales.h.inc"

} // namespace keymemrt::compiler
