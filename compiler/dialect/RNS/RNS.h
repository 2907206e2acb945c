// SPDX-License-Identifier: Apache-2.0
// The rns dialect; documentation is in RNS.td.
#pragma once

#include "mlir/IR/BuiltinTypeInterfaces.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"

#include "compiler/dialect/RNS/RNSDialect.h.inc"

#define GET_TYPEDEF_CLASSES
#include "compiler/dialect/RNS/RNSTypes.h.inc"
