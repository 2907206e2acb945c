// SPDX-License-Identifier: Apache-2.0
// The tensor_ext dialect.

#include "compiler/dialect/TensorExt/TensorExt.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

#include "compiler/dialect/TensorExt/TensorExtDialect.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "compiler/dialect/TensorExt/TensorExtAttrs.cpp.inc"

#define GET_OP_CLASSES
#include "compiler/dialect/TensorExt/TensorExtOps.cpp.inc"

namespace keymemrt::tensor_ext {

void TensorExtDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "compiler/dialect/TensorExt/TensorExtAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "compiler/dialect/TensorExt/TensorExtOps.cpp.inc"
      >();
}

LogicalResult RotateOp::verify() {
  const auto type = cast<RankedTensorType>(getTensor().getType());
  if (type.getRank() == 0)
    return emitOpError("expected a tensor of at least one dimension, found ") << type;
  return success();
}

} // namespace keymemrt::tensor_ext
