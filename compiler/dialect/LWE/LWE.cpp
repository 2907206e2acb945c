// SPDX-License-Identifier: Apache-2.0
// The lwe dialect: synonyms of type names, aliases, and the structural checks that other dialects
// share.

#include "compiler/dialect/LWE/LWE.h"

#include "compiler/dialect/ModArith/ModArith.h"
#include "compiler/dialect/RNS/RNS.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

#include "compiler/dialect/LWE/LWEDialect.cpp.inc"

#include "compiler/dialect/LWE/LWEEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "compiler/dialect/LWE/LWEAttrs.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "compiler/dialect/LWE/LWETypes.cpp.inc"

#define GET_OP_CLASSES
#include "compiler/dialect/LWE/LWEOps.cpp.inc"

namespace keymemrt::lwe {

void LWEDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "compiler/dialect/LWE/LWEAttrs.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "compiler/dialect/LWE/LWETypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "compiler/dialect/LWE/LWEOps.cpp.inc"
      >();
}

Type LWEDialect::parseType(DialectAsmParser &parser) const {
  const SMLoc loc = parser.getCurrentLocation();
  StringRef mnemonic;
  Type type;
  const OptionalParseResult result = generatedTypeParser(parser, &mnemonic, type);
  if (result.has_value())
    return type;
  // The spelling of HEIR's forks.
  if (mnemonic == "new_lwe_plaintext")
    return PlaintextType::parse(parser);
  if (mnemonic == "new_lwe_ciphertext")
    return CiphertextType::parse(parser);
  if (mnemonic == "new_lwe_public_key")
    return PublicKeyType::parse(parser);
  if (mnemonic == "new_lwe_secret_key")
    return SecretKeyType::parse(parser);
  parser.emitError(loc) << "unknown type '" << mnemonic << "' in dialect 'lwe'";
  return {};
}

void LWEDialect::printType(Type type, DialectAsmPrinter &printer) const {
  (void)generatedTypePrinter(type, printer);
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

LogicalResult PlaintextSpaceAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                         polynomial::RingAttr, Attribute encoding) {
  if (isa<InverseCanonicalEncodingAttr, FullCRTPackingEncodingAttr, CoefficientEncodingAttr,
          ConstantCoefficientEncodingAttr>(encoding))
    return success();
  return emitError() << "expected an encoding attribute of the lwe dialect, found " << encoding;
}

LogicalResult CiphertextSpaceAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                          polynomial::RingAttr, EncryptionType, int64_t size) {
  if (size < 2)
    return emitError() << "expected a ciphertext of at least 2 components, found size " << size;
  return success();
}

OpAsmAliasResult CiphertextSpaceAttr::getAlias(raw_ostream &os) const {
  os << "ciphertext_space";
  if (auto rns = dyn_cast<rns::RNSType>(getRing().getCoefficientType()))
    os << "_L" << rns.getBasis().size() - 1;
  if (getSize() != 2)
    os << "_D" << getSize();
  return OpAsmAliasResult::OverridableAlias;
}

LogicalResult ModulusChainAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                       ArrayRef<IntegerAttr> elements, int64_t current) {
  if (current < 0 || current >= static_cast<int64_t>(elements.size()))
    return emitError() << "expected 'current' to be the index of one of the " << elements.size()
                       << " elements, found " << current;
  for (IntegerAttr element : elements)
    if (!element.getValue().sgt(1))
      return emitError() << "expected elements greater than 1, found " << element;
  return success();
}

OpAsmAliasResult ModulusChainAttr::getAlias(raw_ostream &os) const {
  os << "modulus_chain_L" << getElements().size() - 1 << "_C" << getCurrent();
  return OpAsmAliasResult::OverridableAlias;
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

LogicalResult CiphertextType::verify(function_ref<InFlightDiagnostic()> emitError,
                                     ApplicationDataAttr, PlaintextSpaceAttr,
                                     CiphertextSpaceAttr ciphertextSpace, KeyAttr key,
                                     ModulusChainAttr) {
  if (key.getSlotIndex() != 0 && ciphertextSpace.getSize() != 2)
    return emitError() << "expected size 2 where the key has slot_index " << key.getSlotIndex()
                       << ", found size " << ciphertextSpace.getSize();
  return success();
}

std::optional<int64_t> CiphertextType::getLevel() const {
  if (getModulusChain())
    return getModulusChain().getCurrent();
  if (auto rns = dyn_cast<rns::RNSType>(getCiphertextSpace().getRing().getCoefficientType()))
    return rns.getBasis().size() - 1;
  return std::nullopt;
}

OpAsmAliasResult CiphertextType::getAlias(raw_ostream &os) const {
  os << "ct";
  if (std::optional<int64_t> level = getLevel())
    os << "_L" << *level;
  if (getSize() != 2)
    os << "_D" << getSize();
  return OpAsmAliasResult::OverridableAlias;
}
void CiphertextType::getAsmName(OpAsmSetNameFn setNameFn) const { setNameFn("ct"); }

OpAsmAliasResult PlaintextType::getAlias(raw_ostream &os) const {
  os << "pt";
  return OpAsmAliasResult::OverridableAlias;
}
void PlaintextType::getAsmName(OpAsmSetNameFn setNameFn) const { setNameFn("pt"); }

OpAsmAliasResult PublicKeyType::getAlias(raw_ostream &os) const {
  os << "pkey";
  return OpAsmAliasResult::OverridableAlias;
}
void PublicKeyType::getAsmName(OpAsmSetNameFn setNameFn) const { setNameFn("pk"); }

OpAsmAliasResult SecretKeyType::getAlias(raw_ostream &os) const {
  os << "skey";
  return OpAsmAliasResult::OverridableAlias;
}
void SecretKeyType::getAsmName(OpAsmSetNameFn setNameFn) const { setNameFn("sk"); }

//===----------------------------------------------------------------------===//
// Shared checks
//===----------------------------------------------------------------------===//

CiphertextType getCiphertextType(Type type) {
  return dyn_cast<CiphertextType>(getElementTypeOrSelf(type));
}

PlaintextType getPlaintextType(Type type) {
  return dyn_cast<PlaintextType>(getElementTypeOrSelf(type));
}

LogicalResult verifySameShape(Operation *op, TypeRange types) {
  auto shape = [](Type type) -> std::optional<ArrayRef<int64_t>> {
    if (auto tensor = dyn_cast<RankedTensorType>(type))
      return tensor.getShape();
    return std::nullopt;
  };
  auto describe = [](InFlightDiagnostic &diagnostic, std::optional<ArrayRef<int64_t>> shape) {
    if (!shape) {
      diagnostic << "a single value";
      return;
    }
    diagnostic << "shape (";
    llvm::interleaveComma(*shape, diagnostic);
    diagnostic << ')';
  };
  const std::optional<ArrayRef<int64_t>> first = shape(types.front());
  for (Type type : types.drop_front())
    if (shape(type) != first) {
      InFlightDiagnostic diagnostic =
          op->emitOpError("expected operands and results of one shape, found ");
      describe(diagnostic, first);
      diagnostic << " and ";
      describe(diagnostic, shape(type));
      return diagnostic;
    }
  return success();
}

static LogicalResult verifyResultSize(Operation *op, int64_t expected) {
  const int64_t size = getCiphertextType(op->getResult(0).getType()).getSize();
  if (size == expected)
    return success();
  return op->emitOpError("expected a result of size ") << expected << ", found size " << size;
}

static LogicalResult verifyOneShape(Operation *op) {
  SmallVector<Type> types(op->getOperandTypes());
  llvm::append_range(types, op->getResultTypes());
  return verifySameShape(op, types);
}

static int64_t getSize(Value value) { return getCiphertextType(value.getType()).getSize(); }

LogicalResult verifyCiphertextAdd(Operation *op) {
  if (failed(verifyOneShape(op)))
    return failure();
  return verifyResultSize(op, std::max(getSize(op->getOperand(0)), getSize(op->getOperand(1))));
}

LogicalResult verifyCiphertextMul(Operation *op) {
  if (failed(verifyOneShape(op)))
    return failure();
  return verifyResultSize(op, getSize(op->getOperand(0)) + getSize(op->getOperand(1)) - 1);
}

LogicalResult verifyCiphertextPlain(Operation *op) {
  const CiphertextType lhs = getCiphertextType(op->getOperand(0).getType());
  const CiphertextType rhs = getCiphertextType(op->getOperand(1).getType());
  if (static_cast<bool>(lhs) == static_cast<bool>(rhs))
    return op->emitOpError("expected one ciphertext and one plaintext operand, found two ")
           << (lhs ? "ciphertexts" : "plaintexts");
  if (failed(verifyOneShape(op)))
    return failure();
  return verifyResultSize(op, (lhs ? lhs : rhs).getSize());
}

LogicalResult verifySameSize(Operation *op) {
  if (failed(verifySameShape(op, {op->getOperand(0).getType(), op->getResult(0).getType()})))
    return failure();
  return verifyResultSize(op, getSize(op->getOperand(0)));
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

/// Whether each plaintext of `output` has one number, or one vector of slots, of `input` of its
/// own.
static bool isEncodable(Type input, Type output) {
  auto shape = [](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return tensor ? tensor.getShape() : ArrayRef<int64_t>();
  };
  const ArrayRef<int64_t> from = shape(input), to = shape(output);
  return (from.size() == to.size() || from.size() == to.size() + 1) &&
         from.take_front(to.size()) == to;
}

LogicalResult RLWEEncodeOp::verify() {
  if (!isEncodable(getInput().getType(), getOutput().getType()))
    return emitOpError("expected a number or a vector of slots for each plaintext, found ")
           << getInput().getType() << " for " << getOutput().getType();
  Attribute resultEncoding =
      getPlaintextType(getOutput().getType()).getPlaintextSpace().getEncoding();
  if (resultEncoding.getTypeID() != getEncoding().getTypeID())
    return emitOpError("expected a result with the kind of encoding of the attribute, ")
           << getEncoding() << ", found " << resultEncoding;
  if (getLevel() && getLevel()->isNegative())
    return emitOpError("expected a non-negative level, found ") << getLevelAttr();
  return success();
}

LogicalResult RLWEEncryptOp::verify() {
  return verifySameShape(*this, {getInput().getType(), getOutput().getType()});
}

LogicalResult RLWEDecryptOp::verify() {
  return verifySameShape(*this, {getInput().getType(), getOutput().getType()});
}

LogicalResult TrivialEncryptOp::verify() {
  return verifySameShape(*this, {getInput().getType(), getOutput().getType()});
}

LogicalResult RAddOp::verify() { return verifyCiphertextAdd(*this); }
LogicalResult RSubOp::verify() { return verifyCiphertextAdd(*this); }
LogicalResult RMulOp::verify() { return verifyCiphertextMul(*this); }
LogicalResult RAddPlainOp::verify() { return verifyCiphertextPlain(*this); }
LogicalResult RSubPlainOp::verify() { return verifyCiphertextPlain(*this); }
LogicalResult RMulPlainOp::verify() { return verifyCiphertextPlain(*this); }

} // namespace keymemrt::lwe
