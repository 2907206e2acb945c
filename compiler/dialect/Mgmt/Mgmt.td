// SPDX-License-Identifier: Apache-2.0
// The mgmt dialect: HEIR's notes on levels and scales, which are read and kept but not believed.
#ifndef COMPILER_DIALECT_MGMT_TD
#define COMPILER_DIALECT_MGMT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/CommonTypeConstraints.td"
include "mlir/IR/DialectBase.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Mgmt_Dialect : Dialect {
  let name = "mgmt";
  let cppNamespace = "::keymemrt::mgmt";
  let summary = "HEIR's notes on levels and scales";
  let useDefaultAttributePrinterParser = 1;
}

def Mgmt_MgmtAttr : AttrDef<Mgmt_Dialect, "Mgmt"> {
  let mnemonic = "mgmt";
  let summary = "Level, number of components and log2 of the scale, as HEIR planned them";
  let description = [{
    -1 as scale: not known.
  }];
  let parameters = (ins "int64_t":$level, DefaultValuedParameter<"int64_t", "2">:$dimension,
                        DefaultValuedParameter<"int64_t", "-1">:$scale);
  let assemblyFormat = "`<` struct(params) `>`";
}

def Mgmt_OpenfheParamsAttr : AttrDef<Mgmt_Dialect, "OpenfheParams"> {
  let mnemonic = "openfhe_params";
  let summary = "What OpenFHE's parameter generation counts";
  let parameters = (ins "int64_t":$evalAddCount, "int64_t":$keySwitchCount);
  let assemblyFormat = "`<` struct(params) `>`";
}

def Mgmt_InitOp : Op<Mgmt_Dialect, "init", [Pure, AllTypesMatch<["input", "output"]>]> {
  let summary = "A plaintext or ciphertext whose level and scale start here";
  let arguments = (ins AnyType:$input);
  let results = (outs AnyType:$output);
  let assemblyFormat = "$input attr-dict `:` type($output)";
}

#endif
