// SPDX-License-Identifier: Apache-2.0
// The polynomial dialect: the textual form of integer polynomials, and names for rings.

#include "compiler/dialect/Polynomial/Polynomial.h"

#include "compiler/dialect/ModArith/ModArith.h"
#include "compiler/dialect/RNS/RNS.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

#include "compiler/dialect/Polynomial/PolynomialDialect.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "compiler/dialect/Polynomial/PolynomialAttrs.cpp.inc"

namespace keymemrt::polynomial {

void PolynomialDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "compiler/dialect/Polynomial/PolynomialAttrs.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// IntPolynomialAttr
//===----------------------------------------------------------------------===//

namespace {
struct Monomial {
  int64_t coefficient;
  int64_t exponent;
};
} // namespace

/// Parses `[int] [ident [** int]]`, at least one of the two parts. `indeterminate` is empty until
/// one has been seen.
static ParseResult parseMonomial(AsmParser &parser, std::string &indeterminate,
                                 Monomial &monomial) {
  const SMLoc loc = parser.getCurrentLocation();
  monomial = {1, 0};
  const OptionalParseResult coefficient = parser.parseOptionalInteger(monomial.coefficient);
  if (coefficient.has_value() && failed(*coefficient))
    return failure();
  StringRef name;
  if (failed(parser.parseOptionalKeyword(&name))) {
    if (coefficient.has_value())
      return success();
    return parser.emitError(loc, "expected a monomial such as 3, x or 3x**2");
  }
  if (indeterminate.empty())
    indeterminate = name.str();
  if (name != indeterminate)
    return parser.emitError(loc) << "expected a single indeterminate, found '" << indeterminate
                                 << "' and '" << name << "'";
  monomial.exponent = 1;
  if (failed(parser.parseOptionalStar()))
    return success();
  return failure(parser.parseStar() || parser.parseInteger(monomial.exponent));
}

Attribute IntPolynomialAttr::parse(AsmParser &parser, Type) {
  if (parser.parseLess())
    return {};
  SmallVector<Monomial> monomials;
  std::string indeterminate;
  do {
    if (parseMonomial(parser, indeterminate, monomials.emplace_back()))
      return {};
  } while (succeeded(parser.parseOptionalPlus()));
  const SMLoc loc = parser.getCurrentLocation();
  if (parser.parseGreater())
    return {};
  llvm::stable_sort(monomials,
                    [](const Monomial &a, const Monomial &b) { return a.exponent < b.exponent; });
  SmallVector<int64_t> coefficients, exponents;
  for (const Monomial &monomial : monomials) {
    coefficients.push_back(monomial.coefficient);
    exponents.push_back(monomial.exponent);
  }
  return IntPolynomialAttr::getChecked([&] { return parser.emitError(loc); }, parser.getContext(),
                                       coefficients, exponents);
}

void IntPolynomialAttr::print(AsmPrinter &printer) const {
  printer << '<';
  llvm::interleave(
      llvm::zip_equal(getCoefficients(), getExponents()), printer.getStream(),
      [&](auto monomial) {
        auto [coefficient, exponent] = monomial;
        if (coefficient != 1 || exponent == 0)
          printer << coefficient;
        if (exponent > 0)
          printer << 'x';
        if (exponent > 1)
          printer << "**" << exponent;
      },
      " + ");
  printer << '>';
}

LogicalResult IntPolynomialAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                        ArrayRef<int64_t> coefficients,
                                        ArrayRef<int64_t> exponents) {
  if (coefficients.empty() || coefficients.size() != exponents.size())
    return emitError() << "expected one coefficient for each of at least one exponent";
  if (exponents.front() < 0)
    return emitError() << "expected non-negative exponents, found " << exponents.front();
  for (auto [previous, next] : llvm::zip(exponents.drop_back(), exponents.drop_front()))
    if (previous >= next)
      return emitError() << "expected each exponent once, in increasing order, found " << next
                         << " after " << previous;
  return success();
}

bool IntPolynomialAttr::isPowerOfTwoCyclotomic() const {
  return getCoefficients() == ArrayRef<int64_t>{1, 1} && getExponents().front() == 0 &&
         llvm::isPowerOf2_64(getDegree());
}

//===----------------------------------------------------------------------===//
// RingAttr
//===----------------------------------------------------------------------===//

OpAsmAliasResult RingAttr::getAlias(raw_ostream &os) const {
  os << "ring_";
  if (auto rns = dyn_cast<rns::RNSType>(getCoefficientType()))
    os << "rns_L" << rns.getBasis().size() - 1;
  else if (auto modInt = dyn_cast<mod_arith::ModIntType>(getCoefficientType()))
    (void)modInt.getAlias(os);
  else
    os << getCoefficientType();
  if (getPolynomialModulus())
    os << "_x" << getPolynomialModulus().getDegree();
  return OpAsmAliasResult::OverridableAlias;
}

} // namespace keymemrt::polynomial
