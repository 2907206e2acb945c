// SPDX-License-Identifier: Apache-2.0
// Which keys are alive where; see KeyTimeline.h.

#include "compiler/transforms/MergeKeyLifetimes/KeyTimeline.h"

#include "compiler/analysis/KeySizes/KeySizes.h"

using namespace mlir;

namespace keymemrt::compiler {

KeyTimeline::KeyTimeline(func::FuncOp function, unsigned maxKeys, uint64_t maxBytes)
    : slots(getSlots(function)), maxKeys(maxKeys), maxBytes(maxBytes) {
  if (maxBytes != 0)
    bytes = getKeySizes(function);
  uint64_t events = 0;
  number(function.getBody(), events);
  keys.assign(events + 1, 0);
  byteCounts.assign(events + 1, 0);
  function.walk([&](Operation *op) {
    if (isa<key_mgmt::LoadKeyOp, key_mgmt::AssumeLoadedOp>(op))
      include(op->getResult(0));
  });
  for (BlockArgument argument : function.getArguments())
    if (key_mgmt::isKey(argument.getType()))
      include(argument);
}

Type KeyTimeline::getIdentity(Type key) const {
  auto rotKey = dyn_cast<key_mgmt::RotKeyType>(key);
  if (!rotKey)
    return key_mgmt::withKeyLevel(key, std::nullopt);
  if (!rotKey.getRotationIndex())
    return {};
  return key_mgmt::RotKeyType::get(key.getContext(), reduce(*rotKey.getRotationIndex()),
                                   std::nullopt, rotKey.getShape());
}

bool KeyTimeline::mayBe(Value key, Type identity) const {
  if (Type known = getIdentity(key.getType()))
    return known == identity;
  auto rotKey = dyn_cast<key_mgmt::RotKeyType>(identity);
  if (!rotKey || cast<key_mgmt::RotKeyType>(key.getType()).getShape() != rotKey.getShape())
    return false;
  Operation *load = key.getDefiningOp();
  auto indices = load ? load->getAttrOfType<DenseI64ArrayAttr>("indices") : DenseI64ArrayAttr();
  return !indices || llvm::any_of(indices.asArrayRef(), [&](int64_t index) {
    return reduce(index) == *rotKey.getRotationIndex();
  });
}

std::optional<Lifetime> KeyTimeline::getLifetime(key_mgmt::LoadKeyOp load) const {
  if (auto it = stated.find(load); it != stated.end())
    return Lifetime{load, it->second};
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

void KeyTimeline::number(Region &region, uint64_t &events) {
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
      } else {
        continue;
      }
      spans[&op] = {begin, events};
    }
}

/// Counts a key from its load to its clear, or as long as it may be alive.
void KeyTimeline::include(Value key) {
  auto load = key.getDefiningOp<key_mgmt::LoadKeyOp>();
  const std::optional<Lifetime> lifetime = load ? getLifetime(load) : std::nullopt;
  const Span span = lifetime ? spanOf(*lifetime) : Span{0, keys.size() - 1};
  add(span, key.getType());
  if (!lifetime || !getIdentity(key.getType()))
    others.push_back({span, key});
}

void KeyTimeline::count(Span span, Type key, int sign) {
  const uint64_t size = bytes ? bytes(key) : 0;
  for (uint64_t i = span.first; i < span.second; ++i) {
    keys[i] += sign;
    byteCounts[i] += sign < 0 ? -size : size;
  }
}

bool KeyTimeline::fits(Span span, Type key, ArrayRef<Lifetime> except) const {
  const uint64_t size = bytes ? bytes(key) : 0;
  for (uint64_t i = span.first; i < span.second; ++i)
    if ((maxKeys != 0 && keys[i] >= maxKeys) || (bytes && byteCounts[i] + size > maxBytes))
      return false;
  return llvm::none_of(others, [&](const auto &other) {
    const auto &[alive, value] = other;
    return alive.first < span.second && span.first < alive.second &&
           mayBe(value, getIdentity(key)) && llvm::none_of(except, [&](Lifetime lifetime) {
             return lifetime.load.getKey() == value;
           });
  });
}

} // namespace keymemrt::compiler
