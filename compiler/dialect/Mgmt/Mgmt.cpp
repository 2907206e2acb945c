// SPDX-License-Identifier: Apache-2.0
// The mgmt dialect.

#include "compiler/dialect/Mgmt/Mgmt.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

#include "compiler/dialect/Mgmt/MgmtDialect.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "compiler/dialect/Mgmt/MgmtAttrs.cpp.inc"

#define GET_OP_CLASSES
#include "compiler/dialect/Mgmt/MgmtOps.cpp.inc"

namespace keymemrt::mgmt {

void MgmtDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "compiler/dialect/Mgmt/MgmtAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "compiler/dialect/Mgmt/MgmtOps.cpp.inc"
      >();
}

} // namespace keymemrt::mgmt
