// SPDX-License-Identifier: Apache-2.0
// The key_mgmt dialect; documentation is in KeyMgmt.td.
#pragma once

#include "compiler/dialect/LWE/LWE.h"

#include "compiler/dialect/KeyMgmt/KeyMgmtDialect.h.inc"

#define GET_TYPEDEF_CLASSES
#include "compiler/dialect/KeyMgmt/KeyMgmtTypes.h.inc"

namespace keymemrt::key_mgmt {

/// Where loaded evaluation keys live.
struct KeyMemory : mlir::SideEffects::Resource::Base<KeyMemory> {
  llvm::StringRef getName() final { return "KeyMemory"; }
};

/// Where ciphertexts, plaintexts and digits live.
struct ValueMemory : mlir::SideEffects::Resource::Base<ValueMemory> {
  llvm::StringRef getName() final { return "ValueMemory"; }
};

} // namespace keymemrt::key_mgmt

#define GET_OP_CLASSES
#include "compiler/dialect/KeyMgmt/KeyMgmtOps.h.inc"
