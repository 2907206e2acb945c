// SPDX-License-Identifier: Apache-2.0
// The preprocessing dialect; documentation is in Preprocessing.td.
#pragma once

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "compiler/dialect/Preprocessing/PreprocessingDialect.h.inc"

#define GET_TYPEDEF_CLASSES
#include "compiler/dialect/Preprocessing/PreprocessingTypes.h.inc"

#define GET_OP_CLASSES
#include "compiler/dialect/Preprocessing/PreprocessingOps.h.inc"
