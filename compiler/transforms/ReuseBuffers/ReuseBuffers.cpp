// SPDX-License-Identifier: Apache-2.0
// Colouring of the interference graph of buffers.

#include "compiler/transforms/ReuseBuffers/ReuseBuffers.h"

#include "compiler/analysis/BufferLiveness/BufferLiveness.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

#include <algorithm>

using namespace mlir;

namespace keymemrt::compiler {

#define GEN_PASS_DEF_REUSEBUFFERS
#include "compiler/transforms/ReuseBuffers/ReuseBuffers.h.inc"

namespace {

struct ReuseBuffers : impl::ReuseBuffersBase<ReuseBuffers> {
  using ReuseBuffersBase::ReuseBuffersBase;

  void runOnOperation() override {
    FailureOr<std::vector<Buffer>> buffers = analyseBuffers(getOperation());
    if (failed(buffers))
      return signalPassFailure();
    llvm::stable_sort(*buffers, [](const Buffer &a, const Buffer &b) {
      return !a.ranges.empty() &&
             (b.ranges.empty() || a.ranges.front().begin < b.ranges.front().begin);
    });
    std::vector<std::vector<const Buffer *>> slots; // the first one's allocation is the slot's
    uint64_t before = 0, after = 0;
    for (const Buffer &buffer : *buffers) {
      before += buffer.bytes;
      const auto slot = llvm::find_if(slots, [&](const auto &held) {
        return held.front()->alloc->getName() == buffer.alloc->getName() &&
               held.front()->alloc->getResult(0).getType() ==
                   buffer.alloc->getResult(0).getType() &&
               llvm::none_of(held, [&](const Buffer *other) { return interfere(*other, buffer); });
      });
      if (slot != slots.end()) {
        slot->push_back(&buffer);
        continue;
      }
      slots.push_back({&buffer});
      after += buffer.bytes;
    }
    for (const auto &held : slots) {
      if (held.size() == 1)
        continue;
      // Where all of them can see it; freed where the function ends, if at all.
      Operation *alloc = held.front()->alloc;
      alloc->moveBefore(&getOperation().getBody().front().front());
      bool isFreed = false;
      for (const Buffer *buffer : held) {
        for (Operation *user : llvm::make_early_inc_range(buffer->alloc->getUsers()))
          if (isa<memref::DeallocOp>(user)) {
            isFreed = true;
            user->erase();
          }
        if (buffer->alloc == alloc)
          continue;
        buffer->alloc->getResult(0).replaceAllUsesWith(alloc->getResult(0));
        buffer->alloc->erase();
      }
      if (isFreed) {
        OpBuilder builder(getOperation().getBody().front().getTerminator());
        memref::DeallocOp::create(builder, alloc->getLoc(), alloc->getResult(0));
      }
    }
    getOperation().emitRemark() << buffers->size() << " buffers of " << before << " bytes are in "
                                << slots.size() << " of " << after << " bytes";
  }
};

} // namespace

} // namespace keymemrt::compiler
