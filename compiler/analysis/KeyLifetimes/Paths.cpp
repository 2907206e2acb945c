// SPDX-License-Identifier: Apache-2.0
// Loops and branches in the proof of key lifetimes: what is known where paths meet.

#include "compiler/analysis/KeyLifetimes/Checker.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "llvm/ADT/TypeSwitch.h"

#include <algorithm>

using namespace mlir;

namespace keymemrt::compiler::key_lifetimes {

static constexpr int kMostJoins = 64; // a state has few facts and each changes once or twice

//===----------------------------------------------------------------------===//
// Where paths meet
//===----------------------------------------------------------------------===//

KeyId Checker::unify(const State &a, KeyId x, const State &b, KeyId y, State &into) {
  Key key = keys[x];
  if (keys[y].level && (!key.level || *keys[y].level < *key.level))
    key.level = keys[y].level;
  key.bytes = std::max(key.bytes, keys[y].bytes);
  keys.push_back(key);
  const KeyId id = static_cast<KeyId>(keys.size() - 1);
  const Live &first = a.live.at(x), &second = b.live.at(y);
  into.live[id] = {first.index == second.index ? first.index : Index(),
                   first.onSomePathsOnly || second.onSomePathsOnly};
  return id;
}

void Checker::joinCells(const State &a, const State &b, State &into) const {
  for (const auto &[memory, cells] : a.cells) {
    auto other = b.cells.find(memory);
    if (other == b.cells.end())
      continue; // made on one path: out of scope
    std::vector<Names> joined(cells.size());
    for (size_t i = 0; i < cells.size(); ++i)
      if (cells[i] == other->second[i])
        joined[i] = cells[i];
    into.cells[memory] = std::move(joined);
  }
}

SmallVector<Names> Checker::join(const State &a, ArrayRef<Names> first, const State &b,
                                 ArrayRef<Names> second, State &into) {
  llvm::DenseSet<KeyId> paired;
  SmallVector<Names> result;
  const auto onlyIn = [](const State &in, const State &notIn, const Names &name) {
    return name.size() == 1 && in.live.count(name.front()) && !notIn.live.count(name.front());
  };
  for (auto [x, y] : llvm::zip_equal(first, second)) {
    if (x == y) {
      result.push_back(x);
    } else if (x.empty() || y.empty()) {
      result.emplace_back();
    } else if (onlyIn(a, b, x) && onlyIn(b, a, y) && !paired.count(x.front()) &&
               !paired.count(y.front()) && keys[x.front()].kind == keys[y.front()].kind) {
      paired.insert(x.front());
      paired.insert(y.front());
      result.push_back({unify(a, x.front(), b, y.front(), into)});
    } else {
      Names either = x;
      for (KeyId id : y)
        if (!llvm::is_contained(either, id))
          either.push_back(id);
      result.push_back(either);
    }
  }
  // Keys without a name in common that are certainly the same.
  for (const auto &[x, live] : a.live)
    if (!b.live.count(x) && !paired.count(x))
      for (const auto &[y, other] : b.live)
        if (!a.live.count(y) && !paired.count(y) && keys[x].kind == keys[y].kind &&
            certainlyEqual(live.index, other.index)) {
          paired.insert(x);
          paired.insert(y);
          unify(a, x, b, y, into);
          break;
        }
  for (const auto &[id, live] : a.live) {
    if (paired.count(id))
      continue;
    auto other = b.live.find(id);
    if (other == b.live.end())
      into.live[id] = {live.index, true};
    else
      into.live[id] = {live.index == other->second.index ? live.index : Index(),
                       live.onSomePathsOnly || other->second.onSomePathsOnly};
  }
  for (const auto &[id, live] : b.live)
    if (!paired.count(id) && !a.live.count(id))
      into.live[id] = {live.index, true};
  joinCells(a, b, into);
  return result;
}

//===----------------------------------------------------------------------===//
// Control flow
//===----------------------------------------------------------------------===//

bool Checker::concernsKeys(Operation *op) {
  auto [it, isNew] = concerned.try_emplace(op, false);
  if (!isNew)
    return it->second;
  const auto isKeyOp = [](Operation *inner) {
    return isa<key_mgmt::LoadKeyOp, key_mgmt::AssumeLoadedOp>(inner) ||
           llvm::any_of(llvm::concat<const Type>(inner->getOperandTypes(), inner->getResultTypes()),
                        [](Type type) { return key_mgmt::isKey(type) || isKeyMemory(type); });
  };
  bool found = isKeyOp(op);
  for (Region &region : op->getRegions())
    for (Block &block : region)
      for (Operation &inner : block)
        found = concernsKeys(&inner) || found;
  return concerned[op] = found;
}

uint64_t Checker::countSteps(Operation *op) {
  uint64_t count = 0;
  op->walk([&](Operation *) { ++count; });
  return count;
}

void Checker::execute(Block &block) {
  for (Operation &op : block.without_terminator())
    execute(&op);
  if (auto op = dyn_cast<func::ReturnOp>(block.getTerminator()))
    executeReturn(op);
}

void Checker::execute(Operation *op) {
  ++steps;
  if (!concernsKeys(op)) {
    if (op->getNumRegions() == 0)
      known.evaluate(op);
    else
      for (Value result : op->getResults())
        known.set(result, {});
    return;
  }
  for (Value result : op->getResults())
    known.set(result, {});
  llvm::TypeSwitch<Operation *>(op)
      .Case([&](key_mgmt::LoadKeyOp op) { executeLoad(op); })
      .Case([&](key_mgmt::AssumeLoadedOp op) { executeAssume(op); })
      .Case([&](key_mgmt::ClearKeyOp op) { executeClear(op); })
      .Default([&](Operation *op) {
        if (isLoop(op))
          return executeLoop(op);
        if (isBranch(op))
          return executeBranch(op);
        if (llvm::any_of(llvm::concat<const Type>(op->getOperandTypes(), op->getResultTypes()),
                         isKeyMemory))
          return executeMemory(op);
        if (op->getNumRegions() != 0) {
          error(op, "has keys in its regions, whose lifetimes cannot be proved; expected scf.for, "
                    "scf.if, affine.for or affine.if");
          return;
        }
        executeUse(op);
      });
}

/// The names that the terminator of `block` hands on, of each operand.
static SmallVector<Names> handedOn(Block &block, const DenseMap<Value, Names> &names) {
  SmallVector<Names> result;
  for (Value operand : block.getTerminator()->getOperands())
    result.push_back(names.lookup(operand));
  return result;
}

void Checker::executeLoop(Operation *op) {
  auto loop = cast<LoopLikeOpInterface>(op);
  const std::optional<StaticLoop> bounds = getStaticLoop(op, known);
  const uint64_t left = options.mostSteps - std::min(steps, options.mostSteps);
  if (!bounds || static_cast<uint64_t>(bounds->tripCount) > left / countSteps(op))
    return executeUnknownLoop(op);
  SmallVector<Names> carried;
  SmallVector<Attribute> constants;
  for (OpOperand &init : loop.getInitsMutable()) {
    carried.push_back(names.lookup(init.get()));
    constants.push_back(known.get(init.get()));
  }
  Block &body = loop.getLoopRegions().front()->front();
  for (int64_t i = 0; i < bounds->tripCount; ++i) {
    known.setInteger(*loop.getSingleInductionVar(), bounds->lower + i * bounds->step);
    for (auto [argument, name, constant] :
         llvm::zip_equal(loop.getRegionIterArgs(), carried, constants)) {
      names[argument] = name;
      known.set(argument, constant);
    }
    execute(body);
    forgetSymbolsIn(op);
    carried = handedOn(body, names);
    for (auto [operand, constant] : llvm::zip_equal(body.getTerminator()->getOperands(), constants))
      constant = known.get(operand);
  }
  for (auto [result, name, constant] : llvm::zip_equal(op->getResults(), carried, constants)) {
    names[result] = name;
    known.set(result, constant);
  }
}

/// Indices that are computed in `op` are other ones in its next iteration, and after it.
void Checker::forgetSymbolsIn(Operation *op) {
  for (auto &[id, live] : state.live)
    if (live.index.symbol && op->isAncestor(live.index.symbol.getParentBlock()->getParentOp()))
      live.index = Index();
}

void Checker::executeUnknownLoop(Operation *op) {
  auto loop = cast<LoopLikeOpInterface>(op);
  Block &body = loop.getLoopRegions().front()->front();
  known.set(*loop.getSingleInductionVar(), {});
  for (BlockArgument argument : loop.getRegionIterArgs())
    known.set(argument, {});
  SmallVector<Names> carried;
  for (OpOperand &init : loop.getInitsMutable())
    carried.push_back(names.lookup(init.get()));

  // At the head: `state`, with the iteration arguments' names `carried`.
  const auto iterate = [&]() {
    for (auto [argument, name] : llvm::zip_equal(loop.getRegionIterArgs(), carried))
      names[argument] = name;
    const State head = state;
    execute(body);
    forgetSymbolsIn(op);
    SmallVector<Names> handed = handedOn(body, names);
    // What is loaded here must be gone at the end of the iteration, or be handed to the next one.
    for (const auto &[id, live] : std::map(state.live)) {
      if (head.live.count(id) ||
          llvm::any_of(handed, [&](const Names &name) { return name == Names{id}; }))
        continue;
      auto diagnostic =
          error(keys[id].load,
                "[K2] loads a key in a loop that is neither cleared nor handed on at the end of "
                "the iteration");
      if (diagnostic)
        diagnostic->attachNote(op->getLoc()) << "this is the loop";
      state.live.erase(id);
      for (Names &name : handed)
        if (llvm::is_contained(name, id))
          name.clear();
    }
    return std::pair(head, handed);
  };
  ++silent;
  // A key that is carried is one of its own: its name from before the loop is not what it is now.
  const auto firstUnified = static_cast<KeyId>(keys.size());
  for (int i = 0;; ++i) {
    const auto [head, handed] = iterate();
    State joined;
    SmallVector<Names> names = join(head, carried, state, handed, joined);
    // Equal up to the number of a key that was unified again.
    bool isStable = joined.live.size() == head.live.size();
    SmallVector<Names> renamed = names;
    State canonical = joined;
    for (auto [was, is] : llvm::zip_equal(carried, renamed)) {
      if (was == is || was.size() != 1 || is.size() != 1 || was.front() < firstUnified)
        continue;
      auto before = head.live.find(was.front());
      auto after = canonical.live.find(is.front());
      if (before == head.live.end() || after == canonical.live.end() ||
          canonical.live.count(was.front()) || keys[was.front()].level != keys[is.front()].level)
        continue;
      canonical.live[was.front()] = after->second;
      canonical.live.erase(is.front());
      is = was;
    }
    isStable = isStable && canonical == head && renamed == carried;
    if (i == kMostJoins) {
      --silent;
      error(op, "has keys whose lifetimes do not settle; expected the same keys at the end of each "
                "iteration as at its beginning");
      ++silent;
      isStable = true;
    }
    state = isStable ? head : joined;
    if (isStable)
      break;
    carried = names;
  }
  --silent;
  if (silent == 0) {
    State head = state;
    iterate();
    // What an iteration clears that only the first can clear has been reported there.
    for (auto it = head.live.begin(); it != head.live.end();)
      it = it->second.onSomePathsOnly && !state.live.count(it->first) ? head.live.erase(it)
                                                                      : std::next(it);
    state = std::move(head);
  }
  for (auto [result, name] : llvm::zip_equal(op->getResults(), carried))
    names[result] = name;
}

void Checker::executeBranch(Operation *op) {
  const std::optional<bool> condition = getCondition(op, known);
  const auto executeRegion = [&](Region &region) -> SmallVector<Names> {
    if (region.empty())
      return {};
    execute(region.front());
    return handedOn(region.front(), names);
  };
  if (condition) {
    Region &taken = op->getRegion(*condition ? 0 : 1);
    const SmallVector<Names> handed = executeRegion(taken);
    if (op->getNumResults() != 0)
      for (auto [result, name, operand] : llvm::zip_equal(
               op->getResults(), handed, taken.front().getTerminator()->getOperands())) {
        names[result] = name;
        known.set(result, known.get(operand));
      }
    return;
  }
  const State before = state;
  const SmallVector<Names> first = executeRegion(op->getRegion(0));
  const State after = std::move(state);
  state = before;
  const SmallVector<Names> second = executeRegion(op->getRegion(1));
  State joined;
  const SmallVector<Names> results = join(after, first, state, second, joined);
  state = std::move(joined);
  for (auto [result, name] : llvm::zip(op->getResults(), results))
    names[result] = name;
}

} // namespace keymemrt::compiler::key_lifetimes
