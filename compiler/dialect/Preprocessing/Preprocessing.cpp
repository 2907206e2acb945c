// SPDX-License-Identifier: Apache-2.0
// The preprocessing dialect.

#include "compiler/dialect/Preprocessing/Preprocessing.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

#include "compiler/dialect/Preprocessing/PreprocessingDialect.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "compiler/dialect/Preprocessing/PreprocessingTypes.cpp.inc"

#define GET_OP_CLASSES
#include "compiler/dialect/Preprocessing/PreprocessingOps.cpp.inc"

namespace keymemrt::preprocessing {

void PreprocessingDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "compiler/dialect/Preprocessing/PreprocessingTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "compiler/dialect/Preprocessing/PreprocessingOps.cpp.inc"
      >();
}

template <typename Op> static LogicalResult verifyElement(Op op, Type type) {
  if (type != op.getElementType())
    return op.emitOpError("expected a value of ") << op.getElementType() << ", found " << type;
  if (!llvm::is_contained(op.getStorage().getType().getElementTypes(), type))
    return op.emitOpError("expected a storage that holds ")
           << type << ", found " << op.getStorage().getType();
  return success();
}

LogicalResult StoreOp::verify() { return verifyElement(*this, getValue().getType()); }
LogicalResult LoadOp::verify() { return verifyElement(*this, getResult().getType()); }

LogicalResult LoadResourceOp::verify() {
  if (cast<ShapedType>(getResult().getType()).hasStaticShape())
    return success();
  return emitOpError("expected a static shape, found ") << getResult().getType();
}

} // namespace keymemrt::preprocessing
