// SPDX-License-Identifier: Apache-2.0
// When buffers are live; documentation is in AnnotateLiveness.td.
#pragma once

#include "mlir/Pass/Pass.h"

namespace keymemrt::compiler {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/AnnotateLiveness/AnnotateLiveness.h.inc"

} // namespace keymemrt::compiler
