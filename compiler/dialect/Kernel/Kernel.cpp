// SPDX-License-Identifier: Apache-2.0
// The kernel dialect.

#include "compiler/dialect/Kernel/Kernel.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/DialectImplementation.h"

using namespace mlir;

#include "compiler/dialect/Kernel/KernelDialect.cpp.inc"

#define GET_OP_CLASSES
#include "compiler/dialect/Kernel/KernelOps.cpp.inc"

namespace keymemrt::kernel {

void KernelDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "compiler/dialect/Kernel/KernelOps.cpp.inc"
      >();
}

LogicalResult EvalChebyshevOp::verify() {
  if (getCoefficients().empty())
    return emitOpError("expected at least one coefficient");
  for (APFloat value : getCoefficients().getAsValueRange<FloatAttr>())
    if (!value.isFinite())
      return emitOpError("expected finite coefficients");
  return success();
}

LogicalResult LinearTransformOp::verify() {
  const ShapedType diagonals = getDiagonals().getShapedType();
  if (diagonals.getRank() != 2)
    return emitOpError("expected diagonals of shape (number of diagonals) x (slots), found ")
           << diagonals;
  if (static_cast<int64_t>(getDiagonalIndices().size()) != diagonals.getDimSize(0))
    return emitOpError("expected ")
           << diagonals.getDimSize(0)
           << " 'diagonal_indices', one for each row of the diagonals, found "
           << getDiagonalIndices().size();
  return success();
}

} // namespace keymemrt::kernel
