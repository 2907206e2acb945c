// SPDX-License-Identifier: Apache-2.0
// What the proof of key lifetimes knows at a point of a program, and how it goes on from there.
#pragma once

#include "compiler/analysis/KeyLifetimes/KeyLifetimes.h"
#include "compiler/analysis/StaticControl/StaticControl.h"
#include "compiler/dialect/KeyMgmt/KeyMgmt.h"
#include "llvm/ADT/DenseSet.h"

#include <map>

namespace keymemrt::compiler::key_lifetimes {

using KeyId = unsigned;

/// Which key of its kind: of rotation keys.
struct Index {
  std::optional<int64_t> constant;
  mlir::Value symbol; // the index as an SSA value, where it is no constant and still the same

  bool operator==(const Index &) const = default;
  bool isKnown() const { return constant || symbol; }
};

/// What a load has made. Facts that do not change.
struct Key {
  mlir::Type kind;              // without index and level
  std::optional<int64_t> level; // good up to this; nullopt: all
  uint64_t bytes = 0;
  mlir::Operation *load = nullptr; // null: an argument
  mlir::Location location;
};

/// A key that is loaded now.
struct Live {
  Index index;
  bool onSomePathsOnly = false;

  bool operator==(const Live &) const = default;
};

/// A name of a key; none: of a key whose fault has been reported; several: of one of them.
using Names = llvm::SmallVector<KeyId, 1>;

struct State {
  std::map<KeyId, Live> live;
  llvm::DenseMap<mlir::Value, std::vector<Names>> cells; // of memrefs

  bool operator==(const State &other) const {
    return live == other.live && llvm::all_of(cells, [&](const auto &entry) {
             auto it = other.cells.find(entry.first);
             return it != other.cells.end() && it->second == entry.second;
           });
  }
};

class Checker {
public:
  Checker(mlir::func::FuncOp function, const KeyLifetimeOptions &options)
      : function(function), options(options) {}

  mlir::FailureOr<KeyPeak> run();

private:
  void execute(mlir::Block &block);
  void execute(mlir::Operation *op);
  void executeLoad(key_mgmt::LoadKeyOp op);
  void executeAssume(key_mgmt::AssumeLoadedOp op);
  void executeClear(key_mgmt::ClearKeyOp op);
  void executeUse(mlir::Operation *op);
  void executeMemory(mlir::Operation *op);
  void executeLoop(mlir::Operation *op);
  void executeUnknownLoop(mlir::Operation *op);
  void executeBranch(mlir::Operation *op);
  void executeReturn(mlir::func::ReturnOp op);

  /// Whether it is a memref of keys.
  static bool isKeyMemory(mlir::Type type);
  /// Whether key operations are anywhere in `op`'s regions: cached.
  bool concernsKeys(mlir::Operation *op);
  uint64_t countSteps(mlir::Operation *op);

  mlir::Type kindOf(mlir::Type type) const;
  Index indexOf(mlir::Value index) const;
  /// Whether two keys of one kind are certainly the same, or possibly.
  bool certainlyEqual(const Index &a, const Index &b) const { return a.isKnown() && a == b; }
  bool possiblyEqual(const Index &a, const Index &b) const;
  KeyId addKey(mlir::Type type, mlir::Operation *load, mlir::Location location, Index index);
  /// The one key that `name`, an operand of `op`, is of, checked to be loaded and to be what the
  /// type of the name says; nullopt with an error where there is none.
  std::optional<KeyId> resolve(mlir::Operation *op, mlir::Value name, bool mustBeOne);
  void checkType(mlir::Operation *op, mlir::Type type, KeyId id);
  void forgetSymbolsIn(mlir::Operation *op);

  KeyId unify(const State &a, KeyId x, const State &b, KeyId y, State &into);
  /// What is known where two paths meet. `first` and `second` are the names of the values that both
  /// define; returns the names after.
  llvm::SmallVector<Names> join(const State &a, llvm::ArrayRef<Names> first, const State &b,
                                llvm::ArrayRef<Names> second, State &into);
  void joinCells(const State &a, const State &b, State &into) const;

  std::optional<mlir::InFlightDiagnostic> error(mlir::Operation *op, llvm::StringRef what);
  void attachKey(std::optional<mlir::InFlightDiagnostic> &diagnostic, KeyId id);

  mlir::func::FuncOp function;
  const KeyLifetimeOptions &options;
  std::vector<Key> keys;
  std::map<KeyId, mlir::Operation *> cleared; // where it was last
  KnownValues known;
  llvm::DenseMap<mlir::Value, Names> names;
  llvm::DenseMap<mlir::Operation *, bool> concerned;
  State state;
  KeyPeak peak;
  int silent = 0; // on the way to a fixed point
  uint64_t steps = 0;
  llvm::DenseSet<std::pair<mlir::Operation *, const void *>> reported;
  bool failed = false;
};

} // namespace keymemrt::compiler::key_lifetimes
