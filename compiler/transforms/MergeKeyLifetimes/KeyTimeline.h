// SPDX-License-Identifier: Apache-2.0
// Which keys are alive where in a function, and whether one more may be.
#pragma once

#include "compiler/dialect/KeyMgmt/KeyMgmt.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace keymemrt::compiler {

/// A key that is loaded and cleared in one block, and used in between only (also deeper inside), by
/// its own name.
struct Lifetime {
  key_mgmt::LoadKeyOp load;
  key_mgmt::ClearKeyOp clear;
};

/// The line of a function's events: loads, clears, and both ends of loops and branches, in program
/// order. A key of a loop body is alive between its events only; one from outside, throughout.
class KeyTimeline {
public:
  using Span = std::pair<uint64_t, uint64_t>; // events

  /// Bounds on the keys alive at once and on their bytes; 0: none.
  KeyTimeline(mlir::func::FuncOp function, unsigned maxKeys, uint64_t maxBytes);

  /// What equal keys have in common: kind, shape and index, modulo the slots where they are known.
  /// Null: a rotation key of unknown index.
  mlir::Type getIdentity(mlir::Type key) const;

  /// Whether `key` can be the one of `identity`: by its type, or by what rotation-index-analysis
  /// has found out.
  bool mayBe(mlir::Value key, mlir::Type identity) const;

  /// Of a load whose key has one; of which setLifetime said so, whatever its other names.
  std::optional<Lifetime> getLifetime(key_mgmt::LoadKeyOp load) const;
  void setLifetime(Lifetime lifetime) { stated[lifetime.load] = lifetime.clear; }

  uint64_t begin(mlir::Operation *op) const { return spans.lookup(op).first; }
  uint64_t end(mlir::Operation *op) const { return spans.lookup(op).second; }
  /// A load or clear that is new, at `event`.
  void place(mlir::Operation *op, uint64_t event) { spans[op] = {event, event}; }

  /// Whether one more key of type `key` may be alive within `span`: as far as the bounds go, and
  /// because no key that may be the same is, other than those of `except`.
  bool fits(Span span, mlir::Type key, mlir::ArrayRef<Lifetime> except) const;

  void add(Span span, mlir::Type key) { count(span, key, 1); }
  void add(Lifetime lifetime) { count(spanOf(lifetime), lifetime.load.getType(), 1); }
  void remove(Lifetime lifetime) { count(spanOf(lifetime), lifetime.load.getType(), -1); }

  /// Of the ring; 0: not known.
  const int64_t slots;

private:
  int64_t reduce(int64_t index) const {
    return slots > 0 ? (index % slots + slots) % slots : index;
  }
  void number(mlir::Region &region, uint64_t &events);
  void include(mlir::Value key);
  Span spanOf(Lifetime lifetime) const { return {begin(lifetime.load), begin(lifetime.clear)}; }
  void count(Span span, mlir::Type key, int sign);

  const unsigned maxKeys;
  const uint64_t maxBytes;
  std::function<uint64_t(mlir::Type)> bytes;
  llvm::DenseMap<mlir::Operation *, Span> spans;
  llvm::DenseMap<mlir::Operation *, key_mgmt::ClearKeyOp> stated; // by loads
  // Between events i and i + 1.
  std::vector<unsigned> keys;
  std::vector<uint64_t> byteCounts;
  std::vector<std::pair<Span, mlir::Value>> others; // keys without a lifetime that can be moved
};

} // namespace keymemrt::compiler
