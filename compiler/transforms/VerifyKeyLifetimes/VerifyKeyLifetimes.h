// SPDX-License-Identifier: Apache-2.0
// The proof of key lifetimes as a pass; documentation is in VerifyKeyLifetimes.td.
#pragma once

#include "mlir/Pass/Pass.h"

namespace keymemrt::compiler {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/VerifyKeyLifetimes/VerifyKeyLifetimes.h.inc"

} // namespace keymemrt::compiler
