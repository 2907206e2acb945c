// SPDX-License-Identifier: Apache-2.0
// The key_mgmt dialect: evaluation keys as values with a lifetime. Loading is HEIR's syntax; the operations that use a
// key, and those that end the lifetime of other large values, are this project's own.
#ifndef COMPILER_DIALECT_KEYMGMT_TD
#define COMPILER_DIALECT_KEYMGMT_TD

include "compiler/dialect/LWE/LWE.td"

def KeyMgmt_Dialect : Dialect {
  let name = "key_mgmt";
  let cppNamespace = "::keymemrt::key_mgmt";
  let summary = "Lifetimes of keys, ciphertexts and plaintexts";
  let description = [{
    An evaluation key is an owned value: `load_key` or `load_relin_key` acquires it, `clear_key` releases it, exactly
    once on every path, and every use lies in between. Ciphertexts, plaintexts and digits are freed by `clear`.

    Memory effects keep this order under MLIR's general passes. Keys are the resource `KeyMemory`: a load allocates on
    it (so two loads are never merged, but an unused one is dropped), a keyed operation reads it, a clear frees it.
    `clear` frees on `ValueMemory`. The arithmetic that produces those values is Pure and does not know of it: insert
    clears after the last run of CSE, which could otherwise make a later use of a value that has been cleared.
  }];
  let useDefaultTypePrinterParser = 1;
  let dependentDialects = ["::keymemrt::lwe::LWEDialect"];
}

//===----------------------------------------------------------------------===//
// Resources and types
//===----------------------------------------------------------------------===//

def KeyMgmt_KeyMemory : Resource<"::keymemrt::key_mgmt::KeyMemory">;
def KeyMgmt_ValueMemory : Resource<"::keymemrt::key_mgmt::ValueMemory">;

class KeyMgmt_Type<string name, string typeMnemonic> : TypeDef<KeyMgmt_Dialect, name, [MemRefElementTypeInterface]> {
  let mnemonic = typeMnemonic;
}

def KeyMgmt_RotKey : KeyMgmt_Type<"RotKey", "rot_key"> {
  let summary = "rotation key";
  let description = [{
    `!key_mgmt.rot_key<rotation_index = 5>` rotates to the left by 5, `!key_mgmt.rot_key<>` by an amount known at run
    time only. In operations the part between the angle brackets alone is written: `<rotation_index = 5>`.
  }];
  let parameters = (ins OptionalParameter<"std::optional<int64_t>">:$rotation_index);
  let assemblyFormat = "`<` struct(params) `>`";
}

def KeyMgmt_RelinKey : KeyMgmt_Type<"RelinKey", "relin_key"> {
  let summary = "relinearization key";
  let description = [{
    Switches from s^2 to s.
  }];
}

def KeyMgmt_Digits : KeyMgmt_Type<"Digits", "digits"> {
  let summary = "digits of a ciphertext";
  let description = [{
    What hoisting shares between the rotations of one ciphertext: the digits of its component c_1, each raised to the
    basis of Q_l P.
  }];
}

def KeyMgmt_AnyKey : AnyTypeOf<[KeyMgmt_RotKey, KeyMgmt_RelinKey], "rotation key or relinearization key">;
def KeyMgmt_Clearable : AnyTypeOf<[LWE_Ciphertext, LWE_Plaintext, KeyMgmt_Digits], "ciphertext, plaintext or digits">;
def KeyMgmt_Index : AnyTypeOf<[Index, I64], "index or i64">;

class KeyMgmt_Op<string mnemonic, list<Trait> traits = []> : Op<KeyMgmt_Dialect, mnemonic, traits>;

//===----------------------------------------------------------------------===//
// Acquiring and releasing keys
//===----------------------------------------------------------------------===//

def KeyMgmt_PrefetchKeyOp : KeyMgmt_Op<"prefetch_key", [MemoryEffects<[MemWrite<KeyMgmt_KeyMemory>]>]> {
  let summary = "Hint: start to read the rotation key of this index";
  let arguments = (ins I64:$index);
  let assemblyFormat = "$index attr-dict";
}

def KeyMgmt_LoadKeyOp : KeyMgmt_Op<"load_key"> {
  let summary = "Acquire the rotation key of an index";
  let description = [{
    The type of the result names the index where it is a constant.

    ```mlir
    %c5 = arith.constant 5 : i64
    %rk = key_mgmt.load_key %c5 : i64 -> <rotation_index = 5>
    ```
  }];
  let arguments = (ins KeyMgmt_Index:$index);
  let results = (outs Res<KeyMgmt_RotKey, "the key", [MemAlloc<KeyMgmt_KeyMemory>]>:$rot_key);
  let assemblyFormat = "$index attr-dict `:` type($index) `->` type($rot_key)";
}

def KeyMgmt_LoadRelinKeyOp : KeyMgmt_Op<"load_relin_key"> {
  let summary = "Acquire the relinearization key";
  let description = [{
    ```mlir
    %rlk = key_mgmt.load_relin_key : !key_mgmt.relin_key
    ```
  }];
  let results = (outs Res<KeyMgmt_RelinKey, "the key", [MemAlloc<KeyMgmt_KeyMemory>]>:$relin_key);
  let assemblyFormat = "attr-dict `:` qualified(type($relin_key))";
}

def KeyMgmt_UseKeyOp : KeyMgmt_Op<"use_key", [Pure]> {
  let summary = "Another name for an acquired key, with or without a static index in its type";
  let description = [{
    Acquires nothing; the key must be alive. Joins static and dynamic keys, for instance the results of `scf.if`.
  }];
  let arguments = (ins KeyMgmt_RotKey:$input_key);
  let results = (outs KeyMgmt_RotKey:$rot_key);
  let assemblyFormat = "$input_key attr-dict `:` type($input_key) `->` type($rot_key)";
  let hasVerifier = 1;
}

def KeyMgmt_AssumeLoadedOp : KeyMgmt_Op<"assume_loaded", [MemoryEffects<[MemRead<KeyMgmt_KeyMemory>]>]> {
  let summary = "Name a key that another load acquired and nobody cleared";
  let description = [{
    Read for HEIR's sake: takes over a key whose SSA value is out of scope. That it is loaded is an assumption that
    ownership checking must prove.
  }];
  let arguments = (ins KeyMgmt_Index:$index);
  let results = (outs KeyMgmt_RotKey:$rot_key);
  let assemblyFormat = "$index attr-dict `:` type($index) `->` type($rot_key)";
}

def KeyMgmt_ClearKeyOp : KeyMgmt_Op<"clear_key"> {
  let summary = "Release a key";
  let description = [{
    ```mlir
    key_mgmt.clear_key %rk : <rotation_index = 5>
    key_mgmt.clear_key %rlk : !key_mgmt.relin_key
    ```
  }];
  let arguments = (ins Arg<KeyMgmt_AnyKey, "the key", [MemFree<KeyMgmt_KeyMemory>]>:$key);
  let assemblyFormat = "$key attr-dict `:` custom<KeyType>(type($key))";
}

//===----------------------------------------------------------------------===//
// Using keys
//===----------------------------------------------------------------------===//

def KeyMgmt_RotateOp : KeyMgmt_Op<"rotate", [AllTypesMatch<["input", "output"]>]> {
  let summary = "Rotate a ciphertext to the left by the index of the key";
  let description = [{
    ```mlir
    %1 = key_mgmt.rotate %0, %rk : !ct, <rotation_index = 5> -> !ct
    ```
  }];
  let arguments = (ins LWE_Ciphertext:$input,
                       Arg<KeyMgmt_RotKey, "the key", [MemRead<KeyMgmt_KeyMemory>]>:$rot_key);
  let results = (outs LWE_Ciphertext:$output);
  let assemblyFormat = [{
    $input `,` $rot_key attr-dict `:` qualified(type($input)) `,` type($rot_key) `->` qualified(type($output))
  }];
  let hasVerifier = 1;
}

def KeyMgmt_DecomposeOp : KeyMgmt_Op<"decompose", [Pure]> {
  let summary = "Decompose a ciphertext once for several rotations of it";
  let description = [{
    ```mlir
    %d = key_mgmt.decompose %0 : !ct -> !key_mgmt.digits
    ```
  }];
  let arguments = (ins LWE_Ciphertext:$input);
  let results = (outs KeyMgmt_Digits:$digits);
  let assemblyFormat = "$input attr-dict `:` qualified(type($input)) `->` qualified(type($digits))";
  let hasVerifier = 1;
}

def KeyMgmt_RotateHoistedOp : KeyMgmt_Op<"rotate_hoisted", [AllTypesMatch<["input", "output"]>]> {
  let summary = "Rotate a ciphertext whose digits are at hand";
  let description = [{
    Equals `key_mgmt.rotate %input, %rot_key`; `digits` come from a `key_mgmt.decompose` of the same ciphertext.

    ```mlir
    %1 = key_mgmt.rotate_hoisted %0, %d, %rk : !ct, <rotation_index = 5> -> !ct
    ```
  }];
  let arguments = (ins LWE_Ciphertext:$input, KeyMgmt_Digits:$digits,
                       Arg<KeyMgmt_RotKey, "the key", [MemRead<KeyMgmt_KeyMemory>]>:$rot_key);
  let results = (outs LWE_Ciphertext:$output);
  let assemblyFormat = [{
    $input `,` $digits `,` $rot_key attr-dict `:`
    qualified(type($input)) `,` type($rot_key) `->` qualified(type($output))
  }];
  let hasVerifier = 1;
}

def KeyMgmt_RelinearizeOp : KeyMgmt_Op<"relinearize"> {
  let summary = "Relinearize a ciphertext of three components to two";
  let description = [{
    ```mlir
    %1 = key_mgmt.relinearize %0, %rlk : !ct_D3 -> !ct
    ```
  }];
  let arguments = (ins LWE_Ciphertext:$input,
                       Arg<KeyMgmt_RelinKey, "the key", [MemRead<KeyMgmt_KeyMemory>]>:$relin_key);
  let results = (outs LWE_Ciphertext:$output);
  let assemblyFormat = [{
    $input `,` $relin_key attr-dict `:` qualified(type($input)) `->` qualified(type($output))
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Releasing other values
//===----------------------------------------------------------------------===//

def KeyMgmt_ClearOp : KeyMgmt_Op<"clear"> {
  let summary = "End the lifetime of a ciphertext, plaintext or digits";
  let description = [{
    ```mlir
    key_mgmt.clear %0 : !ct
    ```
  }];
  let arguments = (ins Arg<KeyMgmt_Clearable, "the value", [MemFree<KeyMgmt_ValueMemory>]>:$value);
  let assemblyFormat = "$value attr-dict `:` qualified(type($value))";
}

#endif
