// SPDX-License-Identifier: Apache-2.0
// The merging of equal key lifetimes.

#include "compiler/transforms/MergeKeyLifetimes/MergeKeyLifetimes.h"

#include "compiler/dialect/KeyMgmt/KeyMgmt.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <algorithm>

using namespace mlir;

namespace keymemrt::compiler {

#define GEN_PASS_DEF_MERGEKEYLIFETIMES
#include "compiler/transforms/MergeKeyLifetimes/MergeKeyLifetimes.h.inc"

namespace {

/// A lifetime within a block. Loads and clears are numbered in program order; a key is alive in the
/// intervals between two successive events i, i+1 for start <= i < end.
struct Lifetime {
  Operation *load;
  Operation *clear;
  size_t start;
  size_t end;
};

/// The lifetimes of `block` that begin and end in it, by end. Keys of unknown index are equal to
/// none.
class Merger {
public:
  Merger(Block &block, unsigned maxLive) : maxLive(maxLive) {
    llvm::DenseMap<Value, std::pair<Operation *, size_t>> open;
    size_t events = 0;
    for (Operation &op : block) {
      if (isa<key_mgmt::LoadKeyOp>(op)) {
        open[op.getResult(0)] = {&op, events++};
      } else if (auto clear = dyn_cast<key_mgmt::ClearKeyOp>(op)) {
        const size_t end = events++;
        if (auto it = open.find(clear.getKey()); it != open.end()) {
          lifetimes.push_back({it->second.first, &op, it->second.second, end});
          open.erase(it);
        }
      }
    }
    live.assign(events, 0);
    for (const Lifetime &lifetime : lifetimes)
      addLive(lifetime.start, lifetime.end);
    for (const auto &[key, load] : open)
      addLive(load.second, events);
  }

  void run() {
    std::sort(lifetimes.begin(), lifetimes.end(),
              [](const auto &a, const auto &b) { return a.start < b.start; });
    llvm::DenseMap<Type, Lifetime *> last;
    for (Lifetime &lifetime : lifetimes) {
      const Type type = lifetime.load->getResult(0).getType();
      if (auto rotKey = dyn_cast<key_mgmt::RotKeyType>(type); rotKey && !rotKey.getRotationIndex())
        continue;
      Lifetime *&previous = last[type];
      if (!previous || previous->end > lifetime.start || !fits(previous->end, lifetime.start)) {
        previous = &lifetime;
        continue;
      }
      addLive(previous->end, lifetime.start);
      lifetime.load->getResult(0).replaceAllUsesWith(previous->load->getResult(0));
      lifetime.load->erase();
      previous->clear->erase();
      previous->clear = lifetime.clear;
      previous->end = lifetime.end;
    }
  }

private:
  void addLive(size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i)
      ++live[i];
  }
  bool fits(size_t begin, size_t end) const {
    return maxLive == 0 || std::all_of(live.begin() + begin, live.begin() + end,
                                       [&](unsigned keys) { return keys < maxLive; });
  }

  unsigned maxLive;
  std::vector<Lifetime> lifetimes;
  std::vector<unsigned> live; // keys alive after event i
};

struct MergeKeyLifetimes : impl::MergeKeyLifetimesBase<MergeKeyLifetimes> {
  using MergeKeyLifetimesBase::MergeKeyLifetimesBase;

  void runOnOperation() override {
    getOperation().walk([&](Block *block) { Merger(*block, maxLiveKeys).run(); });
  }
};

} // namespace

} // namespace keymemrt::compiler
