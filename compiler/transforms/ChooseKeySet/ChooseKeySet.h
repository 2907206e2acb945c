// SPDX-License-Identifier: Apache-2.0
// The rotation keys of a whole program; documentation is in ChooseKeySet.td.
#pragma once

#include "mlir/Pass/Pass.h"

namespace keymemrt::compiler {

/// Of the module: an array of dictionaries, see ChooseKeySet.td.
inline constexpr llvm::StringLiteral kKeySetsName = "kmrt.key_sets";

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/ChooseKeySet/ChooseKeySet.h.inc"

} // namespace keymemrt::compiler
