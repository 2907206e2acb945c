// SPDX-License-Identifier: Apache-2.0
// The named phases of the compiler. Each builds on the one before, and ends with a check of what it
// leaves (verify-phase; of the last one verify-program-form):
//
//   import   one straight-line function of checked parameters, one spelling of each operation
//   ckks     truthful levels and scales, arithmetic only
//   keyed    keys as values with lifetimes
//   planned  lifetimes merged; last uses of all values marked
//   program  what translate/ takes
//
// Their passes are listed in docs/compiler.md and in Pipeline.cpp.
#pragma once

#include "mlir/Pass/PassManager.h"

#include <optional>
#include <string>

namespace keymemrt::compiler {

enum class Phase { Import, Ckks, Keyed, Planned, Program };

inline constexpr Phase kPhases[] = {Phase::Import, Phase::Ckks, Phase::Keyed, Phase::Planned,
                                    Phase::Program};

/// "import" and so on.
llvm::StringRef getPhaseName(Phase phase);
std::optional<Phase> getPhase(llvm::StringRef name);

struct PipelineOptions {
  std::string function;             // to compile; empty: the only one
  bool insecure = false;            // accept parameters above the 128-bit bound
  bool strictTypes = false;         // insist on the levels and scales in the input's types
  bool regenerateModuli = false;    // replace moduli that are no NTT primes
  uint64_t mostSteps = 100'000'000; // of executing control flow, before compilation is given up
  // Forms of linear transforms that have none of their own (lower-linear-transform), and of
  // bootstrapping's.
  std::string transformForm = "bsgs";
  std::string bootstrapForm = "double_hoisted";
  int bootstrapBabySteps = 0; // of each stage of bootstrapping (expand-bootstrap)
  // Where not empty: all of these are chosen over the whole program, by time, memory or upload, for
  // so many bytes of slots (choose-key-set).
  std::string optimize;
  uint64_t memory = 0;
  bool opaqueBootstrap = false; // leave each ckks.bootstrap whole; no program holds one
};

/// Adds the passes of `phase` alone to `manager`, which runs on a module.
void addPhase(mlir::OpPassManager &manager, Phase phase, const PipelineOptions &options);

/// Adds everything from the input up to and including `last`.
void addPhasesTo(mlir::OpPassManager &manager, Phase last, const PipelineOptions &options);

/// Makes each pass, and the pipelines `keymemrt-to-{import,ckks,keyed,planned,program}`, known to
/// command lines.
void registerPasses();

} // namespace keymemrt::compiler
