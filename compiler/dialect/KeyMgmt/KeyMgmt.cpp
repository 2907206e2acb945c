// SPDX-License-Identifier: Apache-2.0
// The key_mgmt dialect.

#include "compiler/dialect/KeyMgmt/KeyMgmt.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "llvm/ADT/StringSwitch.h"
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

/// `index -> <>`, or the key's type alone where there is no index.
static ParseResult parseKeyTypes(OpAsmParser &parser, Type &index, Type &key) {
  if (parseKeyType(parser, key))
    return failure();
  if (failed(parser.parseOptionalArrow()))
    return success();
  index = key;
  return parseKeyType(parser, key);
}

static void printKeyTypes(OpAsmPrinter &printer, Operation *op, Type index, Type key) {
  if (index)
    printer << index << " -> ";
  printKeyType(printer, op, key);
}

/// Nothing for i64, as HEIR writes it.
static ParseResult parsePrefetchType(OpAsmParser &parser, Type &index) {
  if (succeeded(parser.parseOptionalColon()))
    return parser.parseType(index);
  index = parser.getBuilder().getI64Type();
  return success();
}

static void printPrefetchType(OpAsmPrinter &printer, Operation *, Type index) {
  if (!index.isInteger(64))
    printer << " : " << index;
}

/// The digits' type is not written: they are for keys of the key's shape.
static ParseResult parseKeyAndDigits(OpAsmParser &parser, Type &key, Type &digits) {
  keymemrt::key_mgmt::RotKeyType rotKey;
  if (parser.parseCustomTypeWithFallback(rotKey))
    return failure();
  key = rotKey;
  digits = keymemrt::key_mgmt::DigitsType::get(parser.getContext(), rotKey.getShape());
  return success();
}

static void printKeyAndDigits(OpAsmPrinter &printer, Operation *, Type key, Type) {
  printer.printStrippedAttrOrType(cast<keymemrt::key_mgmt::RotKeyType>(key));
}

/// The key's type may be left out where it has no level.
static ParseResult parseRelinearizeTypes(OpAsmParser &parser, Type &input, Type &key,
                                         Type &output) {
  key = keymemrt::key_mgmt::RelinKeyType::get(parser.getContext(), std::nullopt, {});
  if (parser.parseType(input) ||
      (succeeded(parser.parseOptionalComma()) && parser.parseType(key)) || parser.parseArrow())
    return failure();
  return parser.parseType(output);
}

static void printRelinearizeTypes(OpAsmPrinter &printer, Operation *, Type input, Type key,
                                  Type output) {
  printer << input;
  if (keymemrt::key_mgmt::getKeyLevel(key) || keymemrt::key_mgmt::getKeyShape(key))
    printer << ", " << key;
  printer << " -> " << output;
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

bool isKey(Type type) { return isa<RotKeyType, ConjKeyType, RelinKeyType, SwitchKeyType>(type); }

std::optional<int64_t> getKeyLevel(Type key) {
  return TypeSwitch<Type, std::optional<int64_t>>(key)
      .Case<RotKeyType, ConjKeyType, RelinKeyType, SwitchKeyType>(
          [](auto type) { return type.getLevel(); })
      .Default(std::nullopt);
}

ckks::KeyShapeAttr getKeyShape(Type key) {
  return TypeSwitch<Type, ckks::KeyShapeAttr>(key)
      .Case<RotKeyType, ConjKeyType, RelinKeyType, SwitchKeyType>(
          [](auto type) { return type.getShape(); })
      .Default(ckks::KeyShapeAttr());
}

Type withKeyLevel(Type key, std::optional<int64_t> level) {
  MLIRContext *context = key.getContext();
  return TypeSwitch<Type, Type>(key)
      .Case([&](RotKeyType type) {
        return RotKeyType::get(context, type.getRotationIndex(), level, type.getShape());
      })
      .Case([&](ConjKeyType type) { return ConjKeyType::get(context, level, type.getShape()); })
      .Case([&](RelinKeyType type) { return RelinKeyType::get(context, level, type.getShape()); })
      .Case([&](SwitchKeyType type) {
        return SwitchKeyType::get(context, type.getFrom(), type.getTo(), level, type.getShape());
      })
      .Default(key);
}

static std::string describeShape(Type key) {
  const ckks::KeyShapeAttr shape = getKeyShape(key);
  return shape ? " (made for level " + std::to_string(shape.getLevel()) + " with " +
                     std::to_string(shape.getSpecials()) + " special primes)"
               : "";
}

std::string describeKey(Type key) {
  const std::string name =
      TypeSwitch<Type, std::string>(key)
          .Case([](RotKeyType type) -> std::string {
            return type.getRotationIndex()
                       ? "the rotation key of index " + std::to_string(*type.getRotationIndex())
                       : "a rotation key";
          })
          .Case([](ConjKeyType) { return "the conjugation key"; })
          .Case([](RelinKeyType) { return "the relinearization key"; })
          .Case([](SwitchKeyType type) {
            return "the switching key from secret " + std::to_string(type.getFrom()) + " to " +
                   std::to_string(type.getTo());
          })
          .Default([](Type) -> std::string { return "a key"; });
  return name + describeShape(key);
}

/// An index operand is what a rotation key needs, and no other key has.
static LogicalResult verifyIndex(Operation *op, Value index, Type key) {
  if (isa<RotKeyType>(key) == static_cast<bool>(index))
    return success();
  return op->emitOpError(index ? "expected no index for a key that is no rotation key"
                               : "expected the index of the rotation key");
}

LogicalResult LoadKeyOp::verify() {
  if (failed(verifyIndex(*this, getIndex(), getType())))
    return failure();
  if (!getIndicesAttr())
    return success();
  auto key = dyn_cast<RotKeyType>(getType());
  if (!key)
    return emitOpError("expected 'indices' of a rotation key only");
  if (auto map = dyn_cast<AffineMapAttr>(getIndicesAttr())) {
    unsigned loops = 0;
    for (Operation *op = (*this)->getParentOp(); op; op = op->getParentOp())
      loops += isa<LoopLikeOpInterface>(op);
    if (map.getValue().getNumResults() != 1 || map.getValue().getNumSymbols() != 0 ||
        map.getValue().getNumDims() > loops)
      return emitOpError("expected 'indices' to map at most ")
             << loops << " induction variables to one index, found " << map;
    return success();
  }
  const ArrayRef<int64_t> indices = cast<DenseI64ArrayAttr>(getIndicesAttr()).asArrayRef();
  if (key.getRotationIndex() && !llvm::is_contained(indices, *key.getRotationIndex()))
    return emitOpError("expected 'indices' to contain the key's index, ")
           << *key.getRotationIndex();
  return success();
}

LogicalResult AssumeLoadedOp::verify() { return verifyIndex(*this, getIndex(), getType()); }

LogicalResult UseKeyOp::verify() {
  auto from = dyn_cast<RotKeyType>(getInputKey().getType());
  auto to = dyn_cast<RotKeyType>(getType());
  if (!from || !to) {
    if (withKeyLevel(getInputKey().getType(), {}) != withKeyLevel(getType(), {}))
      return emitOpError("expected keys of one kind, found ")
             << getInputKey().getType() << " and " << getType();
  } else if (from.getRotationIndex() && to.getRotationIndex() &&
             *from.getRotationIndex() != *to.getRotationIndex()) {
    return emitOpError("expected keys of one rotation index, found ")
           << *from.getRotationIndex() << " and " << *to.getRotationIndex();
  }
  if (const auto level = getKeyLevel(getInputKey().getType());
      level && getKeyLevel(getType()).value_or(*level + 1) > *level)
    return emitOpError("expected a name for no higher level than the key's, ") << *level;
  return success();
}

static LogicalResult verifyLevel(Operation *op, lwe::CiphertextType type, Type key) {
  const std::optional<int64_t> level = type.getLevel(), most = getKeyLevel(key);
  if (!level || !most || *level <= *most)
    return success();
  return op->emitOpError("expected a key for level ")
         << *level << ", found one that is good up to level " << *most;
}

/// Of an operation that keeps the size of 2.
template <typename Op> static LogicalResult verifyKeyed(Op op, Type key) {
  if (failed(verifySize(op, "a ciphertext", op.getInput().getType(), 2)))
    return failure();
  return verifyLevel(op, op.getInput().getType(), key);
}

/// Digits and transforms are for keys of one shape.
static LogicalResult verifyShape(Operation *op, ckks::KeyShapeAttr expected, Type key) {
  if (getKeyShape(key) == expected)
    return success();
  auto diagnostic = op->emitOpError("expected a key of ");
  if (expected)
    return diagnostic << expected << ", found " << key;
  return diagnostic << "no shape, found " << key;
}

LogicalResult RotateOp::verify() { return verifyKeyed(*this, getRotKey().getType()); }
LogicalResult RotateHoistedOp::verify() {
  if (failed(verifyShape(*this, getDigits().getType().getShape(), getRotKey().getType())))
    return failure();
  return verifyKeyed(*this, getRotKey().getType());
}
template <typename Op> static LogicalResult verifyStep(Op op) {
  if (!op.getRotKey())
    return success();
  return verifyShape(op, op.getTransform().getType().getShape(), op.getRotKey().getType());
}

LogicalResult BabyStepOp::verify() { return verifyStep(*this); }
LogicalResult GiantStepOp::verify() { return verifyStep(*this); }
LogicalResult BeginTransformOp::verify() {
  if (failed(verifySize(*this, "a ciphertext", getInput().getType(), 2)))
    return failure();
  if (static_cast<bool>(getDiagonals()) == static_cast<bool>(getStageAttr()))
    return emitOpError("expected either diagonals or a stage");
  if (getStageAttr() ? !getRotations().empty()
                     : static_cast<int64_t>(getRotations().size()) !=
                           cast<RankedTensorType>(getDiagonals().getType()).getDimSize(0))
    return emitOpError("expected a rotation for each row of the diagonals, none for a stage");
  if (static_cast<int64_t>(getBabyStep()) < 1)
    return emitOpError("expected a baby step of at least 1");
  return success();
}
LogicalResult ConjugateOp::verify() { return verifyKeyed(*this, getConjKey().getType()); }
LogicalResult SwitchSecretOp::verify() { return verifyKeyed(*this, getSwitchKey().getType()); }
LogicalResult DecomposeOp::verify() {
  return verifySize(*this, "a ciphertext", getInput().getType(), 2);
}

LogicalResult RelinearizeOp::verify() {
  if (failed(verifySize(*this, "an input", getInput().getType(), 3)) ||
      failed(verifySize(*this, "a result", getOutput().getType(), 2)))
    return failure();
  return verifyLevel(*this, getInput().getType(), getRelinKey().getType());
}

//===----------------------------------------------------------------------===//
// The spelling of HEIR's fork
//===----------------------------------------------------------------------===//

KmrtDialect::KmrtDialect(MLIRContext *context)
    : Dialect(getDialectNamespace(), context, TypeID::get<KmrtDialect>()) {
  context->loadDialect<KeyMgmtDialect>();
}

Type KmrtDialect::parseType(DialectAsmParser &parser) const {
  if (failed(parser.parseKeyword("rot_key")))
    return {};
  return RotKeyType::parse(parser);
}

template <typename Op> static ParseResult parseAs(OpAsmParser &parser, OperationState &state) {
  state.name = OperationName(Op::getOperationName(), parser.getContext());
  return Op::parse(parser, state);
}

std::optional<Dialect::ParseOpHook> KmrtDialect::getParseOperationHook(StringRef name) const {
  return llvm::StringSwitch<std::optional<ParseOpHook>>(name)
      .Case("kmrt.load_key", parseAs<LoadKeyOp>)
      .Case("kmrt.clear_key", parseAs<ClearKeyOp>)
      .Case("kmrt.prefetch_key", parseAs<PrefetchKeyOp>)
      .Case("kmrt.use_key", parseAs<UseKeyOp>)
      .Case("kmrt.assume_loaded", parseAs<AssumeLoadedOp>)
      .Case("kmrt.rotation", parseAs<RotateOp>)
      .Default(std::nullopt);
}

} // namespace keymemrt::key_mgmt
