// SPDX-License-Identifier: Apache-2.0
// Bootstraps as their stages; documentation is in ExpandBootstrap.td.
#pragma once

#include "mlir/Pass/Pass.h"

namespace keymemrt::compiler {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/ExpandBootstrap/ExpandBootstrap.h.inc"

} // namespace keymemrt::compiler
