// SPDX-License-Identifier: Apache-2.0
// A straight-line function as a placement problem.
#pragma once

#include "compiler/analysis/BootstrapPlacement/BootstrapPlacement.h"
#include "compiler/analysis/Levels/Levels.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace keymemrt::compiler {

struct FunctionPlacement {
  PlacementProblem problem;
  llvm::SmallVector<mlir::Value> values; // of its nodes
};

/// Of a function as normalize leaves it, with the levels that infer-levels-and-scales gives it: a
/// product of any kind and a linear transform take one, a series those of its degree. Levels for
/// the repair of unequal scales are not foreseen.
FunctionPlacement makePlacementProblem(mlir::func::FuncOp function, const Chain &chain);

} // namespace keymemrt::compiler
