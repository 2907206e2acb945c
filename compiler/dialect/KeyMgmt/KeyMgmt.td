// SPDX-License-Identifier: Apache-2.0
// The key_mgmt dialect: evaluation keys as values with a lifetime. Loading is HEIR's syntax; the operations that use a
// key, and those that end the lifetime of other large values, are this project's own.
#ifndef COMPILER_DIALECT_KEYMGMT_TD
#define COMPILER_DIALECT_KEYMGMT_TD

include "compiler/dialect/CKKS/CKKS.td"

def KeyMgmt_Dialect : Dialect {
  let name = "key_mgmt";
  let cppNamespace = "::keymemrt::key_mgmt";
  let summary = "Lifetimes of keys, ciphertexts and plaintexts";
  let description = [{
    An evaluation key is an owned value: `load_key` acquires it, `clear_key` releases it, exactly once on every path, and
    every use lies in between. `--verify-key-lifetimes` proves that. Ciphertexts, plaintexts and digits are freed by
    `clear`.

    A key is what its type says: of a kind (`rot_key`, `conj_key`, `relin_key`, `switch_key`), of an index where it is a
    rotation key, and good for ciphertexts up to `level`, where the type has one (without: up to the top level). Two keys
    that differ in `level` alone are the same key, of which more or less is loaded. Keys of different `shape`, the special
    modulus that they are made for, are different keys.

    Memory effects keep the order of lifetimes under MLIR's general passes. Every key is memory of its own: `load_key`
    allocates its result, a keyed operation reads its operand, `clear_key` frees its operand, so what happens to one key
    says nothing of another. Besides, loads and clears write `KeyTable`, of which `assume_loaded` reads: no load is
    dropped or moved over a name that another load may have to make good. `clear` frees on `ValueMemory`. The arithmetic
    that produces those values is Pure and does not know of it: insert clears after the last run of CSE, which could
    otherwise make a later use of a value that has been cleared.

    The names of HEIR's fork, `kmrt.load_key` and so on with `kmrt.rotation` for `key_mgmt.rotate`, are read too.
  }];
  let useDefaultTypePrinterParser = 1;
  let dependentDialects = ["::keymemrt::ckks::CKKSDialect"];
}

//===----------------------------------------------------------------------===//
// Resources and types
//===----------------------------------------------------------------------===//

def KeyMgmt_KeyMemory : Resource<"::keymemrt::key_mgmt::KeyMemory">;
def KeyMgmt_KeyTable : Resource<"::keymemrt::key_mgmt::KeyTable">;
def KeyMgmt_ValueMemory : Resource<"::keymemrt::key_mgmt::ValueMemory">;

class KeyMgmt_Type<string name, string typeMnemonic> : TypeDef<KeyMgmt_Dialect, name, [MemRefElementTypeInterface]> {
  let mnemonic = typeMnemonic;
}

defvar KeyMgmt_Level = OptionalParameter<"std::optional<int64_t>">;
defvar KeyMgmt_Shape = OptionalParameter<"::keymemrt::ckks::KeyShapeAttr">;

def KeyMgmt_RotKey : KeyMgmt_Type<"RotKey", "rot_key"> {
  let summary = "rotation key";
  let description = [{
    `!key_mgmt.rot_key<rotation_index = 5>` rotates to the left by 5, `!key_mgmt.rot_key<>` by an amount known at run
    time only. In operations the part between the angle brackets alone is written: `<rotation_index = 5, level = 3>`.
  }];
  let parameters = (ins OptionalParameter<"std::optional<int64_t>">:$rotation_index, KeyMgmt_Level:$level,
                        KeyMgmt_Shape:$shape);
  let assemblyFormat = "`<` struct(params) `>`";
  let builders = [TypeBuilder<(ins CArg<"std::optional<int64_t>", "{}">:$rotation_index), [{
    return $_get($_ctxt, rotation_index, std::nullopt, ::keymemrt::ckks::KeyShapeAttr());
  }]>];
}

def KeyMgmt_ConjKey : KeyMgmt_Type<"ConjKey", "conj_key"> {
  let summary = "conjugation key";
  let description = [{
    Conjugates every slot: the automorphism x -> x^(2N-1).
  }];
  let parameters = (ins KeyMgmt_Level:$level, KeyMgmt_Shape:$shape);
  let assemblyFormat = "(`<` struct(params)^ `>`)?";
}

def KeyMgmt_RelinKey : KeyMgmt_Type<"RelinKey", "relin_key"> {
  let summary = "relinearization key";
  let description = [{
    Switches from s^2 to s.
  }];
  let parameters = (ins KeyMgmt_Level:$level, KeyMgmt_Shape:$shape);
  let assemblyFormat = "(`<` struct(params)^ `>`)?";
}

def KeyMgmt_SwitchKey : KeyMgmt_Type<"SwitchKey", "switch_key"> {
  let summary = "switching key";
  let description = [{
    Switches from secret number `from` to secret number `to`; 0 is the main secret, 1 the sparse one of bootstrapping.
  }];
  let parameters = (ins "int64_t":$from, "int64_t":$to, KeyMgmt_Level:$level, KeyMgmt_Shape:$shape);
  let assemblyFormat = "`<` struct(params) `>`";
}

def KeyMgmt_Digits : KeyMgmt_Type<"Digits", "digits"> {
  let summary = "digits of a ciphertext";
  let description = [{
    What hoisting shares between the rotations of one ciphertext: the digits of its component c_1, each raised to the
    basis of Q_l P, for keys of `shape`.
  }];
  let parameters = (ins KeyMgmt_Shape:$shape);
  let assemblyFormat = "(`<` struct(params)^ `>`)?";
}

def KeyMgmt_Transform : KeyMgmt_Type<"Transform", "transform"> {
  let summary = "linear transform under way";
  let description = [{
    What a linear transform has computed so far, for keys of `shape`: each step takes it and gives the next one.
  }];
  let parameters = (ins KeyMgmt_Shape:$shape);
  let assemblyFormat = "(`<` struct(params)^ `>`)?";
}

def KeyMgmt_AnyKey : AnyTypeOf<[KeyMgmt_RotKey, KeyMgmt_ConjKey, KeyMgmt_RelinKey, KeyMgmt_SwitchKey],
                               "evaluation key">;
def KeyMgmt_Clearable : AnyTypeOf<[LWE_Ciphertext, LWE_Plaintext, KeyMgmt_Digits], "ciphertext, plaintext or digits">;
def KeyMgmt_Index : AnyTypeOf<[Index, I64], "index or i64">;
def KeyMgmt_IndexSet : AnyAttrOf<[DenseI64ArrayAttr, AffineMapAttr],
                                 "indices, or an affine map of the induction variables of the loops around">;

class KeyMgmt_Op<string mnemonic, list<Trait> traits = []> : Op<KeyMgmt_Dialect, mnemonic, traits>;

//===----------------------------------------------------------------------===//
// Acquiring and releasing keys
//===----------------------------------------------------------------------===//

def KeyMgmt_PrefetchKeyOp : KeyMgmt_Op<"prefetch_key", [MemoryEffects<[MemWrite<KeyMgmt_KeyTable>]>]> {
  let summary = "Hint: start to read the rotation key of this index";
  let description = [{
    An index of type i64 is written without its type.
  }];
  let arguments = (ins KeyMgmt_Index:$index);
  let assemblyFormat = "$index attr-dict `` custom<PrefetchType>(type($index))";
}

def KeyMgmt_LoadKeyOp : KeyMgmt_Op<"load_key", [MemoryEffects<[MemWrite<KeyMgmt_KeyTable>]>]> {
  let summary = "Acquire a key";
  let description = [{
    A rotation key is named by an index, other keys by their type alone. The type of the result names the index too where
    it is a constant. Where it is none, `indices` may say which it can be, as rotation-index-analysis finds out: all of
    them, or as a map of the induction variables of the loops around the operation, outermost first.

    ```mlir
    %c5 = arith.constant 5 : i64
    %rk = key_mgmt.load_key %c5 : i64 -> <rotation_index = 5>
    %rk2 = key_mgmt.load_key %i {indices = array<i64: 1, 2, 4>} : index -> <>
    %rk3 = key_mgmt.load_key %j {indices = affine_map<(d0) -> (d0 * 4)>} : index -> <level = 3>
    %rlk = key_mgmt.load_key : !key_mgmt.relin_key
    ```
  }];
  let arguments = (ins Optional<KeyMgmt_Index>:$index, OptionalAttr<KeyMgmt_IndexSet>:$indices);
  let results = (outs Res<KeyMgmt_AnyKey, "the key", [MemAlloc<KeyMgmt_KeyMemory>]>:$key);
  let assemblyFormat = "($index^)? attr-dict `:` custom<KeyTypes>(type($index), type($key))";
  let hasVerifier = 1;
}

def KeyMgmt_UseKeyOp : KeyMgmt_Op<"use_key", [Pure]> {
  let summary = "Another name for an acquired key, with or without a static index in its type";
  let description = [{
    Acquires nothing; the key must be alive. Joins static and dynamic keys, for instance the results of `scf.if`.
  }];
  let arguments = (ins KeyMgmt_AnyKey:$input_key);
  let results = (outs KeyMgmt_AnyKey:$key);
  let assemblyFormat = "$input_key attr-dict `:` custom<KeyType>(type($input_key)) `->` custom<KeyType>(type($key))";
  let hasVerifier = 1;
}

def KeyMgmt_AssumeLoadedOp : KeyMgmt_Op<"assume_loaded", [MemoryEffects<[MemRead<KeyMgmt_KeyTable>]>]> {
  let summary = "Name a key that another load acquired and nobody cleared";
  let description = [{
    For a key whose SSA value is out of scope. That it is loaded is what `--verify-key-lifetimes` proves or rejects.
  }];
  let arguments = (ins Optional<KeyMgmt_Index>:$index);
  let results = (outs KeyMgmt_AnyKey:$key);
  let assemblyFormat = "($index^)? attr-dict `:` custom<KeyTypes>(type($index), type($key))";
  let hasVerifier = 1;
}

def KeyMgmt_ClearKeyOp : KeyMgmt_Op<"clear_key", [MemoryEffects<[MemWrite<KeyMgmt_KeyTable>]>]> {
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

def KeyMgmt_ConjugateOp : KeyMgmt_Op<"conjugate", [AllTypesMatch<["input", "output"]>]> {
  let summary = "Conjugate every slot of a ciphertext";
  let description = [{
    ```mlir
    %1 = key_mgmt.conjugate %0, %k : !ct, !key_mgmt.conj_key -> !ct
    ```
  }];
  let arguments = (ins LWE_Ciphertext:$input,
                       Arg<KeyMgmt_ConjKey, "the key", [MemRead<KeyMgmt_KeyMemory>]>:$conj_key);
  let results = (outs LWE_Ciphertext:$output);
  let assemblyFormat = [{
    $input `,` $conj_key attr-dict `:`
    qualified(type($input)) `,` qualified(type($conj_key)) `->` qualified(type($output))
  }];
  let hasVerifier = 1;
}

def KeyMgmt_SwitchSecretOp : KeyMgmt_Op<"switch_secret"> {
  let summary = "Bring a ciphertext from one secret to another";
  let description = [{
    ```mlir
    %1 = key_mgmt.switch_secret %0, %k : !ct, !key_mgmt.switch_key<from = 0, to = 1> -> !ct
    ```
  }];
  let arguments = (ins LWE_Ciphertext:$input,
                       Arg<KeyMgmt_SwitchKey, "the key", [MemRead<KeyMgmt_KeyMemory>]>:$switch_key);
  let results = (outs LWE_Ciphertext:$output);
  let assemblyFormat = [{
    $input `,` $switch_key attr-dict `:`
    qualified(type($input)) `,` qualified(type($switch_key)) `->` qualified(type($output))
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
    qualified(type($input)) `,` custom<KeyAndDigits>(type($rot_key), type($digits)) `->` qualified(type($output))
  }];
  let hasVerifier = 1;
}

def KeyMgmt_RelinearizeOp : KeyMgmt_Op<"relinearize"> {
  let summary = "Relinearize a ciphertext of three components to two";
  let description = [{
    ```mlir
    %1 = key_mgmt.relinearize %0, %rlk : !ct_D3 -> !ct
    %2 = key_mgmt.relinearize %0, %rlk3 : !ct_D3, !key_mgmt.relin_key<level = 3> -> !ct
    ```
  }];
  let arguments = (ins LWE_Ciphertext:$input,
                       Arg<KeyMgmt_RelinKey, "the key", [MemRead<KeyMgmt_KeyMemory>]>:$relin_key);
  let results = (outs LWE_Ciphertext:$output);
  let assemblyFormat = [{
    $input `,` $relin_key attr-dict `:` custom<RelinearizeTypes>(type($input), type($relin_key), type($output))
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Linear transforms, one key at a time
//===----------------------------------------------------------------------===//

def KeyMgmt_BeginTransformOp : KeyMgmt_Op<"begin_transform"> {
  let summary = "Begin a linear transform y = sum_r diagonal_r * rotl(x, rotations[r])";
  let description = [{
    The diagonals are the rows of `diagonals`, encoded at `plain_scale` when a step needs them, or those of a `stage` of
    CoeffToSlot or SlotToCoeff. The steps follow of the plan that circuit/linear_transform_plan.h makes of rotations,
    `form` and `baby_step`, in its order; `step` says which, 0 being this operation. One has a key exactly when it
    rotates by more than 0; a `baby_step` takes the input once more.

    ```mlir
    %t0 = key_mgmt.begin_transform %x, %w {baby_step = 4 : i64, form = "horner", plain_scale = 1.0e9 : f64,
                                           rotations = array<i64: 0, 1, 4>} : (!ct, tensor<3x512xf64>) -> !key_mgmt.transform
    %t1 = key_mgmt.baby_step %t0, %x {step = 1 : i64} : (!key_mgmt.transform, !ct) -> !key_mgmt.transform
    %t2 = key_mgmt.baby_step %t1, %x, %rk1 {step = 2 : i64}
      : (!key_mgmt.transform, !ct, !key_mgmt.rot_key<rotation_index = 1>) -> !key_mgmt.transform
    %t3 = key_mgmt.giant_step %t2 {step = 3 : i64} : (!key_mgmt.transform) -> !key_mgmt.transform
    %t4 = key_mgmt.giant_step %t3, %rk4 {step = 4 : i64}
      : (!key_mgmt.transform, !key_mgmt.rot_key<rotation_index = 4>) -> !key_mgmt.transform
    %y = key_mgmt.finish_transform %t4 : !key_mgmt.transform -> !ct
    ```
  }];
  let arguments = (ins LWE_Ciphertext:$input, Optional<RankedTensorOf<[AnyFloat]>>:$diagonals,
                       DenseI64ArrayAttr:$rotations, OptionalAttr<CKKS_DftStageAttr>:$stage, StrAttr:$form,
                       I64Attr:$baby_step, F64Attr:$plain_scale);
  // An allocation, so that equal ones stay two: each is used up by its own steps.
  let results = (outs Res<KeyMgmt_Transform, "the transform", [MemAlloc<KeyMgmt_ValueMemory>]>:$transform);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

class KeyMgmt_StepOp<string mnemonic, dag operands> : KeyMgmt_Op<mnemonic, [AllTypesMatch<["transform", "output"]>]> {
  let arguments = !con((ins KeyMgmt_Transform:$transform), operands,
                       (ins Arg<Optional<KeyMgmt_RotKey>, "the key", [MemRead<KeyMgmt_KeyMemory>]>:$rot_key,
                            ConfinedAttr<I64Attr, [IntNonNegative]>:$step));
  let results = (outs KeyMgmt_Transform:$output);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}
def KeyMgmt_BabyStepOp : KeyMgmt_StepOp<"baby_step", (ins LWE_Ciphertext:$input)> {
  let summary = "Rotate the input of a linear transform, and do the products that take the result";
}
def KeyMgmt_GiantStepOp : KeyMgmt_StepOp<"giant_step", (ins)> {
  let summary = "Rotate a sum of products of a linear transform, and add it up";
}

def KeyMgmt_FinishTransformOp : KeyMgmt_Op<"finish_transform", [Pure]> {
  let summary = "The result of a linear transform, not rescaled";
  let arguments = (ins KeyMgmt_Transform:$transform);
  let results = (outs LWE_Ciphertext:$output);
  let assemblyFormat = "$transform attr-dict `:` qualified(type($transform)) `->` qualified(type($output))";
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
