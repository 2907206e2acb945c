// SPDX-License-Identifier: Apache-2.0
// The polynomial dialect; documentation is in Polynomial.td.
#pragma once

#include "mlir/IR/Attributes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"

#include "compiler/dialect/Polynomial/PolynomialDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "compiler/dialect/Polynomial/PolynomialAttrs.h.inc"
