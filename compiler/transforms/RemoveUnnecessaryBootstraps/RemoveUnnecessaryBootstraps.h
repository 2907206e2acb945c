// SPDX-License-Identifier: Apache-2.0
// Bootstraps without which the levels suffice; documentation is in RemoveUnnecessaryBootstraps.td.
#pragma once

#include "mlir/Pass/Pass.h"

namespace keymemrt::compiler {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/RemoveUnnecessaryBootstraps/RemoveUnnecessaryBootstraps.h.inc"

} // namespace keymemrt::compiler
