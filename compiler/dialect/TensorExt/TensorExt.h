// SPDX-License-Identifier: Apache-2.0
// The tensor_ext dialect; documentation is in TensorExt.td.
#pragma once

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "compiler/dialect/TensorExt/TensorExtDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "compiler/dialect/TensorExt/TensorExtAttrs.h.inc"

#define GET_OP_CLASSES
#include "compiler/dialect/TensorExt/TensorExtOps.h.inc"
