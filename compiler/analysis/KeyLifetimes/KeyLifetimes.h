// SPDX-License-Identifier: Apache-2.0
// The proof that every key lives as long as it is needed and no longer.
//
// The function is executed on what is known at compile time: loops with constant bounds iteration
// by iteration, branches with constant conditions one way. For the rest it is a dataflow analysis:
// an unknown branch goes both ways and the states are joined, an unknown loop is iterated to the
// fixed point. A state says which keys are loaded, and for each whether on every path that leads
// here or on some of them only. A key on some paths only can be neither used nor cleared; so what
// is accepted is sound on every path, and where all control flow is constant what is rejected is a
// fault.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <cstdint>
#include <functional>

namespace keymemrt::compiler {

struct KeyLifetimeOptions {
  /// Rotations are modulo this; 0: not known.
  int64_t slots = 0;
  /// The size of a loaded key of this type; empty: sizes are not known.
  std::function<uint64_t(mlir::Type)> bytes;
  /// Operations that are executed one by one; loops beyond are analysed as if their bounds were not
  /// known.
  uint64_t mostSteps = 20'000'000;
};

/// The most keys and bytes loaded at one time, on any path (keys that are loaded on some paths only
/// count), and the loads that reach them; null without any load.
struct KeyPeak {
  uint64_t keys = 0, bytes = 0;
  mlir::Operation *atKeys = nullptr, *atBytes = nullptr;
};

/// Proves for every key that `function` loads:
///
///  - K1: it is loaded when it is used, cleared or named by use_key or assume_loaded, on every
///  path;
///  - K2: it is cleared exactly once on every path, or returned; keys that are arguments are the
///  caller's and
///        are not cleared;
///  - K3: it is not loaded while it is loaded already, nor possibly so;
///  - K4: it is of the index and for the level that the type of each of its names says.
///
/// Emits an error for each violation, with notes at the load, at the clear and at the other paths.
/// Keys may be in memrefs of constant shape. Functions of several blocks, and operations with
/// regions other than scf.for, scf.if, affine.for and affine.if, are errors where keys are in them.
mlir::FailureOr<KeyPeak> checkKeyLifetimes(mlir::func::FuncOp function,
                                           const KeyLifetimeOptions &options);

} // namespace keymemrt::compiler
