// SPDX-License-Identifier: Apache-2.0
// The mgmt dialect; documentation is in Mgmt.td.
#pragma once

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "compiler/dialect/Mgmt/MgmtDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "compiler/dialect/Mgmt/MgmtAttrs.h.inc"

#define GET_OP_CLASSES
#include "compiler/dialect/Mgmt/MgmtOps.h.inc"
