// SPDX-License-Identifier: Apache-2.0
// The ckks dialect: structural verifiers, and relinearize's two spellings.

#include "compiler/dialect/CKKS/CKKS.h"

#include "compiler/dialect/Orion/Orion.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/TypeSwitch.h"

#include <set>

using namespace mlir;

//===----------------------------------------------------------------------===//
// Spellings of HEIR's forks
//===----------------------------------------------------------------------===//

/// Parses the attributes of rotate; `offset` is read as `static_shift`.
static ParseResult parseRotateAttributes(OpAsmParser &parser, NamedAttrList &attributes) {
  const SMLoc loc = parser.getCurrentLocation();
  if (parser.parseOptionalAttrDict(attributes))
    return failure();
  if (Attribute offset = attributes.get("offset"); offset && !attributes.get("static_shift")) {
    attributes.erase("offset");
    attributes.append("static_shift", offset);
  }
  Attribute shift = attributes.get("static_shift");
  if (shift && !isa<IntegerAttr>(shift))
    return parser.emitError(loc, "expected 'static_shift' to be an integer, found ") << shift;
  return success();
}

static void printRotateAttributes(OpAsmPrinter &printer, Operation *, DictionaryAttr attributes) {
  printer.printOptionalAttrDict(attributes.getValue());
}

/// Parses `(T) -> T`, `(T, K) -> T` or, as HEIR's forks write it, `T -> T`.
static ParseResult parseRelinearizeTypes(OpAsmParser &parser, Type &input, Type &keySwitchingKey,
                                         Type &output) {
  if (failed(parser.parseOptionalLParen()))
    return failure(parser.parseType(input) || parser.parseArrow() || parser.parseType(output));
  if (parser.parseType(input))
    return failure();
  if (succeeded(parser.parseOptionalComma()) && parser.parseType(keySwitchingKey))
    return failure();
  return failure(parser.parseRParen() || parser.parseArrow() || parser.parseType(output));
}

static void printRelinearizeTypes(OpAsmPrinter &printer, Operation *, Type input,
                                  Type keySwitchingKey, Type output) {
  printer << '(' << input;
  if (keySwitchingKey)
    printer << ", " << keySwitchingKey;
  printer << ") -> " << output;
}

#include "compiler/dialect/CKKS/CKKSDialect.cpp.inc"

#include "compiler/dialect/CKKS/CKKSEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "compiler/dialect/CKKS/CKKSAttrs.cpp.inc"

#define GET_OP_CLASSES
#include "compiler/dialect/CKKS/CKKSOps.cpp.inc"

namespace keymemrt::ckks {

void CKKSDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "compiler/dialect/CKKS/CKKSAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "compiler/dialect/CKKS/CKKSOps.cpp.inc"
      >();
}

template <typename Op> static ParseResult parseAs(OpAsmParser &parser, OperationState &state) {
  state.name = OperationName(Op::getOperationName(), parser.getContext());
  return Op::parse(parser, state);
}

std::optional<Dialect::ParseOpHook> CKKSDialect::getParseOperationHook(StringRef name) const {
  if (name == "ckks.linear_transform")
    return ParseOpHook(parseAs<orion::LinearTransformOp>);
  if (name == "ckks.chebyshev")
    return ParseOpHook(parseAs<orion::ChebyshevOp>);
  return std::nullopt;
}

LogicalResult CKKSDialect::verifyOperationAttribute(Operation *op, NamedAttribute attribute) {
  // Others are HEIR's own and pass through unread.
  if (attribute.getName() != kSchemeParamName)
    return success();
  if (!isa<ModuleOp>(op))
    return op->emitError("expected '") << kSchemeParamName << "' on a module only";
  if (!isa<SchemeParamAttr>(attribute.getValue()))
    return op->emitError("expected '")
           << kSchemeParamName << "' to be a #ckks.scheme_param, found " << attribute.getValue();
  return success();
}

//===----------------------------------------------------------------------===//
// SchemeParamAttr
//===----------------------------------------------------------------------===//

LogicalResult SchemeParamAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t logN,
                                      DenseI64ArrayAttr Q, DenseI64ArrayAttr P,
                                      int64_t logDefaultScale, EncryptionType,
                                      EncryptionTechnique) {
  if (logN < 10 || logN > 17)
    return emitError() << "expected logN from 10 to 17, found " << logN;
  if (Q.empty())
    return emitError() << "expected at least one prime in Q";
  if (P.empty())
    return emitError() << "expected at least one prime in P";
  if (logDefaultScale < 0 || logDefaultScale > 62)
    return emitError() << "expected logDefaultScale from 0 to 62, found " << logDefaultScale;
  std::set<int64_t> seen;
  for (auto [name, moduli] : {std::pair("Q", Q), std::pair("P", P)})
    for (int64_t modulus : moduli.asArrayRef()) {
      if (modulus < 2)
        return emitError() << "expected moduli from 2 to 2^63 - 1 in " << name << ", found "
                           << modulus;
      if (!seen.insert(modulus).second)
        return emitError() << "expected each modulus once in Q and P, found " << modulus
                           << " again in " << name;
    }
  return success();
}

LogicalResult KeyShapeAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t level,
                                   int64_t specials) {
  if (level < 0 || specials < 1)
    return emitError() << "expected a level from 0 and at least one special prime, found level "
                       << level << " and " << specials << " primes";
  return success();
}

LogicalResult BootstrapAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t logSlots,
                                    int64_t targetLevel, DenseI64ArrayAttr coeffToSlot,
                                    DenseI64ArrayAttr slotToCoeff, int64_t, int64_t, int64_t,
                                    int64_t, int64_t, int64_t) {
  if (logSlots < 1 || logSlots > 16)
    return emitError() << "expected log_slots from 1 to 16, found " << logSlots;
  if (targetLevel < 0)
    return emitError() << "expected a target_level of 0 or more, found " << targetLevel;
  for (auto [name, radices] :
       {std::pair("coeff_to_slot", coeffToSlot), std::pair("slot_to_coeff", slotToCoeff)}) {
    int64_t layers = 0;
    for (int64_t radix : radices.asArrayRef()) {
      if (radix < 1 || radix > 16)
        return emitError() << "expected stages of 1 to 16 layers in " << name << ", found "
                           << radix;
      layers += radix;
    }
    if (layers != logSlots)
      return emitError() << "expected " << logSlots << " layers in " << name << ", found "
                         << layers;
  }
  return success();
}

LogicalResult DftStageAttr::verify(function_ref<InFlightDiagnostic()> emitError, DftDirection,
                                   int64_t logSlots, DenseI64ArrayAttr radices, int64_t stage,
                                   FloatAttr factor, bool) {
  int64_t layers = 0;
  for (int64_t radix : radices.asArrayRef()) {
    if (radix < 1 || radix > 16)
      return emitError() << "expected radices from 1 to 16, found " << radix;
    layers += radix;
  }
  if (logSlots < 1 || logSlots > 16 || layers != logSlots)
    return emitError() << "expected radices whose sum is log_slots, from 1 to 16, found "
                       << logSlots;
  if (stage < 0 || stage >= static_cast<int64_t>(radices.size()))
    return emitError() << "expected a stage from 0 to " << radices.size() - 1 << ", found "
                       << stage;
  if (!factor.getType().isF64() || !factor.getValue().isFinite() ||
      factor.getValue().isNegative() || factor.getValue().isZero())
    return emitError() << "expected a positive factor of type f64, found " << factor;
  return success();
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

LogicalResult AddOp::verify() { return lwe::verifyCiphertextAdd(*this); }
LogicalResult SubOp::verify() { return lwe::verifyCiphertextAdd(*this); }
LogicalResult MulOp::verify() { return lwe::verifyCiphertextMul(*this); }
LogicalResult AddPlainOp::verify() { return lwe::verifyCiphertextPlain(*this); }
LogicalResult SubPlainOp::verify() { return lwe::verifyCiphertextPlain(*this); }
LogicalResult MulPlainOp::verify() { return lwe::verifyCiphertextPlain(*this); }
LogicalResult RescaleOp::verify() { return lwe::verifySameSize(*this); }
LogicalResult LevelReduceOp::verify() { return lwe::verifySameSize(*this); }

static LogicalResult verifyTwoComponents(Operation *op, Value ciphertext) {
  const int64_t size = lwe::getCiphertextType(ciphertext.getType()).getSize();
  if (size == 2)
    return success();
  return op->emitOpError("expected a ciphertext of size 2, found size ")
         << size << "; relinearize it first";
}

LogicalResult RotateOp::verify() {
  if (static_cast<bool>(getDynamicShift()) == static_cast<bool>(getStaticShiftAttr()))
    return emitOpError(
               "expected exactly one of the attribute 'static_shift' and a shift operand, found ")
           << (getDynamicShift() ? "both" : "none");
  return verifyTwoComponents(*this, getInput());
}

/// The slots that rotations go around in, by the module's parameters.
static std::optional<int64_t> getSlots(Operation *op) {
  auto module = op->getParentOfType<ModuleOp>();
  auto param = module ? module->getAttrOfType<SchemeParamAttr>(CKKSDialect::kSchemeParamName)
                      : SchemeParamAttr();
  return param ? std::optional<int64_t>(int64_t{1} << (param.getLogN() - 1)) : std::nullopt;
}

/// A constant shift becomes static, and positive where the number of slots is known; two rotations
/// of which nobody sees what is between them become one; a rotation by 0 is none.
LogicalResult RotateOp::canonicalize(RotateOp op, PatternRewriter &rewriter) {
  std::optional<int64_t> shift;
  if (IntegerAttr attr = op.getStaticShiftAttr()) {
    shift = attr.getValue().trySExtValue();
  } else if (APInt value; matchPattern(op.getDynamicShift(), m_ConstantInt(&value))) {
    shift = value.trySExtValue();
  }
  if (!shift)
    return failure();
  const std::optional<int64_t> slots = getSlots(op);
  const auto reduce = [&](int64_t value) {
    return slots ? (value % *slots + *slots) % *slots : value;
  };
  int64_t total = reduce(*shift);
  auto inner = op.getInput().getDefiningOp<RotateOp>();
  std::optional<int64_t> first;
  if (inner && inner->hasOneUse() && inner.getStaticShiftAttr())
    first = inner.getStaticShiftAttr().getValue().trySExtValue();
  if (first && !llvm::AddOverflow(reduce(*first), total, total))
    total = reduce(total);
  else
    first.reset();
  if (total == 0) {
    rewriter.replaceOp(op, first ? inner.getInput() : op.getInput());
    return success();
  }
  if (!first && op.getStaticShiftAttr() && *shift == total)
    return failure();
  // What is noted of the result stays; `indices`, of a shift that was an operand, does not.
  SmallVector<NamedAttribute> notes;
  for (NamedAttribute attr : op->getDiscardableAttrs())
    if (attr.getName().getValue() != "indices")
      notes.push_back(attr);
  auto made = rewriter.replaceOpWithNewOp<RotateOp>(op, op.getType(),
                                                    first ? inner.getInput() : op.getInput(),
                                                    Value(), rewriter.getI64IntegerAttr(total));
  made->setDiscardableAttrs(notes);
  return success();
}

LogicalResult RelinearizeOp::verify() {
  if (failed(lwe::verifySameShape(*this, {getInput().getType(), getOutput().getType()})))
    return failure();
  auto matches = [](Value value, ArrayRef<int32_t> basis) {
    return lwe::getCiphertextType(value.getType()).getSize() == static_cast<int64_t>(basis.size());
  };
  if (!matches(getInput(), getFromBasis()))
    return emitOpError("expected an input of size ")
           << getFromBasis().size() << ", the length of 'from_basis', found size "
           << lwe::getCiphertextType(getInput().getType()).getSize();
  if (!matches(getOutput(), getToBasis()))
    return emitOpError("expected a result of size ")
           << getToBasis().size() << ", the length of 'to_basis', found size "
           << lwe::getCiphertextType(getOutput().getType()).getSize();
  return success();
}

template <typename Op> static LogicalResult verifyScalar(Op op) {
  if (!op.getReal().isFinite() || !op.getImaginary().isFinite())
    return op.emitOpError("expected a finite number");
  return lwe::verifySameSize(op);
}

LogicalResult MulScalarOp::verify() { return verifyScalar(*this); }
LogicalResult AddScalarOp::verify() { return verifyScalar(*this); }

LogicalResult MulScalarAddOp::verify() {
  if (!getReal().isFinite() || !getImaginary().isFinite())
    return emitOpError("expected a finite number");
  const auto size = [](Value value) { return lwe::getCiphertextType(value.getType()).getSize(); };
  if (size(getInput()) > size(getSum()))
    return emitOpError("expected a product of no more components than the sum's ")
           << size(getSum()) << ", found " << size(getInput());
  return lwe::verifySameSize(*this);
}

LogicalResult ConjugateOp::verify() { return verifyTwoComponents(*this, getInput()); }
LogicalResult SwitchSecretOp::verify() { return verifyTwoComponents(*this, getInput()); }

LogicalResult DftOp::verify() {
  if (failed(lwe::verifySameSize(*this)))
    return failure();
  return verifyTwoComponents(*this, getInput());
}

LogicalResult ModRaiseOp::verify() {
  if (failed(lwe::verifySameSize(*this)))
    return failure();
  return verifyTwoComponents(*this, getInput());
}

LogicalResult BootstrapOp::verify() {
  if (failed(lwe::verifySameSize(*this)))
    return failure();
  return verifyTwoComponents(*this, getInput());
}

/// Of two operands, one of which is a ciphertext: the ciphertext, or with `plain` the other one.
static Value pick(Value lhs, Value rhs, bool plain) {
  return static_cast<bool>(lwe::getCiphertextType(lhs.getType())) != plain ? lhs : rhs;
}

Value AddPlainOp::getCiphertext() { return pick(getLhs(), getRhs(), /*plain=*/false); }
Value AddPlainOp::getPlaintext() { return pick(getLhs(), getRhs(), /*plain=*/true); }
Value SubPlainOp::getCiphertext() { return pick(getLhs(), getRhs(), /*plain=*/false); }
Value SubPlainOp::getPlaintext() { return pick(getLhs(), getRhs(), /*plain=*/true); }
Value MulPlainOp::getCiphertext() { return pick(getLhs(), getRhs(), /*plain=*/false); }
Value MulPlainOp::getPlaintext() { return pick(getLhs(), getRhs(), /*plain=*/true); }

} // namespace keymemrt::ckks
