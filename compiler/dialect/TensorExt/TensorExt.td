// SPDX-License-Identifier: Apache-2.0
// The tensor_ext dialect: packing layouts and cleartext rotation, as HEIR spells them.
#ifndef COMPILER_DIALECT_TENSOREXT_TD
#define COMPILER_DIALECT_TENSOREXT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/CommonTypeConstraints.td"
include "mlir/IR/DialectBase.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def TensorExt_Dialect : Dialect {
  let name = "tensor_ext";
  let cppNamespace = "::keymemrt::tensor_ext";
  let summary = "Packing layouts and cleartext rotation";
  let useDefaultAttributePrinterParser = 1;
}

def TensorExt_LayoutAttr : AttrDef<TensorExt_Dialect, "Layout"> {
  let mnemonic = "layout";
  let summary = "An integer relation from data indices to slots, in the notation of ISL";
  let parameters = (ins "::mlir::StringAttr":$layout);
  let assemblyFormat = "`<` $layout `>`";
  let genMnemonicAlias = 1;
}

def TensorExt_OriginalTypeAttr : AttrDef<TensorExt_Dialect, "OriginalType"> {
  let mnemonic = "original_type";
  let summary = "The cleartext type of a packed argument or result, and its layout";
  let parameters = (ins "::mlir::Type":$originalType, "::mlir::Attribute":$layout);
  let assemblyFormat = "`<` struct(params) `>`";
  let genMnemonicAlias = 1;
}

def TensorExt_RotateOp : Op<TensorExt_Dialect, "rotate", [Pure, AllTypesMatch<["tensor", "output"]>]> {
  let summary = "Rotate cleartext data to the left along the last dimension: output[.., j] = tensor[.., j + shift]";
  let description = [{
    Indices are modulo the last dimension, so any shift is legal.

    ```mlir
    %1 = tensor_ext.rotate %0, %shift : tensor<1x1024xf32>, index
    ```
  }];
  let arguments = (ins AnyRankedTensor:$tensor, AnySignlessIntegerOrIndex:$shift);
  let results = (outs AnyRankedTensor:$output);
  let assemblyFormat = "operands attr-dict `:` type($tensor) `,` type($shift)";
  let hasVerifier = 1;
}

#endif
