// SPDX-License-Identifier: Apache-2.0
// Inference of levels and scales, with the placing of rescales; documentation is in
// InferLevelsAndScales.td.
#pragma once

#include "compiler/analysis/Levels/Levels.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace keymemrt::compiler {

/// What the pass does with one function, of one block. On failure an error has been emitted.
mlir::LogicalResult inferLevelsAndScales(mlir::func::FuncOp function, const Chain &chain);

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/InferLevelsAndScales/InferLevelsAndScales.h.inc"

} // namespace keymemrt::compiler
