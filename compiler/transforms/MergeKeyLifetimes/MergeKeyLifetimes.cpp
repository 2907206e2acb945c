// SPDX-License-Identifier: Apache-2.0
// The merging of equal key lifetimes.

#include "compiler/transforms/MergeKeyLifetimes/MergeKeyLifetimes.h"

#include "compiler/analysis/StaticControl/StaticControl.h"
#include "compiler/transforms/MergeKeyLifetimes/KeyTimeline.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

#include <algorithm>

using namespace mlir;

namespace keymemrt::compiler {

#define GEN_PASS_DEF_MERGEKEYLIFETIMES
#include "compiler/transforms/MergeKeyLifetimes/MergeKeyLifetimes.h.inc"

namespace {

/// Where a loop or branch loads a key that may be alive around it instead.
struct Inside {
  SmallVector<Lifetime> always;    // loads of that key
  SmallVector<Lifetime> sometimes; // loads of an index that is that key's in some iterations

  bool empty() const { return always.empty() && sometimes.empty(); }
};

/// Where a block needs a key: from a load to a clear of its own, or inside of a loop or branch.
/// Neither: where it must not be alive.
struct Use {
  std::optional<Lifetime> lifetime;
  Operation *op = nullptr;
  Inside inside;
};

Type join(Type a, Type b) {
  const auto levelA = key_mgmt::getKeyLevel(a), levelB = key_mgmt::getKeyLevel(b);
  if (!levelA || !levelB)
    return key_mgmt::withKeyLevel(a, std::nullopt);
  return key_mgmt::withKeyLevel(a, std::max(*levelA, *levelB));
}

int64_t indexOf(Type key) { return *cast<key_mgmt::RotKeyType>(key).getRotationIndex(); }

/// Whether a number is known in each iteration: it follows from the induction variables of loops
/// with constant bounds.
bool isKnownInEachIteration(Value value) {
  llvm::SetVector<Value> needed;
  needed.insert(value);
  for (size_t i = 0; i < needed.size(); ++i) {
    if (Operation *op = needed[i].getDefiningOp()) {
      if (op->getNumRegions() != 0 || !isMemoryEffectFree(op) || needed.size() > 100)
        return false;
      needed.insert_range(op->getOperands());
      continue;
    }
    Operation *owner = cast<BlockArgument>(needed[i]).getOwner()->getParentOp();
    if (!isLoop(owner) || cast<LoopLikeOpInterface>(owner).getSingleInductionVar() != needed[i])
      return false;
  }
  return true;
}

/// Whether `op` is executed iteration by iteration by whoever proves lifetimes.
bool isExecutedExactly(Operation *op) {
  constexpr int64_t kMostIterations = 1 << 16;
  int64_t iterations = 1;
  for (Operation *parent = op->getParentOp(); !isa<func::FuncOp>(parent);
       parent = parent->getParentOp()) {
    const auto loop = isLoop(parent) ? getStaticLoop(parent, KnownValues()) : std::nullopt;
    if (!loop && !isBranch(parent))
      return false;
    if (loop && (loop->tripCount > kMostIterations ||
                 (iterations *= std::max<int64_t>(loop->tripCount, 1)) > kMostIterations))
      return false;
  }
  return true;
}

class Merger {
public:
  Merger(func::FuncOp function, unsigned maxKeys, uint64_t maxBytes)
      : timeline(function, maxKeys, maxBytes) {}

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

private:
  /// The lifetimes of a block by what key they are of, in program order.
  llvm::MapVector<Type, SmallVector<Use>> getLifetimes(Block &block) const {
    llvm::MapVector<Type, SmallVector<Use>> lifetimes;
    for (auto load : block.getOps<key_mgmt::LoadKeyOp>())
      if (Type identity = timeline.getIdentity(load.getType()))
        if (const std::optional<Lifetime> lifetime = timeline.getLifetime(load))
          lifetimes[identity].push_back({lifetime, nullptr, {}});
    return lifetimes;
  }

  /// nullopt: of some loads in `op` it is not known when they are of that key, or until when.
  std::optional<Inside> getInside(Operation *op, Type identity) const {
    Inside inside;
    const auto visit = [&](Operation *inner) {
      if (!isa<key_mgmt::LoadKeyOp, key_mgmt::AssumeLoadedOp>(inner) ||
          !timeline.mayBe(inner->getResult(0), identity))
        return WalkResult::advance();
      auto load = dyn_cast<key_mgmt::LoadKeyOp>(inner);
      const auto lifetime = load ? timeline.getLifetime(load) : std::nullopt;
      if (!lifetime)
        return WalkResult::interrupt();
      if (timeline.getIdentity(load.getType())) {
        inside.always.push_back(*lifetime);
        return WalkResult::advance();
      }
      // Numbers are compared as they are, so they must not go around.
      const std::optional<IndexRange> range = getIndexRange(load.getIndex());
      if (!load->getAttrOfType<DenseI64ArrayAttr>("indices") || !range ||
          (timeline.slots > 0 && (range->low < 0 || range->high >= timeline.slots)) ||
          !isKnownInEachIteration(load.getIndex()) || !isExecutedExactly(load))
        return WalkResult::interrupt();
      inside.sometimes.push_back(*lifetime);
      return WalkResult::advance();
    };
    if (op->walk(visit).wasInterrupted())
      return std::nullopt;
    return inside;
  }

  /// Whether a key of type `type` may be alive within `span` in place of those of `inside`.
  bool fits(KeyTimeline::Span span, Type type, const Inside &inside) {
    for (Lifetime lifetime : inside.always)
      timeline.remove(lifetime);
    const bool result = timeline.fits(span, type, inside.sometimes);
    for (Lifetime lifetime : inside.always)
      timeline.add(lifetime);
    return result;
  }

  static Type join(Type type, const Inside &inside) {
    for (const auto *list : {&inside.always, &inside.sometimes})
      for (Lifetime lifetime : *list)
        type = compiler::join(
            type, key_mgmt::withKeyLevel(type, key_mgmt::getKeyLevel(lifetime.load.getType())));
    return type;
  }

  /// Takes `key`, alive around them, where the keys of `inside` were loaded.
  void replace(const Inside &inside, Value key) {
    for (Lifetime lifetime : inside.always) {
      timeline.remove(lifetime);
      lifetime.load.getKey().replaceAllUsesWith(key);
      lifetime.clear.erase();
      lifetime.load.erase();
    }
    for (Lifetime lifetime : inside.sometimes)
      loadUnlessEqual(lifetime, key);
  }

  /// Loads and clears in those iterations only whose index is not that of `key`.
  void loadUnlessEqual(Lifetime lifetime, Value key) {
    key_mgmt::LoadKeyOp load = lifetime.load;
    key_mgmt::ClearKeyOp clear = lifetime.clear;
    const Type type = load.getType();
    const Value number = load.getIndex();
    const int64_t index = indexOf(timeline.getIdentity(key.getType()));
    const auto compare = [&](OpBuilder &builder, Operation *at,
                             arith::CmpIPredicate predicate) -> Value {
      Value constant = arith::ConstantOp::create(builder, at->getLoc(),
                                                 builder.getIntegerAttr(number.getType(), index));
      return arith::CmpIOp::create(builder, at->getLoc(), predicate, number, constant);
    };
    OpBuilder builder(load);
    auto choice =
        scf::IfOp::create(builder, load.getLoc(), type,
                          compare(builder, load, arith::CmpIPredicate::eq), /*withElse=*/true);
    load.getKey().replaceAllUsesWith(choice.getResult(0));
    builder.setInsertionPointToEnd(choice.thenBlock());
    Value name = key_mgmt::UseKeyOp::create(builder, load.getLoc(), type, key);
    scf::YieldOp::create(builder, load.getLoc(), name);
    load->moveBefore(choice.elseBlock(), choice.elseBlock()->end());
    builder.setInsertionPointToEnd(choice.elseBlock());
    scf::YieldOp::create(builder, load.getLoc(), load.getKey());
    builder.setInsertionPoint(clear);
    auto rest = scf::IfOp::create(builder, clear.getLoc(),
                                  compare(builder, clear, arith::CmpIPredicate::ne));
    clear->moveBefore(rest.thenBlock(), rest.thenBlock()->begin());
    SmallVector<int64_t> indices;
    for (int64_t other : load->getAttrOfType<DenseI64ArrayAttr>("indices").asArrayRef())
      if (other != index)
        indices.push_back(other);
    load.setIndicesAttr(builder.getDenseI64ArrayAttr(indices));
    // It may be another key's too.
    timeline.setLifetime(lifetime);
  }

  key_mgmt::LoadKeyOp loadBefore(Operation *op, Type type, key_mgmt::LoadKeyOp like) {
    OpBuilder builder(op);
    Value index;
    if (like.getIndex())
      index = arith::ConstantOp::create(
          builder, like.getLoc(), builder.getIntegerAttr(like.getIndex().getType(), indexOf(type)));
    auto load = key_mgmt::LoadKeyOp::create(builder, like.getLoc(), type, index, Attribute());
    timeline.place(load, timeline.begin(op));
    return load;
  }

  key_mgmt::ClearKeyOp clearAfter(Operation *op, Value key, Location location) {
    OpBuilder builder(op);
    builder.setInsertionPointAfter(op);
    auto clear = key_mgmt::ClearKeyOp::create(builder, location, key);
    timeline.place(clear, timeline.end(op));
    return clear;
  }

  /// Makes one lifetime, of `after`, of two that follow each other, of which one at least is no
  /// loop or branch.
  void merge(Use &before, Use &after) {
    const bool isFirst = before.lifetime.has_value(), isLast = after.lifetime.has_value();
    if (!isFirst && !isLast)
      return;
    const Inside inside = !isFirst ? before.inside : !isLast ? after.inside : Inside();
    Type type = isFirst ? before.lifetime->load.getType() : after.lifetime->load.getType();
    if (isFirst && isLast)
      type = compiler::join(type, after.lifetime->load.getType());
    type = join(type, inside);
    const KeyTimeline::Span span = {
        isFirst ? timeline.begin(before.lifetime->clear) : timeline.begin(before.op),
        isLast ? timeline.begin(after.lifetime->load) : timeline.end(after.op)};
    if (span.first >= span.second ? span.first > span.second : !fits(span, type, inside))
      return;
    Lifetime joined;
    joined.load =
        isFirst ? before.lifetime->load : loadBefore(before.op, type, after.lifetime->load);
    joined.clear =
        isLast ? after.lifetime->clear
               : clearAfter(after.op, joined.load.getKey(), before.lifetime->clear.getLoc());
    timeline.add(span, type);
    joined.load.getKey().setType(type);
    replace(inside, joined.load.getKey());
    if (isLast) {
      after.lifetime->load.getKey().replaceAllUsesWith(joined.load.getKey());
      after.lifetime->load.erase();
    }
    if (isFirst)
      before.lifetime->clear.erase();
    timeline.setLifetime(joined);
    // What follows is joined to the longer lifetime.
    after.lifetime = joined;
  }

  void mergeInBlock(Block &block) {
    auto lifetimes = getLifetimes(block);
    SmallVector<Operation *> ops;
    for (Operation &op : block)
      if (op.getNumRegions() != 0)
        ops.push_back(&op);
    struct Gap {
      Use *before, *after;
      uint64_t end;
    };
    SmallVector<Gap> gaps;
    const auto place = [&](const Use &use) {
      return use.lifetime ? timeline.begin(use.lifetime->load) : timeline.begin(use.op);
    };
    for (auto &[identity, uses] : lifetimes) {
      for (Operation *op : ops) {
        std::optional<Inside> inside = getInside(op, identity);
        if (!inside || !inside->empty())
          uses.push_back({std::nullopt, op, inside.value_or(Inside())});
      }
      llvm::sort(uses, [&](const Use &a, const Use &b) { return place(a) < place(b); });
      for (size_t i = 1; i < uses.size(); ++i) {
        const auto isBarrier = [](const Use &use) { return use.op && use.inside.empty(); };
        if (!isBarrier(uses[i - 1]) && !isBarrier(uses[i]))
          gaps.push_back(
              {&uses[i - 1], &uses[i], uses[i].op ? timeline.end(uses[i].op) : place(uses[i])});
      }
    }
    llvm::stable_sort(gaps, [](const Gap &a, const Gap &b) { return a.end < b.end; });
    for (Gap &gap : gaps)
      merge(*gap.before, *gap.after);
  }

  /// Loads before `op` and clears after it what is loaded inside, first by `like`, where that fits.
  void moveAround(Operation *op, Lifetime like) {
    const std::optional<Inside> inside = getInside(op, timeline.getIdentity(like.load.getType()));
    const KeyTimeline::Span span = {timeline.begin(op), timeline.end(op)};
    if (!inside)
      return;
    const Type type = join(like.load.getType(), *inside);
    if (!fits(span, type, *inside))
      return;
    auto load = loadBefore(op, type, like.load);
    timeline.setLifetime({load, clearAfter(op, load.getKey(), like.clear.getLoc())});
    timeline.add(span, type);
    replace(*inside, load.getKey());
  }

  void moveOutOfLoop(Operation *op) {
    // What runs once, or perhaps never, gains nothing.
    const std::optional<StaticLoop> loop = getStaticLoop(op, KnownValues());
    if (loop && loop->tripCount < 2)
      return;
    for (auto &[identity, uses] : getLifetimes(op->getRegion(0).front()))
      moveAround(op, *uses.front().lifetime);
  }

  void moveOutOfBranch(Operation *op) {
    if (op->getRegion(1).empty())
      return;
    auto first = getLifetimes(op->getRegion(0).front()),
         second = getLifetimes(op->getRegion(1).front());
    for (auto &[identity, uses] : first)
      if (second.contains(identity))
        moveAround(op, *uses.front().lifetime);
  }

  KeyTimeline timeline;
};

struct MergeKeyLifetimes : impl::MergeKeyLifetimesBase<MergeKeyLifetimes> {
  using MergeKeyLifetimesBase::MergeKeyLifetimesBase;

  void runOnOperation() override {
    if (!getOperation().isExternal())
      Merger(getOperation(), maxLiveKeys, maxLiveBytes).visit(getOperation().getBody());
  }
};

} // namespace

} // namespace keymemrt::compiler
