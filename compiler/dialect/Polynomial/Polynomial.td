// SPDX-License-Identifier: Apache-2.0
// The polynomial dialect: rings R[x]/(f), as HEIR spells them. Only its attributes occur at the CKKS level.
#ifndef COMPILER_DIALECT_POLYNOMIAL_TD
#define COMPILER_DIALECT_POLYNOMIAL_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/DialectBase.td"
include "mlir/IR/OpAsmInterface.td"

def Polynomial_Dialect : Dialect {
  let name = "polynomial";
  let cppNamespace = "::keymemrt::polynomial";
  let summary = "Polynomials and polynomial quotient rings";
  let useDefaultAttributePrinterParser = 1;
  // Modular and RNS coefficient types are named in the rings, so parsing a ring needs those dialects.
  let dependentDialects = ["::keymemrt::mod_arith::ModArithDialect", "::keymemrt::rns::RNSDialect"];
}

def Polynomial_IntPolynomialAttr : AttrDef<Polynomial_Dialect, "IntPolynomial"> {
  let mnemonic = "int_polynomial";
  let summary = "A polynomial in one indeterminate with 64-bit integer coefficients";
  let description = [{
    `#polynomial.int_polynomial<1 + x**8192>`: monomials `3`, `x`, `3x`, `x**2`, `3x**2` joined by `+`; a negative
    coefficient is written in the literal (`-1 + x**1024`). Monomials are kept sorted by exponent and each exponent
    occurs once; the indeterminate prints as `x`.
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$coefficients, ArrayRefParameter<"int64_t">:$exponents);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    int64_t getDegree() const { return getExponents().empty() ? 0 : getExponents().back(); }
    /// Whether this is 1 + x**N with N a power of two.
    bool isPowerOfTwoCyclotomic() const;
  }];
}

def Polynomial_RingAttr : AttrDef<Polynomial_Dialect, "Ring",
    [DeclareAttrInterfaceMethods<OpAsmAttrInterface, ["getAlias"]>]> {
  let mnemonic = "ring";
  let summary = "The ring of polynomials over a coefficient type, modulo a polynomial if one is given";
  let parameters = (ins
    "::mlir::Type":$coefficientType,
    OptionalParameter<"::keymemrt::polynomial::IntPolynomialAttr">:$polynomialModulus
  );
  let assemblyFormat = "`<` struct(params) `>`";
}

#endif
