// SPDX-License-Identifier: Apache-2.0
// The merging of equal key lifetimes.

#include "compiler/transforms/MergeKeyLifetimes/MergeKeyLifetimes.h"

#include "compiler/analysis/KeySizes/KeySizes.h"
#include "compiler/analysis/StaticControl/StaticControl.h"
#include "compiler/dialect/KeyMgmt/KeyMgmt.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/MapVector.h"

#include <algorithm>

using namespace mlir;

namespace keymemrt::compiler {

#define GEN_PASS_DEF_MERGEKEYLIFETIMES
#include "compiler/transforms/MergeKeyLifetimes/MergeKeyLifetimes.h.inc"

namespace {

/// A key that is loaded and cleared in one block, and used in between only (also deeper inside), by
/// its own name.
struct Lifetime {
  key_mgmt::LoadKeyOp load;
  key_mgmt::ClearKeyOp clear;
};

/// The lifetimes of a function on the line of its events: loads, clears, and both ends of loops and
/// branches, in program order. A key of a loop body is alive between its events only; one from
/// outside, throughout.
class Merger {
public:
  Merger(func::FuncOp function, unsigned maxKeys, uint64_t maxBytes)
      : function(function), slots(getSlots(function)), maxKeys(maxKeys), maxBytes(maxBytes) {
    if (maxBytes != 0)
      bytes = getKeySizes(function);
    uint64_t events = 0;
    number(function.getBody(), events);
    keys.assign(events + 1, 0);
    byteCounts.assign(events + 1, 0);
    function.walk([&](Operation *op) {
      if (isa<key_mgmt::LoadKeyOp, key_mgmt::AssumeLoadedOp>(op))
        place(op->getResult(0));
    });
    for (BlockArgument argument : function.getArguments())
      if (key_mgmt::isKey(argument.getType()))
        place(argument);
  }

  void run() { visit(function.getBody()); }

private:
  using Span = std::pair<uint64_t, uint64_t>; // events

  int64_t reduce(int64_t index) const {
    return slots > 0 ? (index % slots + slots) % slots : index;
  }

  /// What equal keys have in common: kind and index, modulo the slots where they are known. Null: a
  /// rotation key of unknown index.
  Type getIdentity(Type key) const {
    auto rotKey = dyn_cast<key_mgmt::RotKeyType>(key);
    if (!rotKey)
      return key_mgmt::withKeyLevel(key, std::nullopt);
    if (!rotKey.getRotationIndex())
      return {};
    return key_mgmt::RotKeyType::get(key.getContext(), reduce(*rotKey.getRotationIndex()),
                                     std::nullopt, rotKey.getShape());
  }

  void number(Region &region, uint64_t &events) {
    for (Block &block : region)
      for (Operation &op : block) {
        const uint64_t begin = events;
        if (op.getNumRegions() != 0) {
          ++events;
          for (Region &inner : op.getRegions())
            number(inner, events);
          ++events;
        } else if (isa<key_mgmt::LoadKeyOp, key_mgmt::ClearKeyOp, key_mgmt::AssumeLoadedOp>(op)) {
          ++events;
        } else if (!op.hasTrait<OpTrait::IsTerminator>()) {
          continue;
        }
        positions[&op] = {begin, events};
      }
    positions[region.getParentOp()] = {positions.lookup(region.getParentOp()).first, events};
  }

  /// The clear of a load's key, where both are in one block and the key has no other name.
  static std::optional<Lifetime> getLifetime(key_mgmt::LoadKeyOp load) {
    key_mgmt::ClearKeyOp clear;
    for (Operation *user : load->getUsers()) {
      if (user->hasTrait<OpTrait::IsTerminator>() || user->getNumRegions() != 0)
        return std::nullopt;
      for (Type type : user->getResultTypes())
        if (key_mgmt::isKey(type))
          return std::nullopt;
      if (auto found = dyn_cast<key_mgmt::ClearKeyOp>(user)) {
        if (clear)
          return std::nullopt;
        clear = found;
      } else if (user->getName().getDialectNamespace() != "key_mgmt") {
        return std::nullopt;
      }
    }
    if (!clear || clear->getBlock() != load->getBlock())
      return std::nullopt;
    return Lifetime{load, clear};
  }

  /// Counts a key from its load to its clear, or as long as it may be alive.
  void place(Value key) {
    Operation *op = key.getDefiningOp();
    auto load = dyn_cast<key_mgmt::LoadKeyOp>(op);
    const std::optional<Lifetime> lifetime = load ? getLifetime(load) : std::nullopt;
    const Span span =
        lifetime ? Span{positions.lookup(load).first, positions.lookup(lifetime->clear).first}
                 : Span{0, keys.size() - 1};
    add(span.first, span.second, key.getType());
    if (!lifetime || !getIdentity(key.getType()))
      others.push_back({span, key});
  }

  void add(uint64_t begin, uint64_t end, Type key) {
    const uint64_t size = bytes ? bytes(key) : 0;
    for (uint64_t i = begin; i < end; ++i) {
      ++keys[i];
      byteCounts[i] += size;
    }
  }

  bool fits(Span span, Type key) const {
    const uint64_t size = bytes ? bytes(key) : 0;
    for (uint64_t i = span.first; i < span.second; ++i)
      if ((maxKeys != 0 && keys[i] >= maxKeys) || (bytes && byteCounts[i] + size > maxBytes))
        return false;
    return llvm::none_of(others, [&](const auto &other) {
      return other.first.first < span.second && span.first < other.first.second &&
             mayBe(other.second, getIdentity(key));
    });
  }

  /// Whether `key` can be the one of `identity`: by its type, or by what rotation-index-analysis
  /// has found out.
  bool mayBe(Value key, Type identity) const {
    if (Type known = getIdentity(key.getType()))
      return known == identity;
    auto rotKey = dyn_cast<key_mgmt::RotKeyType>(identity);
    if (!rotKey)
      return false;
    Operation *load = key.getDefiningOp();
    auto indices = load ? load->getAttrOfType<DenseI64ArrayAttr>("indices") : DenseI64ArrayAttr();
    return !indices || llvm::any_of(indices.asArrayRef(), [&](int64_t index) {
      return reduce(index) == *rotKey.getRotationIndex();
    });
  }

  void visit(Region &region) {
    for (Block &block : region) {
      for (Operation &op : llvm::make_early_inc_range(block)) {
        for (Region &inner : op.getRegions())
          visit(inner);
        if (isLoop(&op))
          moveOutOfLoop(&op);
        else if (isBranch(&op))
          moveOutOfBranch(&op);
      }
      mergeInBlock(block);
    }
  }

  /// The lifetimes of a block by what key they are of, in program order.
  llvm::MapVector<Type, SmallVector<Lifetime>> getLifetimes(Block &block) const {
    llvm::MapVector<Type, SmallVector<Lifetime>> lifetimes;
    for (auto load : block.getOps<key_mgmt::LoadKeyOp>())
      if (Type identity = getIdentity(load.getType()))
        if (const std::optional<Lifetime> lifetime = getLifetime(load))
          lifetimes[identity].push_back(*lifetime);
    return lifetimes;
  }

  /// Whether a key is loaded, or named without its load, inside of `op` other than by `known`.
  bool isLoadedInside(Operation *op, Type identity, ArrayRef<Lifetime> known) const {
    return op
        ->walk([&](Operation *inner) {
          if (!isa<key_mgmt::LoadKeyOp, key_mgmt::AssumeLoadedOp>(inner) ||
              llvm::any_of(known, [&](const Lifetime &lifetime) { return lifetime.load == inner; }))
            return WalkResult::advance();
          return mayBe(inner->getResult(0), identity) ? WalkResult::interrupt()
                                                      : WalkResult::advance();
        })
        .wasInterrupted();
  }

  void mergeInBlock(Block &block) {
    struct Gap {
      Lifetime *before, *after;
    };
    auto lifetimes = getLifetimes(block);
    SmallVector<Gap> gaps;
    for (auto &[identity, list] : lifetimes)
      for (size_t i = 1; i < list.size(); ++i)
        gaps.push_back({&list[i - 1], &list[i]});
    llvm::sort(gaps, [&](const Gap &a, const Gap &b) {
      return positions.lookup(a.after->load).first < positions.lookup(b.after->load).first;
    });
    for (Gap &gap : gaps) {
      Lifetime &before = *gap.before, &after = *gap.after;
      const Span span = {positions.lookup(before.clear).first, positions.lookup(after.load).first};
      const Type type = join(before.load.getType(), after.load.getType());
      if (span.first >= span.second ? span.first > span.second : !fits(span, type))
        continue;
      // Between the two the key must not be loaded, deeper inside, a second time.
      if (isLoadedBetween(before.clear, after.load, getIdentity(type)))
        continue;
      add(span.first, span.second, type);
      before.load.getKey().setType(type);
      after.load.getKey().replaceAllUsesWith(before.load.getKey());
      before.clear.erase();
      after.load.erase();
      // What follows is joined to the longer lifetime.
      after.load = before.load;
    }
  }

  bool isLoadedBetween(Operation *begin, Operation *end, Type identity) const {
    for (Operation *op = begin->getNextNode(); op != end; op = op->getNextNode())
      if (op->getNumRegions() != 0 && isLoadedInside(op, identity, {}))
        return true;
    return false;
  }

  static Type join(Type a, Type b) {
    const auto levelA = key_mgmt::getKeyLevel(a), levelB = key_mgmt::getKeyLevel(b);
    if (!levelA || !levelB)
      return key_mgmt::withKeyLevel(a, std::nullopt);
    return key_mgmt::withKeyLevel(a, std::max(*levelA, *levelB));
  }

  /// Loads before `op` and clears after it what `lifetimes`, one or several inside, did.
  void moveAround(Operation *op, ArrayRef<Lifetime> lifetimes) {
    OpBuilder builder(op);
    Lifetime first = lifetimes.front();
    Type type = first.load.getType();
    for (Lifetime lifetime : lifetimes)
      type = join(type, lifetime.load.getType());
    Value index;
    if (first.load.getIndex())
      index = arith::ConstantOp::create(
          builder, first.load.getLoc(),
          builder.getIntegerAttr(first.load.getIndex().getType(),
                                 *cast<key_mgmt::RotKeyType>(type).getRotationIndex()));
    auto load = key_mgmt::LoadKeyOp::create(builder, first.load.getLoc(), type, index, Attribute());
    builder.setInsertionPointAfter(op);
    auto clear = key_mgmt::ClearKeyOp::create(builder, first.clear.getLoc(), load.getKey());
    const Span span = positions.lookup(op);
    positions[load] = {span.first, span.first};
    positions[clear] = {span.second, span.second};
    // Where they were alive they are counted already; once more is on the safe side.
    add(span.first, span.second, type);
    for (Lifetime lifetime : lifetimes) {
      remove(lifetime);
      lifetime.load.getKey().replaceAllUsesWith(load.getKey());
      lifetime.clear.erase();
      lifetime.load.erase();
    }
  }

  void remove(Lifetime lifetime) {
    const uint64_t size = bytes ? bytes(lifetime.load.getType()) : 0;
    for (uint64_t i = positions.lookup(lifetime.load).first;
         i < positions.lookup(lifetime.clear).first; ++i) {
      --keys[i];
      byteCounts[i] -= size;
    }
  }

  /// Whether the lifetimes inside of `op` may become one around it.
  bool mayMove(Operation *op, ArrayRef<Lifetime> lifetimes) {
    Lifetime first = lifetimes.front();
    const Type type = first.load.getType();
    if (isLoadedInside(op, getIdentity(type), lifetimes))
      return false;
    for (Lifetime lifetime : lifetimes)
      remove(lifetime);
    const bool result = fits(positions.lookup(op), type);
    for (Lifetime lifetime : lifetimes)
      add(positions.lookup(lifetime.load).first, positions.lookup(lifetime.clear).first,
          lifetime.load.getType());
    return result;
  }

  void moveOutOfLoop(Operation *op) {
    // What runs once, or perhaps never, gains nothing.
    const std::optional<StaticLoop> loop = getStaticLoop(op, KnownValues());
    if (loop && loop->tripCount < 2)
      return;
    for (auto &[identity, list] : getLifetimes(op->getRegion(0).front()))
      if (mayMove(op, list))
        moveAround(op, list);
  }

  void moveOutOfBranch(Operation *op) {
    if (op->getRegion(1).empty())
      return;
    auto first = getLifetimes(op->getRegion(0).front()),
         second = getLifetimes(op->getRegion(1).front());
    for (auto &[identity, list] : first) {
      auto *it = second.find(identity);
      if (it == second.end())
        continue;
      SmallVector<Lifetime> both(list);
      llvm::append_range(both, it->second);
      if (mayMove(op, both))
        moveAround(op, both);
    }
  }

  func::FuncOp function;
  const int64_t slots;
  const unsigned maxKeys;
  const uint64_t maxBytes;
  std::function<uint64_t(Type)> bytes;
  llvm::DenseMap<Operation *, Span> positions;
  // Between events i and i + 1.
  std::vector<unsigned> keys;
  std::vector<uint64_t> byteCounts;
  std::vector<std::pair<Span, Value>> others; // keys without a lifetime that can be moved
};

struct MergeKeyLifetimes : impl::MergeKeyLifetimesBase<MergeKeyLifetimes> {
  using MergeKeyLifetimesBase::MergeKeyLifetimesBase;

  void runOnOperation() override {
    if (getOperation().isExternal())
      return;
    Merger(getOperation(), maxLiveKeys, maxLiveBytes).run();
  }
};

} // namespace

} // namespace keymemrt::compiler
