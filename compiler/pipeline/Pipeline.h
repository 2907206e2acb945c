// SPDX-License-Identifier: Apache-2.0
// The named phases of the compiler. Each builds on the one before:
//
// clang-format off
//   import   one normalised function of checked parameters  check-parameters, normalize, cse
//   ckks     truthful levels and scales, no transforms      infer-levels-and-scales, lower-linear-transform
//   keyed    keys as values with lifetimes                  insert-keys, hoist-rotations, merge-key-lifetimes
//   program  last uses marked: what translate/ takes        insert-clears, verify-program-form
// clang-format on
#pragma once

#include "mlir/Pass/PassManager.h"

#include <string>

namespace keymemrt::compiler {

enum class Phase { Import, Ckks, Keyed, Program };

struct PipelineOptions {
  std::string function;  // to compile; empty: the only one
  bool insecure = false; // accept parameters above the 128-bit bound
};

/// Adds the passes of `phase` alone to `manager`, which runs on a module. The options matter to
/// Phase::Import.
void addPhase(mlir::OpPassManager &manager, Phase phase, const PipelineOptions &options);

/// Adds everything from the input up to and including `last`.
void addPhasesTo(mlir::OpPassManager &manager, Phase last, const PipelineOptions &options);

/// Makes each pass, and the pipelines `keymemrt-to-{import,ckks,keyed,program}`, known to command
/// lines.
void registerPasses();

} // namespace keymemrt::compiler
