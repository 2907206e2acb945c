// SPDX-License-Identifier: Apache-2.0
// Chebyshev series by Paterson-Stockmeyer; documentation is in LowerChebyshev.td.
#pragma once

#include "mlir/Pass/Pass.h"

namespace keymemrt::compiler {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/LowerChebyshev/LowerChebyshev.h.inc"

} // namespace keymemrt::compiler
