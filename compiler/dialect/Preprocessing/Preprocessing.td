// SPDX-License-Identifier: Apache-2.0
// The preprocessing dialect: plaintexts encoded ahead of the program, as HEIR's split-preprocessing leaves them.
#ifndef COMPILER_DIALECT_PREPROCESSING_TD
#define COMPILER_DIALECT_PREPROCESSING_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/CommonAttrConstraints.td"
include "mlir/IR/CommonTypeConstraints.td"
include "mlir/IR/DialectBase.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Preprocessing_Dialect : Dialect {
  let name = "preprocessing";
  let cppNamespace = "::keymemrt::preprocessing";
  let summary = "Plaintexts encoded ahead of the program";
  let useDefaultTypePrinterParser = 1;
}

def Preprocessing_Storage : TypeDef<Preprocessing_Dialect, "Storage"> {
  let mnemonic = "storage";
  let summary = "preprocessing storage";
  let description = [{
    Holds values of the given types, each under a site (the encoding that it comes from) and the indices of the loops
    around that.
  }];
  let parameters = (ins ArrayRefParameter<"::mlir::Type">:$element_types);
  let assemblyFormat = "`<` $element_types `>`";
}

class Preprocessing_Op<string mnemonic, list<Trait> traits = []> : Op<Preprocessing_Dialect, mnemonic, traits>;

def Preprocessing_EmptyOp : Preprocessing_Op<"empty", []> {
  let summary = "Make a storage without values";
  let results = (outs Res<Preprocessing_Storage, "the storage", [MemAlloc]>:$storage);
  let assemblyFormat = "attr-dict `:` type($storage)";
}

def Preprocessing_StoreOp : Preprocessing_Op<"store", []> {
  let summary = "Put a value into a storage";
  let description = [{
    ```mlir
    preprocessing.store %pt, %s[%i, %j] site 0 <!pt> : !pt, !preprocessing.storage<!pt>
    ```
  }];
  let arguments = (ins AnyType:$value, Arg<Preprocessing_Storage, "the storage", [MemWrite]>:$storage,
                       Variadic<Index>:$indices, I32Attr:$site_id, TypeAttr:$element_type);
  let assemblyFormat = [{
    $value `,` $storage `[` $indices `]` `site` $site_id `<` $element_type `>` attr-dict
    `:` type($value) `,` type($storage)
  }];
  let hasVerifier = 1;
}

def Preprocessing_LoadOp : Preprocessing_Op<"load", []> {
  let summary = "Get the value that was stored at a site and indices";
  let description = [{
    ```mlir
    %pt = preprocessing.load %s[%i, %j] site 0 <!pt> : !preprocessing.storage<!pt>, !pt
    ```
  }];
  let arguments = (ins Arg<Preprocessing_Storage, "the storage", [MemRead]>:$storage, Variadic<Index>:$indices,
                       I32Attr:$site_id, TypeAttr:$element_type);
  let results = (outs AnyType:$result);
  let assemblyFormat = [{
    $storage `[` $indices `]` `site` $site_id `<` $element_type `>` attr-dict `:` type($storage) `,` type($result)
  }];
  let hasVerifier = 1;
}

def Preprocessing_LoadResourceOp : Preprocessing_Op<"load_resource", [Pure]> {
  let summary = "Numbers from a file";
  let arguments = (ins StrAttr:$path);
  let results = (outs AnyTypeOf<[AnyTensor, AnyMemRef]>:$result);
  let assemblyFormat = "$path attr-dict `:` type($result)";
  let hasVerifier = 1;
}

#endif
