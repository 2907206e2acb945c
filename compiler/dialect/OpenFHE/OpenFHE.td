// SPDX-License-Identifier: Apache-2.0
// HEIR's openfhe dialect, as far as lower-to-openfhe writes it: calls of OpenFHE on values that say nothing of themselves.
#ifndef COMPILER_DIALECT_OPENFHE_TD
#define COMPILER_DIALECT_OPENFHE_TD

include "compiler/dialect/KeyMgmt/KeyMgmt.td"

def OpenFHE_Dialect : Dialect {
  let name = "openfhe";
  let cppNamespace = "::keymemrt::openfhe";
  let summary = "Calls of OpenFHE, as HEIR's tools take them";
  let description = [{
    A dialect for output: HEIR's emitters make C++ of it. Nothing here computes with it, and no other dialect or pass than
    lower-to-openfhe knows it. Levels and scales are OpenFHE's matter, with scaling technique `FIXEDMANUAL`, under which
    `mod_reduce` and `level_reduce` do what they say.

    A rotation takes its shift from an attribute, from a number, or from a key (`!key_mgmt.rot_key`), as HEIR's fork for
    key management has it.
  }];
  let useDefaultTypePrinterParser = 1;
  let dependentDialects = ["::keymemrt::key_mgmt::KeyMgmtDialect"];
}

class OpenFHE_Type<string name, string typeMnemonic, string what>
    : TypeDef<OpenFHE_Dialect, name, [MemRefElementTypeInterface]> {
  let mnemonic = typeMnemonic;
  let summary = what;
}
def OpenFHE_CryptoContext : OpenFHE_Type<"CryptoContext", "crypto_context", "parameters and keys of OpenFHE">;
def OpenFHE_Ciphertext : OpenFHE_Type<"Ciphertext", "ciphertext", "ciphertext of OpenFHE">;
def OpenFHE_Plaintext : OpenFHE_Type<"Plaintext", "plaintext", "plaintext of OpenFHE">;
def OpenFHE_DigitDecomp : OpenFHE_Type<"DigitDecomp", "digit_decomp", "digits of a ciphertext for its rotations">;

class OpenFHE_Op<string mnemonic, string what, dag inputs, dag outputs, list<Trait> traits = []>
    : Op<OpenFHE_Dialect, mnemonic, [Pure] # traits> {
  let summary = what;
  let arguments = !con((ins OpenFHE_CryptoContext:$crypto_context), inputs);
  let results = outputs;
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

defvar OpenFHE_Result = (outs OpenFHE_Ciphertext:$output);

class OpenFHE_UnaryOp<string mnemonic, string what, dag attributes = (ins)>
    : OpenFHE_Op<mnemonic, what, !con((ins OpenFHE_Ciphertext:$ciphertext), attributes), OpenFHE_Result>;
class OpenFHE_BinaryOp<string mnemonic, string what>
    : OpenFHE_Op<mnemonic, what, (ins OpenFHE_Ciphertext:$lhs, OpenFHE_Ciphertext:$rhs), OpenFHE_Result>;
class OpenFHE_PlainOp<string mnemonic, string what>
    : OpenFHE_Op<mnemonic, what, (ins OpenFHE_Ciphertext:$lhs, OpenFHE_Plaintext:$rhs), OpenFHE_Result>;

def OpenFHE_AddOp : OpenFHE_BinaryOp<"add", "Add two ciphertexts">;
def OpenFHE_SubOp : OpenFHE_BinaryOp<"sub", "Subtract two ciphertexts">;
def OpenFHE_MulNoRelinOp : OpenFHE_BinaryOp<"mul_no_relin", "Multiply two ciphertexts">;
def OpenFHE_AddPlainOp : OpenFHE_PlainOp<"add_plain", "Add a plaintext to a ciphertext">;
def OpenFHE_SubPlainOp : OpenFHE_PlainOp<"sub_plain", "Subtract a plaintext from a ciphertext">;
def OpenFHE_MulPlainOp : OpenFHE_PlainOp<"mul_plain", "Multiply a ciphertext by a plaintext">;
def OpenFHE_NegateOp : OpenFHE_UnaryOp<"negate", "Negate a ciphertext">;
def OpenFHE_RelinOp : OpenFHE_UnaryOp<"relin", "Relinearize a ciphertext">;
def OpenFHE_ModReduceOp : OpenFHE_UnaryOp<"mod_reduce", "Divide by the last prime of the modulus: rescale">;
def OpenFHE_LevelReduceOp : OpenFHE_UnaryOp<"level_reduce", "Drop primes of the modulus",
                                            (ins DefaultValuedAttr<I64Attr, "1">:$levelToDrop)>;
def OpenFHE_BootstrapOp : OpenFHE_UnaryOp<"bootstrap", "Bootstrap a ciphertext">;

def OpenFHE_MakeCKKSPackedPlaintextOp : OpenFHE_Op<
    "make_ckks_packed_plaintext", "Encode numbers, repeated to all slots", (ins AnyRankedTensor:$value),
    (outs OpenFHE_Plaintext:$plaintext)>;

def OpenFHE_RotOp : OpenFHE_Op<
    "rot", "Rotate a ciphertext to the left",
    (ins OpenFHE_Ciphertext:$ciphertext, Optional<AnyTypeOf<[AnySignlessIntegerOrIndex, KeyMgmt_RotKey]>>:$shift,
         OptionalAttr<APIntAttr>:$static_shift), OpenFHE_Result> {
  let hasVerifier = 1;
}

def OpenFHE_FastRotationPrecomputeOp : OpenFHE_Op<
    "fast_rotation_precompute", "Decompose a ciphertext once for its rotations", (ins OpenFHE_Ciphertext:$input),
    (outs OpenFHE_DigitDecomp:$output)>;
def OpenFHE_FastRotationOp : OpenFHE_Op<
    "fast_rotation", "Rotate a ciphertext whose digits are at hand",
    (ins OpenFHE_Ciphertext:$input, AnyTypeOf<[Index, KeyMgmt_RotKey]>:$shift, IndexAttr:$cyclotomicOrder,
         OpenFHE_DigitDecomp:$digits), OpenFHE_Result>;

#endif
