// SPDX-License-Identifier: Apache-2.0
// The kernel dialect; documentation is in Kernel.td.
#pragma once

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "compiler/dialect/Kernel/KernelDialect.h.inc"

#define GET_OP_CLASSES
#include "compiler/dialect/Kernel/KernelOps.h.inc"
