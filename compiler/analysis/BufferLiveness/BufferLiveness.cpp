// SPDX-License-Identifier: Apache-2.0
// Live ranges of buffers; see BufferLiveness.h.

#include "compiler/analysis/BufferLiveness/BufferLiveness.h"

#include "compiler/analysis/KeySizes/KeySizes.h"
#include "compiler/analysis/StaticControl/StaticControl.h"
#include "compiler/dialect/KeyMgmt/KeyMgmt.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/ADT/DenseMap.h"

#include <algorithm>

using namespace mlir;

namespace keymemrt::compiler {

namespace {

struct Span {
  int64_t begin, end;
};

class Analysis {
public:
  explicit Analysis(func::FuncOp function) : function(function) {}

  FailureOr<std::vector<Buffer>> run() {
    number(function.getBody());
    std::vector<Buffer> buffers;
    const WalkResult result = function.walk([&](Operation *op) {
      if (!isa<memref::AllocOp, memref::AllocaOp>(op))
        return WalkResult::advance();
      FailureOr<Buffer> buffer = analyse(op);
      if (failed(buffer))
        return WalkResult::interrupt();
      buffers.push_back(std::move(*buffer));
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      return failure();
    return buffers;
  }

private:
  struct Access {
    Operation *op;
    bool isWrite;
    int64_t position;
  };

  void number(Region &region) {
    for (Block &block : region)
      for (Operation &op : block) {
        const int64_t begin = next++;
        for (Region &inner : op.getRegions())
          number(inner);
        spans[&op] = {begin, op.getNumRegions() == 0 ? begin : next++};
      }
  }

  FailureOr<Buffer> analyse(Operation *alloc) {
    auto type = cast<MemRefType>(alloc->getResult(0).getType());
    if (!type.hasStaticShape())
      return alloc->emitOpError("expected a buffer of static shape, found ") << type;
    SmallVector<Access> accesses;
    for (Operation *user : alloc->getUsers()) {
      const bool isWrite = isa<memref::StoreOp, affine::AffineStoreOp>(user);
      if (isWrite || isa<memref::LoadOp, affine::AffineLoadOp>(user))
        accesses.push_back({user, isWrite, spans.lookup(user).begin});
      else if (!isa<memref::DeallocOp>(user))
        return user->emitOpError("uses a buffer otherwise than by loading and storing");
    }
    llvm::sort(accesses, [](const Access &a, const Access &b) { return a.position < b.position; });
    Buffer buffer{alloc, {}, {}, {}, getBytes(type)};
    if (failed(check(alloc, accesses)))
      return failure();
    for (size_t i = 0; i < accesses.size();) {
      size_t end = i + 1;
      while (end < accesses.size() && !startsAnew(accesses, end, type))
        ++end;
      addRange(buffer, ArrayRef(accesses).slice(i, end - i), type.getNumElements() == 1);
      i = end;
    }
    for (const auto &[op, span] : spans)
      if (op->getNumRegions() != 0)
        for (const LiveRange &range : buffer.ranges) {
          if (range.begin < span.begin && span.begin <= range.end)
            buffer.liveIn.push_back(op);
          if (range.begin <= span.end && span.end < range.end)
            buffer.liveOut.push_back(op);
        }
    for (auto *list : {&buffer.liveIn, &buffer.liveOut})
      llvm::sort(*list, [&](Operation *a, Operation *b) {
        return spans.lookup(a).begin < spans.lookup(b).begin;
      });
    return buffer;
  }

  /// The loops and branches around `op`, innermost first, up to where the buffer is allocated.
  static SmallVector<Operation *> getAround(Operation *op, Operation *alloc) {
    SmallVector<Operation *> around;
    for (Operation *parent = op->getParentOp(); parent && parent != alloc->getParentOp();
         parent = parent->getParentOp())
      around.push_back(parent);
    return around;
  }

  /// Each read comes after a write that is done whenever the read is; each write before some read.
  LogicalResult check(Operation *alloc, ArrayRef<Access> accesses) {
    for (const Access &access : accesses) {
      if (!access.isWrite) {
        const bool written = llvm::any_of(accesses, [&](const Access &other) {
          return other.isWrite && other.position < access.position &&
                 isDoneBefore(other.op, access.op, alloc);
        });
        if (!written)
          return access.op->emitOpError("reads a buffer that is not written on every path to here");
        continue;
      }
      const bool isRead = llvm::any_of(accesses, [&](const Access &other) {
        return !other.isWrite &&
               (other.position > access.position || shareLoop(access.op, other.op, alloc));
      });
      if (!isRead)
        return access.op->emitOpError("writes what is never read");
    }
    return success();
  }

  /// Whether `write`, earlier in program order, is done on every path to `read`: all that is around
  /// it and not around the read runs at least once.
  static bool isDoneBefore(Operation *write, Operation *read, Operation *alloc) {
    for (Operation *around : getAround(write, alloc)) {
      if (around->isProperAncestor(read)) {
        // In the same branch region, or one iteration of the same loop.
        return !isBranch(around) || around->getNumRegions() < 2 ||
               write->getParentRegion()->isAncestor(read->getParentRegion()) ||
               regionIn(around, write) == regionIn(around, read);
      }
      const std::optional<StaticLoop> loop = getStaticLoop(around, KnownValues());
      if (!loop || loop->tripCount < 1)
        return false;
    }
    return true;
  }
  static Region *regionIn(Operation *around, Operation *op) {
    Region *region = op->getParentRegion();
    while (region->getParentOp() != around)
      region = region->getParentOp()->getParentRegion();
    return region;
  }
  static bool shareLoop(Operation *a, Operation *b, Operation *alloc) {
    return llvm::any_of(getAround(a, alloc), [&](Operation *around) {
      return isLoop(around) && around->isProperAncestor(b);
    });
  }

  /// Whether access `i` is a write after which nothing of what was before it is read.
  static bool startsAnew(ArrayRef<Access> accesses, size_t i, MemRefType type) {
    if (!accesses[i].isWrite || type.getNumElements() != 1)
      return false;
    // On one path only, it leaves what the others read; in a loop, what the iteration before left.
    Operation *parent = accesses[i].op->getParentOp();
    return llvm::all_of(accesses,
                        [&](const Access &other) {
                          return parent->isProperAncestor(other.op) || isa<func::FuncOp>(parent);
                        }) &&
           (isa<func::FuncOp>(parent) || isLoop(parent));
  }

  void addRange(Buffer &buffer, ArrayRef<Access> accesses, bool isSingle) {
    LiveRange range{accesses.front().position, accesses.back().position};
    // A loop that reads what is from before it, or from its iteration before, needs it throughout.
    for (bool changed = true; changed;) {
      changed = false;
      for (const Access &access : accesses)
        for (Operation *around : getAround(access.op, buffer.alloc)) {
          const Span span = spans.lookup(around);
          const auto *first = llvm::find_if(
              accesses, [&](const Access &other) { return around->isProperAncestor(other.op); });
          const bool isLocal = isSingle && isLoop(around) && first->isWrite &&
                               span.begin < range.begin && range.end < span.end &&
                               first->op->getParentOp() == around;
          if (isLocal || !isLoop(around) || (range.begin <= span.begin && span.end <= range.end))
            continue;
          range = {std::min(range.begin, span.begin), std::max(range.end, span.end)};
          changed = true;
        }
    }
    if (!buffer.ranges.empty() && range.begin <= buffer.ranges.back().end)
      buffer.ranges.back().end = std::max(buffer.ranges.back().end, range.end);
    else
      buffer.ranges.push_back(range);
  }

  uint64_t getBytes(MemRefType type) {
    const Type element = type.getElementType();
    uint64_t size = 0;
    if (element.isIntOrFloat())
      size = (element.getIntOrFloatBitWidth() + 7) / 8;
    else if (element.isIndex())
      size = 8;
    else if (auto ciphertext = dyn_cast<lwe::CiphertextType>(element);
             ciphertext && ciphertext.getLevel())
      size = static_cast<uint64_t>(ciphertext.getSize() * (*ciphertext.getLevel() + 1)) * 16 *
             static_cast<uint64_t>(getSlots(function));
    return size * static_cast<uint64_t>(type.getNumElements());
  }

  func::FuncOp function;
  llvm::DenseMap<Operation *, Span> spans;
  int64_t next = 0;
};

} // namespace

FailureOr<std::vector<Buffer>> analyseBuffers(func::FuncOp function) {
  return Analysis(function).run();
}

bool interfere(const Buffer &a, const Buffer &b) {
  return llvm::any_of(a.ranges, [&](const LiveRange &x) {
    return llvm::any_of(b.ranges,
                        [&](const LiveRange &y) { return x.begin <= y.end && y.begin <= x.end; });
  });
}

} // namespace keymemrt::compiler
