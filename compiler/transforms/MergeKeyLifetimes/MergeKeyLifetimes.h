// SPDX-License-Identifier: Apache-2.0
// The merging of equal key lifetimes; documentation is in MergeKeyLifetimes.td.
#pragma once

#include "mlir/Pass/Pass.h"

namespace keymemrt::compiler {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/MergeKeyLifetimes/MergeKeyLifetimes.h.inc"

} // namespace keymemrt::compiler
