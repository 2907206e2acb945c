// SPDX-License-Identifier: Apache-2.0
// When buffers (memrefs that a function allocates) hold something that is still read.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <cstdint>
#include <vector>

namespace keymemrt::compiler {

/// Operations of a function are numbered in program order, loops and branches at their beginning
/// and again at their end. From the operation that first writes to the one that last reads, both
/// included.
struct LiveRange {
  int64_t begin, end;
};

struct Buffer {
  mlir::Operation *alloc;
  /// In order, none touching the next.
  std::vector<LiveRange> ranges;
  /// Loops and branches at whose beginning, and at whose end, it is live.
  std::vector<mlir::Operation *> liveIn, liveOut;
  uint64_t bytes; // 0: the size is not known
};

/// The buffers of `function`, in program order. A buffer of one element begins a new range with
/// each write that nothing before it shares; one of several elements has a single range, since a
/// write leaves its other elements. What a loop reads before it writes it, and what it reads of
/// before it, is live throughout the loop.
///
/// Emits errors: a read that nothing is written before on every path; a write that nothing reads; a
/// buffer whose memref is used otherwise than by loads and stores, or that is dynamic.
mlir::FailureOr<std::vector<Buffer>> analyseBuffers(mlir::func::FuncOp function);

/// Whether some time both are live.
bool interfere(const Buffer &a, const Buffer &b);

} // namespace keymemrt::compiler
