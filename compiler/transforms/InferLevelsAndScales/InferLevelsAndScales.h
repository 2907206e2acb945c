// SPDX-License-Identifier: Apache-2.0
// Inference of levels and scales, with the placing of rescales; documentation is in
// InferLevelsAndScales.td.
#pragma once

#include "mlir/Pass/Pass.h"

namespace keymemrt::compiler {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/InferLevelsAndScales/InferLevelsAndScales.h.inc"

} // namespace keymemrt::compiler
