// SPDX-License-Identifier: Apache-2.0
// The mod_arith dialect; documentation is in ModArith.td.
#pragma once

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypeInterfaces.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"

#include "compiler/dialect/ModArith/ModArithDialect.h.inc"

#define GET_TYPEDEF_CLASSES
#include "compiler/dialect/ModArith/ModArithTypes.h.inc"
