// SPDX-License-Identifier: Apache-2.0
// Loops written out; documentation is in AffineFullUnroll.td.
#pragma once

#include "mlir/Pass/Pass.h"

namespace keymemrt::compiler {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/AffineFullUnroll/AffineFullUnroll.h.inc"

} // namespace keymemrt::compiler
