// SPDX-License-Identifier: Apache-2.0
// The ckks dialect; documentation is in CKKS.td.
#pragma once

#include "compiler/dialect/LWE/LWE.h"

namespace mlir {
class PatternRewriter;
}

#include "compiler/dialect/CKKS/CKKSDialect.h.inc"

#include "compiler/dialect/CKKS/CKKSEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "compiler/dialect/CKKS/CKKSAttrs.h.inc"

#define GET_OP_CLASSES
#include "compiler/dialect/CKKS/CKKSOps.h.inc"
