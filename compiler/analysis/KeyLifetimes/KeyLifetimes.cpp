// SPDX-License-Identifier: Apache-2.0
// The proof of key lifetimes; see KeyLifetimes.h.

#include "compiler/analysis/KeyLifetimes/KeyLifetimes.h"

#include "compiler/analysis/StaticControl/StaticControl.h"
#include "compiler/dialect/KeyMgmt/KeyMgmt.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/TypeSwitch.h"

#include <algorithm>
#include <map>

using namespace mlir;

namespace keymemrt::compiler {

namespace {

using KeyId = unsigned;

/// Which key of its kind: of rotation keys.
struct Index {
  std::optional<int64_t> constant;
  Value symbol; // the index as an SSA value, where it is no constant and still the same

  bool operator==(const Index &) const = default;
  bool isKnown() const { return constant || symbol; }
};

/// What a load has made. Facts that do not change.
struct Key {
  Type kind;                    // without index and level
  std::optional<int64_t> level; // good up to this; nullopt: all
  uint64_t bytes = 0;
  Operation *load = nullptr; // null: an argument
  Location location;
};

/// A key that is loaded now.
struct Live {
  Index index;
  bool onSomePathsOnly = false;

  bool operator==(const Live &) const = default;
};

/// A name of a key; none: of a key whose fault has been reported; several: of one of them.
using Names = SmallVector<KeyId, 1>;

struct State {
  std::map<KeyId, Live> live;
  DenseMap<Value, std::vector<Names>> cells; // of memrefs

  bool operator==(const State &other) const {
    return live == other.live && llvm::all_of(cells, [&](const auto &entry) {
             auto it = other.cells.find(entry.first);
             return it != other.cells.end() && it->second == entry.second;
           });
  }
};

bool isKeyMemory(Type type) {
  auto memref = dyn_cast<MemRefType>(type);
  return memref && key_mgmt::isKey(memref.getElementType());
}

constexpr int64_t kMostCells = 1 << 20;
constexpr int kMostJoins = 64; // a state has few facts and each changes once or twice

class Checker {
public:
  Checker(func::FuncOp function, const KeyLifetimeOptions &options)
      : function(function), options(options) {}

  FailureOr<KeyPeak> run();

private:
  void execute(Block &block);
  void execute(Operation *op);
  void executeLoad(key_mgmt::LoadKeyOp op);
  void executeAssume(key_mgmt::AssumeLoadedOp op);
  void executeClear(key_mgmt::ClearKeyOp op);
  void executeUse(Operation *op);
  void executeMemory(Operation *op);
  void executeLoop(Operation *op);
  void executeUnknownLoop(Operation *op);
  void executeBranch(Operation *op);
  void executeReturn(func::ReturnOp op);

  /// Whether key operations are anywhere in `op`'s regions: cached.
  bool concernsKeys(Operation *op);
  uint64_t countSteps(Operation *op);

  Type kindOf(Type type) const;
  Index indexOf(Value index) const;
  /// Whether two keys of one kind are certainly the same, or possibly.
  bool certainlyEqual(const Index &a, const Index &b) const { return a.isKnown() && a == b; }
  bool possiblyEqual(const Index &a, const Index &b) const;
  KeyId addKey(Type type, Operation *load, Location location, Index index);
  /// The one key that `name`, an operand of `op`, is of, checked to be loaded and to be what the
  /// type of the name says; nullopt with an error where there is none.
  std::optional<KeyId> resolve(Operation *op, Value name, bool mustBeOne);
  void checkType(Operation *op, Type type, KeyId id);
  void forgetSymbolsIn(Operation *op);

  KeyId unify(const State &a, KeyId x, const State &b, KeyId y, State &into);
  /// What is known where two paths meet. `first` and `second` are the names of the values that both
  /// define; returns the names after.
  SmallVector<Names> join(const State &a, ArrayRef<Names> first, const State &b,
                          ArrayRef<Names> second, State &into);
  void joinCells(const State &a, const State &b, State &into) const;

  std::optional<InFlightDiagnostic> error(Operation *op, StringRef what);
  void attachKey(std::optional<InFlightDiagnostic> &diagnostic, KeyId id);

  func::FuncOp function;
  const KeyLifetimeOptions &options;
  std::vector<Key> keys;
  std::map<KeyId, Operation *> cleared; // where it was last
  KnownValues known;
  DenseMap<Value, Names> names;
  DenseMap<Operation *, bool> concerned;
  State state;
  KeyPeak peak;
  int silent = 0; // on the way to a fixed point
  uint64_t steps = 0;
  llvm::DenseSet<std::pair<Operation *, const void *>> reported;
  bool failed = false;
};

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

/// Nothing where the same was said before (of another iteration), or must not be said yet.
/// `what`: a literal, the message's beginning.
std::optional<InFlightDiagnostic> Checker::error(Operation *op, StringRef what) {
  if (silent != 0)
    return std::nullopt;
  failed = true;
  if (!reported.insert({op, what.data()}).second)
    return std::nullopt;
  InFlightDiagnostic diagnostic = op->emitOpError();
  diagnostic << what;
  return diagnostic;
}

void Checker::attachKey(std::optional<InFlightDiagnostic> &diagnostic, KeyId id) {
  if (!diagnostic)
    return;
  diagnostic->attachNote(keys[id].location)
      << (keys[id].load ? "the key is loaded here" : "the key is this argument");
  if (auto it = cleared.find(id); it != cleared.end())
    diagnostic->attachNote(it->second->getLoc()) << "the key is cleared here";
}

//===----------------------------------------------------------------------===//
// Keys
//===----------------------------------------------------------------------===//

Type Checker::kindOf(Type type) const {
  if (auto rotKey = dyn_cast<key_mgmt::RotKeyType>(type))
    return key_mgmt::RotKeyType::get(type.getContext(), std::nullopt, std::nullopt,
                                     rotKey.getShape());
  return key_mgmt::withKeyLevel(type, std::nullopt);
}

Index Checker::indexOf(Value index) const {
  if (!index)
    return {0, {}};
  std::optional<int64_t> constant = known.getInteger(index);
  if (!constant)
    return {std::nullopt, index};
  if (options.slots > 0)
    constant = (*constant % options.slots + options.slots) % options.slots;
  return {constant, {}};
}

bool Checker::possiblyEqual(const Index &a, const Index &b) const {
  if (a.constant && b.constant)
    return *a.constant == *b.constant;
  const auto rangeOf = [&](const Index &index) -> std::optional<IndexRange> {
    if (index.constant)
      return IndexRange{*index.constant, *index.constant, 0};
    return index.symbol ? getIndexRange(index.symbol) : std::nullopt;
  };
  const std::optional<IndexRange> first = rangeOf(a), second = rangeOf(b);
  if (!first || !second || !first->isDisjointFrom(*second))
    return true;
  // Disjoint as numbers; as rotations too where none wraps around.
  const auto wraps = [&](const IndexRange &range) {
    return options.slots > 0 && (range.low < 0 || range.high >= options.slots);
  };
  return wraps(*first) || wraps(*second);
}

KeyId Checker::addKey(Type type, Operation *load, Location location, Index index) {
  keys.push_back({kindOf(type), key_mgmt::getKeyLevel(type),
                  options.bytes ? options.bytes(type) : 0, load, location});
  const KeyId id = static_cast<KeyId>(keys.size() - 1);
  state.live[id] = {index, false};
  return id;
}

void Checker::checkType(Operation *op, Type type, KeyId id) {
  if (kindOf(type) != keys[id].kind) {
    auto diagnostic = error(op, "names a key of another kind");
    attachKey(diagnostic, id);
    return;
  }
  auto rotKey = dyn_cast<key_mgmt::RotKeyType>(type);
  if (rotKey && rotKey.getRotationIndex()) {
    int64_t index = *rotKey.getRotationIndex();
    if (options.slots > 0)
      index = (index % options.slots + options.slots) % options.slots;
    if (state.live[id].index.constant != index) {
      auto diagnostic = error(op, "[K4] names a key that is not proved to be of index ");
      if (diagnostic)
        *diagnostic << *rotKey.getRotationIndex();
      attachKey(diagnostic, id);
      state.live[id].index = {index, {}}; // said once
      return;
    }
  }
  const std::optional<int64_t> level = key_mgmt::getKeyLevel(type);
  if (keys[id].level && (!level || *level > *keys[id].level)) {
    auto diagnostic = error(op, "[K4] names a key for a higher level than it is loaded for, ");
    if (diagnostic)
      *diagnostic << *keys[id].level;
    attachKey(diagnostic, id);
  }
}

std::optional<KeyId> Checker::resolve(Operation *op, Value name, bool mustBeOne) {
  const Names found = names.lookup(name);
  if (found.empty())
    return std::nullopt; // reported before
  if (found.size() > 1 && mustBeOne) {
    auto diagnostic = error(op, "[K2] clears one of several keys, and which is not known");
    for (KeyId id : found) {
      attachKey(diagnostic, id);
      state.live.erase(id); // said once
    }
    return std::nullopt;
  }
  for (KeyId id : found) {
    auto it = state.live.find(id);
    if (it != state.live.end() && !it->second.onSomePathsOnly) {
      checkType(op, name.getType(), id);
      continue;
    }
    const bool isClear = isa<key_mgmt::ClearKeyOp>(op), somePaths = it != state.live.end();
    auto diagnostic =
        error(op, isClear ? (somePaths ? "[K2] clears a key that is loaded on some paths only"
                                       : "[K2] clears a key that is cleared already")
                          : (somePaths ? "[K1] uses a key that is loaded on some paths only"
                                       : "[K1] uses a key that has been cleared"));
    attachKey(diagnostic, id);
    if (isClear)
      state.live.erase(id); // said once
    return std::nullopt;
  }
  return found.front();
}

void Checker::executeLoad(key_mgmt::LoadKeyOp op) {
  const Index index = indexOf(op.getIndex());
  const Type kind = kindOf(op.getType());
  for (const auto &[id, live] : state.live) {
    if (keys[id].kind != kind || !possiblyEqual(live.index, index))
      continue;
    const bool certain = certainlyEqual(live.index, index) && !live.onSomePathsOnly;
    auto diagnostic = error(op, certain ? "[K3] loads a key that is loaded already"
                                        : "[K3] loads a key that may be loaded already");
    attachKey(diagnostic, id);
    break;
  }
  const KeyId id = addKey(op.getType(), op, op.getLoc(), index);
  names[op.getKey()] = {id};
  checkType(op, op.getType(), id);
  uint64_t bytes = 0;
  for (const auto &[other, live] : state.live)
    bytes += keys[other].bytes;
  if (state.live.size() > peak.keys) {
    peak.keys = state.live.size();
    peak.atKeys = op;
  }
  if (bytes > peak.bytes) {
    peak.bytes = bytes;
    peak.atBytes = op;
  }
}

void Checker::executeAssume(key_mgmt::AssumeLoadedOp op) {
  const Index index = indexOf(op.getIndex());
  const Type kind = kindOf(op.getType());
  names[op.getKey()] = {};
  for (const auto &[id, live] : state.live) {
    if (keys[id].kind != kind || !certainlyEqual(live.index, index))
      continue;
    if (live.onSomePathsOnly) {
      auto diagnostic = error(op, "[K1] assumes a key that is loaded on some paths only");
      attachKey(diagnostic, id);
      return;
    }
    names[op.getKey()] = {id};
    checkType(op, op.getType(), id);
    return;
  }
  auto diagnostic = error(op, "[K1] assumes a key that is not proved to be loaded");
  if (!diagnostic)
    return;
  // What comes closest: the key that was cleared last.
  Operation *last = nullptr;
  for (const auto &[id, clear] : cleared)
    if (keys[id].kind == kind && keys[id].load) {
      auto load = dyn_cast<key_mgmt::LoadKeyOp>(keys[id].load);
      if (load && (!load.getIndex() || indexOf(load.getIndex()) == index))
        last = clear;
    }
  if (last)
    diagnostic->attachNote(last->getLoc()) << "the key is cleared here";
}

void Checker::executeClear(key_mgmt::ClearKeyOp op) {
  const std::optional<KeyId> id = resolve(op, op.getKey(), /*mustBeOne=*/true);
  if (!id)
    return;
  if (!keys[*id].load) {
    auto diagnostic = error(op, "[K2] clears a key that belongs to the caller");
    attachKey(diagnostic, *id);
    return;
  }
  state.live.erase(*id);
  cleared[*id] = op;
}

void Checker::executeUse(Operation *op) {
  for (Value operand : op->getOperands())
    if (key_mgmt::isKey(operand.getType()))
      resolve(op, operand, /*mustBeOne=*/false);
  if (auto use = dyn_cast<key_mgmt::UseKeyOp>(op)) {
    names[use.getKey()] = names.lookup(use.getInputKey());
    for (KeyId id : names[use.getKey()])
      if (state.live.count(id))
        checkType(op, use.getType(), id);
    return;
  }
  for (Value result : op->getResults())
    if (key_mgmt::isKey(result.getType())) // the result of a call: handed over by who made it
      names[result] = {addKey(result.getType(), op, op->getLoc(), Index())};
}

void Checker::executeMemory(Operation *op) {
  if (isa<memref::AllocOp, memref::AllocaOp>(op)) {
    auto type = cast<MemRefType>(op->getResult(0).getType());
    if (!type.hasStaticShape() || type.getNumElements() > kMostCells) {
      error(op, "expected a constant and smaller shape for a memref of keys");
      return;
    }
    state.cells[op->getResult(0)] = std::vector<Names>(static_cast<size_t>(type.getNumElements()));
    return;
  }
  if (isa<memref::DeallocOp>(op))
    return;
  const bool isStore = isa<memref::StoreOp, affine::AffineStoreOp>(op);
  const bool isLoad = isa<memref::LoadOp, affine::AffineLoadOp>(op);
  auto cells =
      isStore || isLoad ? state.cells.find(op->getOperand(isStore ? 1 : 0)) : state.cells.end();
  const std::optional<int64_t> position = isStore || isLoad ? getPosition(op, known) : std::nullopt;
  if (cells == state.cells.end() || !position) {
    error(op, "expected a memref of keys made in this function, at a place that is known");
    return;
  }
  Names &cell = cells->second[static_cast<size_t>(*position)];
  if (isStore) {
    resolve(op, op->getOperand(0), /*mustBeOne=*/false);
    cell = names.lookup(op->getOperand(0));
    return;
  }
  names[op->getResult(0)] = cell;
  if (cell.empty())
    error(op, "[K1] reads a key where none has been stored on every path");
}

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

void Checker::executeReturn(func::ReturnOp op) {
  for (Value operand : op->getOperands())
    if (key_mgmt::isKey(operand.getType()))
      if (const auto id = resolve(op, operand, /*mustBeOne=*/true))
        state.live.erase(*id);
  for (const auto &[id, live] : state.live) {
    if (!keys[id].load)
      continue;
    auto diagnostic = error(
        keys[id].load, live.onSomePathsOnly ? "[K2] loads a key that is not cleared on every path"
                                            : "[K2] loads a key that is never cleared");
    if (!diagnostic)
      continue;
    if (auto it = cleared.find(id); it != cleared.end())
      diagnostic->attachNote(it->second->getLoc()) << "on some paths it is cleared here";
    diagnostic->attachNote(op->getLoc()) << "it is still loaded here";
  }
}

FailureOr<KeyPeak> Checker::run() {
  if (function.isExternal())
    return peak;
  if (!function.getBody().hasOneBlock()) {
    if (!concernsKeys(function))
      return peak;
    function.emitError("expected structured control flow (scf or affine) around keys, found ")
        << function.getBody().getBlocks().size() << " blocks";
    return failure();
  }
  for (BlockArgument argument : function.getArguments()) {
    if (isKeyMemory(argument.getType()))
      return function.emitError("expected keys as arguments, not memrefs of keys");
    if (!key_mgmt::isKey(argument.getType()))
      continue;
    auto rotKey = dyn_cast<key_mgmt::RotKeyType>(argument.getType());
    Index index;
    if (!rotKey)
      index.constant = 0;
    else if (rotKey.getRotationIndex())
      index.constant =
          options.slots > 0
              ? (*rotKey.getRotationIndex() % options.slots + options.slots) % options.slots
              : *rotKey.getRotationIndex();
    names[argument] = {addKey(argument.getType(), nullptr, argument.getLoc(), index)};
  }
  execute(function.getBody().front());
  if (failed)
    return failure();
  return peak;
}

} // namespace

FailureOr<KeyPeak> checkKeyLifetimes(func::FuncOp function, const KeyLifetimeOptions &options) {
  return Checker(function, options).run();
}

} // namespace keymemrt::compiler
