// SPDX-License-Identifier: Apache-2.0
// The key_mgmt dialect.

#include "compiler/dialect/KeyMgmt/KeyMgmt.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

//===----------------------------------------------------------------------===//
// Types of keys in operations
//===----------------------------------------------------------------------===//

/// Parses the type of any key. What does not start a type is the short form of a rotation key,
/// `<rotation_index = 5>`.
static ParseResult parseKeyType(OpAsmParser &parser, Type &type) {
  if (OptionalParseResult result = parser.parseOptionalType(type); result.has_value())
    return *result;
  keymemrt::key_mgmt::RotKeyType rotKey;
  if (parser.parseCustomTypeWithFallback(rotKey))
    return failure();
  type = rotKey;
  return success();
}

static void printKeyType(OpAsmPrinter &printer, Operation *, Type type) {
  if (auto rotKey = dyn_cast<keymemrt::key_mgmt::RotKeyType>(type))
    printer.printStrippedAttrOrType(rotKey);
  else
    printer << type;
}

#include "compiler/dialect/KeyMgmt/KeyMgmtDialect.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "compiler/dialect/KeyMgmt/KeyMgmtTypes.cpp.inc"

#define GET_OP_CLASSES
#include "compiler/dialect/KeyMgmt/KeyMgmtOps.cpp.inc"

namespace keymemrt::key_mgmt {

void KeyMgmtDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "compiler/dialect/KeyMgmt/KeyMgmtTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "compiler/dialect/KeyMgmt/KeyMgmtOps.cpp.inc"
      >();
}

static LogicalResult verifySize(Operation *op, StringRef what, lwe::CiphertextType type,
                                int64_t expected) {
  if (type.getSize() == expected)
    return success();
  return op->emitOpError("expected ")
         << what << " of size " << expected << ", found size " << type.getSize();
}

LogicalResult UseKeyOp::verify() {
  const std::optional<int64_t> from = getInputKey().getType().getRotationIndex();
  const std::optional<int64_t> to = getRotKey().getType().getRotationIndex();
  if (from && to && *from != *to)
    return emitOpError("expected keys of one rotation index, found ") << *from << " and " << *to;
  return success();
}

LogicalResult RotateOp::verify() {
  return verifySize(*this, "a ciphertext", getInput().getType(), 2);
}
LogicalResult RotateHoistedOp::verify() {
  return verifySize(*this, "a ciphertext", getInput().getType(), 2);
}
LogicalResult DecomposeOp::verify() {
  return verifySize(*this, "a ciphertext", getInput().getType(), 2);
}

LogicalResult RelinearizeOp::verify() {
  if (failed(verifySize(*this, "an input", getInput().getType(), 3)))
    return failure();
  return verifySize(*this, "a result", getOutput().getType(), 2);
}

} // namespace keymemrt::key_mgmt
