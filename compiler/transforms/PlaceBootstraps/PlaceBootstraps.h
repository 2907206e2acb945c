// SPDX-License-Identifier: Apache-2.0
// Bootstraps where levels run out; documentation is in PlaceBootstraps.td.
#pragma once

#include "mlir/Pass/Pass.h"

namespace keymemrt::compiler {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/PlaceBootstraps/PlaceBootstraps.h.inc"

} // namespace keymemrt::compiler
