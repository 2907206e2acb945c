// SPDX-License-Identifier: Apache-2.0
// The lwe dialect; documentation is in LWE.td.
#pragma once

#include "compiler/dialect/Polynomial/Polynomial.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypeInterfaces.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include <optional>

#include "compiler/dialect/LWE/LWEDialect.h.inc"

#include "compiler/dialect/LWE/LWEEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "compiler/dialect/LWE/LWEAttrs.h.inc"

#define GET_TYPEDEF_CLASSES
#include "compiler/dialect/LWE/LWETypes.h.inc"

#define GET_OP_CLASSES
#include "compiler/dialect/LWE/LWEOps.h.inc"

namespace keymemrt::lwe {

/// The ciphertext type that `type` is, or is a tensor of; null otherwise.
CiphertextType getCiphertextType(mlir::Type type);

/// The plaintext type that `type` is, or is a tensor of; null otherwise.
PlaintextType getPlaintextType(mlir::Type type);

/// Checks that all types are single values or all are tensors of one shape. `op` is named in the
/// diagnostic.
mlir::LogicalResult verifySameShape(mlir::Operation *op, mlir::TypeRange types);

/// Checks operands and result of ciphertext addition: shapes, and a result as large as the larger
/// operand.
mlir::LogicalResult verifyCiphertextAdd(mlir::Operation *op);

/// Checks operands and result of ciphertext multiplication: shapes, and result size s + t - 1.
mlir::LogicalResult verifyCiphertextMul(mlir::Operation *op);

/// Checks that one operand is a ciphertext and the other a plaintext, the shapes, and that the
/// result has the ciphertext's size.
mlir::LogicalResult verifyCiphertextPlain(mlir::Operation *op);

/// Checks that the only ciphertext operand (operand 0) and the result have one shape and one size.
mlir::LogicalResult verifySameSize(mlir::Operation *op);

} // namespace keymemrt::lwe
