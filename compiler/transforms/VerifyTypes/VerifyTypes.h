// SPDX-License-Identifier: Apache-2.0
// The check of levels and scales in types; documentation is in VerifyTypes.td.
#pragma once

#include "mlir/Pass/Pass.h"

namespace keymemrt::compiler {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/VerifyTypes/VerifyTypes.h.inc"

} // namespace keymemrt::compiler
