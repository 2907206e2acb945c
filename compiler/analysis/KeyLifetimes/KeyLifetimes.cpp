// SPDX-License-Identifier: Apache-2.0
// The proof of key lifetimes, operation by operation; see KeyLifetimes.h.

#include "compiler/analysis/KeyLifetimes/Checker.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace keymemrt::compiler {

namespace key_lifetimes {

static constexpr int64_t kMostCells = 1 << 20;

bool Checker::isKeyMemory(Type type) {
  auto memref = dyn_cast<MemRefType>(type);
  return memref && key_mgmt::isKey(memref.getElementType());
}

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

} // namespace key_lifetimes

FailureOr<KeyPeak> checkKeyLifetimes(func::FuncOp function, const KeyLifetimeOptions &options) {
  return key_lifetimes::Checker(function, options).run();
}

} // namespace keymemrt::compiler
