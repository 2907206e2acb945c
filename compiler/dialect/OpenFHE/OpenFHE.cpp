// SPDX-License-Identifier: Apache-2.0
// HEIR's openfhe dialect.

#include "compiler/dialect/OpenFHE/OpenFHE.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

#include "compiler/dialect/OpenFHE/OpenFHEDialect.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "compiler/dialect/OpenFHE/OpenFHETypes.cpp.inc"

#define GET_OP_CLASSES
#include "compiler/dialect/OpenFHE/OpenFHEOps.cpp.inc"

namespace keymemrt::openfhe {

void OpenFHEDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "compiler/dialect/OpenFHE/OpenFHETypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "compiler/dialect/OpenFHE/OpenFHEOps.cpp.inc"
      >();
}

LogicalResult RotOp::verify() {
  if ((getShift() != nullptr) == (getStaticShiftAttr() != nullptr))
    return emitOpError("expected either 'static_shift' or an operand that says the shift");
  return success();
}

} // namespace keymemrt::openfhe
