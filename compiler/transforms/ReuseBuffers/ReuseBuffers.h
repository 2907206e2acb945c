// SPDX-License-Identifier: Apache-2.0
// Buffers that share memory; documentation is in ReuseBuffers.td.
#pragma once

#include "mlir/Pass/Pass.h"

namespace keymemrt::compiler {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/ReuseBuffers/ReuseBuffers.h.inc"

} // namespace keymemrt::compiler
