// SPDX-License-Identifier: Apache-2.0
// The key_mgmt dialect; documentation is in KeyMgmt.td.
#pragma once

#include "compiler/dialect/CKKS/CKKS.h"

#include "compiler/dialect/KeyMgmt/KeyMgmtDialect.h.inc"

#define GET_TYPEDEF_CLASSES
#include "compiler/dialect/KeyMgmt/KeyMgmtTypes.h.inc"

namespace keymemrt::key_mgmt {

/// Where loaded evaluation keys live. Effects name the key, so that each is memory of its own.
struct KeyMemory : mlir::SideEffects::Resource::Base<KeyMemory> {
  llvm::StringRef getName() final { return "KeyMemory"; }
};

/// Which keys are loaded.
struct KeyTable : mlir::SideEffects::Resource::Base<KeyTable> {
  llvm::StringRef getName() final { return "KeyTable"; }
};

/// Where ciphertexts, plaintexts and digits live.
struct ValueMemory : mlir::SideEffects::Resource::Base<ValueMemory> {
  llvm::StringRef getName() final { return "ValueMemory"; }
};

} // namespace keymemrt::key_mgmt

namespace keymemrt::key_mgmt {

/// Whether `type` is that of a key of any kind.
bool isKey(mlir::Type type);

/// The highest level at which a key of this type can be used; nullopt: every level.
std::optional<int64_t> getKeyLevel(mlir::Type key);

/// The special modulus that a key of this type is made for; null: P.
ckks::KeyShapeAttr getKeyShape(mlir::Type key);

/// The type of the same key for another level; nullopt: for every level. Types of equal keys are
/// equal once they have no level.
mlir::Type withKeyLevel(mlir::Type key, std::optional<int64_t> level);

/// "the rotation key of index 5", for messages.
std::string describeKey(mlir::Type key);

/// The spelling of HEIR's fork: reads `kmrt.load_key`, `kmrt.rotation`, `!kmrt.rot_key<>` and so on
/// as this dialect's.
class KmrtDialect : public mlir::Dialect {
public:
  explicit KmrtDialect(mlir::MLIRContext *context);
  static constexpr llvm::StringLiteral getDialectNamespace() { return "kmrt"; }
  mlir::Type parseType(mlir::DialectAsmParser &parser) const override;
  std::optional<ParseOpHook> getParseOperationHook(llvm::StringRef name) const override;
};

} // namespace keymemrt::key_mgmt

#define GET_OP_CLASSES
#include "compiler/dialect/KeyMgmt/KeyMgmtOps.h.inc"
