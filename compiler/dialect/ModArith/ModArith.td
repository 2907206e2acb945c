// SPDX-License-Identifier: Apache-2.0
// The mod_arith dialect: integers modulo a constant, as HEIR spells them. Only its type occurs at the CKKS level.
#ifndef COMPILER_DIALECT_MODARITH_TD
#define COMPILER_DIALECT_MODARITH_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinTypeInterfaces.td"
include "mlir/IR/DialectBase.td"
include "mlir/IR/OpAsmInterface.td"

def ModArith_Dialect : Dialect {
  let name = "mod_arith";
  let cppNamespace = "::keymemrt::mod_arith";
  let summary = "Integers modulo a constant";
  let useDefaultTypePrinterParser = 1;
}

def ModArith_IntType : TypeDef<ModArith_Dialect, "ModInt",
    [MemRefElementTypeInterface, DeclareTypeInterfaceMethods<OpAsmTypeInterface, ["getAlias"]>]> {
  let mnemonic = "int";
  let summary = "integer modulo a constant";
  let description = [{
    `!mod_arith.int<17 : i64>`. The modulus is greater than 1 and positive in its own (signless) storage type, i64 if
    none is written; so primes have at most 63 bits.
  }];
  let parameters = (ins "::mlir::IntegerAttr":$modulus);
  let assemblyFormat = "`<` $modulus `>`";
  let genVerifyDecl = 1;
}

#endif
