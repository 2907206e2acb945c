// SPDX-License-Identifier: Apache-2.0
// Liveness of buffers as attributes.

#include "compiler/transforms/AnnotateLiveness/AnnotateLiveness.h"

#include "compiler/analysis/BufferLiveness/BufferLiveness.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace keymemrt::compiler {

#define GEN_PASS_DEF_ANNOTATELIVENESS
#include "compiler/transforms/AnnotateLiveness/AnnotateLiveness.h.inc"

namespace {

struct AnnotateLiveness : impl::AnnotateLivenessBase<AnnotateLiveness> {
  using AnnotateLivenessBase::AnnotateLivenessBase;

  void runOnOperation() override {
    const FailureOr<std::vector<Buffer>> buffers = analyseBuffers(getOperation());
    if (failed(buffers))
      return signalPassFailure();
    Builder builder(&getContext());
    llvm::MapVector<Operation *, SmallVector<int64_t>> liveIn, liveOut;
    for (auto [number, buffer] : llvm::enumerate(*buffers)) {
      SmallVector<int64_t> ranges;
      for (const LiveRange &range : buffer.ranges)
        ranges.append({range.begin, range.end});
      buffer.alloc->setAttr("buffer", builder.getI64IntegerAttr(static_cast<int64_t>(number)));
      buffer.alloc->setAttr("live_ranges", builder.getDenseI64ArrayAttr(ranges));
      for (Operation *op : buffer.liveIn)
        liveIn[op].push_back(static_cast<int64_t>(number));
      for (Operation *op : buffer.liveOut)
        liveOut[op].push_back(static_cast<int64_t>(number));
    }
    for (auto &[op, numbers] : liveIn)
      op->setAttr("live_in", builder.getDenseI64ArrayAttr(numbers));
    for (auto &[op, numbers] : liveOut)
      op->setAttr("live_out", builder.getDenseI64ArrayAttr(numbers));
  }
};

} // namespace

} // namespace keymemrt::compiler
