// SPDX-License-Identifier: Apache-2.0
// The rns dialect: residue number systems, as HEIR spells them. Only its type occurs at the CKKS level.
#ifndef COMPILER_DIALECT_RNS_TD
#define COMPILER_DIALECT_RNS_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinTypeInterfaces.td"
include "mlir/IR/DialectBase.td"
include "mlir/IR/OpAsmInterface.td"

def RNS_Dialect : Dialect {
  let name = "rns";
  let cppNamespace = "::keymemrt::rns";
  let summary = "Residue number systems";
  let useDefaultTypePrinterParser = 1;
  let dependentDialects = ["::keymemrt::mod_arith::ModArithDialect"];
}

def RNS_RNSType : TypeDef<RNS_Dialect, "RNS",
    [MemRefElementTypeInterface, DeclareTypeInterfaceMethods<OpAsmTypeInterface, ["getAlias"]>]> {
  let mnemonic = "rns";
  let summary = "number given by its residues";
  let description = [{
    `!rns.rns<!mod_arith.int<17 : i64>, !mod_arith.int<19 : i64>>`. The basis is ordered, q_0 first, and its moduli are
    pairwise coprime.
  }];
  let parameters = (ins ArrayRefParameter<"::mlir::Type">:$basis);
  let assemblyFormat = "`<` $basis `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The moduli of the basis, q_0 first.
    ::llvm::SmallVector<int64_t> getModuli() const;
  }];
}

#endif
