// SPDX-License-Identifier: Apache-2.0
// The ckks dialect: homomorphic operations of CKKS on lwe ciphertexts, in HEIR's syntax. Verifiers check what no level
// or scale inference could repair (shapes, component counts, shifts); levels and scales in types are hints on import.
#ifndef COMPILER_DIALECT_CKKS_TD
#define COMPILER_DIALECT_CKKS_TD

include "compiler/dialect/CKKS/CKKSEnums.td"
include "compiler/dialect/LWE/LWE.td"

def CKKS_Dialect : Dialect {
  let name = "ckks";
  let cppNamespace = "::keymemrt::ckks";
  let summary = "Homomorphic operations of CKKS";
  let description = [{
    `ckks.linear_transform` and `ckks.chebyshev` of HEIR's forks are read as the orion dialect's operations.
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let dependentDialects = ["::keymemrt::lwe::LWEDialect", "::keymemrt::orion::OrionDialect"];
  let extraClassDeclaration = [{
    /// Name of the module attribute that holds the SchemeParamAttr.
    static constexpr ::llvm::StringLiteral kSchemeParamName = "ckks.schemeParam";
    /// The names that HEIR's forks give to operations of the orion dialect.
    std::optional<ParseOpHook> getParseOperationHook(::llvm::StringRef name) const override;
  }];
}

def CKKS_SchemeParamAttr : AttrDef<CKKS_Dialect, "SchemeParam"> {
  let mnemonic = "scheme_param";
  let summary = "Parameters of the scheme: ring degree 2^logN, primes, default scale";
  let description = [{
    ```mlir
    module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 13, Q = [536903681, 67043329], P = [536952833],
                                                             logDefaultScale = 26>}
    ```
    Q are the primes of the ciphertext modulus, q_0 first; P the special primes of key switching. Ranges and
    distinctness are checked here; whether the primes suit the ring, and are secure, where a location can be given.
  }];
  let parameters = (ins
    "int64_t":$logN,
    "::mlir::DenseI64ArrayAttr":$Q,
    "::mlir::DenseI64ArrayAttr":$P,
    "int64_t":$logDefaultScale,
    DefaultValuedParameter<"::keymemrt::ckks::EncryptionType", "::keymemrt::ckks::EncryptionType::pk">:$encryptionType,
    DefaultValuedParameter<"::keymemrt::ckks::EncryptionTechnique",
                           "::keymemrt::ckks::EncryptionTechnique::standard">:$encryptionTechnique
  );
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

class CKKS_Op<string mnemonic, list<Trait> traits = []> : Op<CKKS_Dialect, mnemonic, [Pure] # traits>;

class CKKS_BinaryOp<string mnemonic, list<Trait> traits = []> : CKKS_Op<mnemonic, traits> {
  let arguments = (ins LWE_CiphertextLike:$lhs, LWE_CiphertextLike:$rhs);
  let results = (outs LWE_CiphertextLike:$output);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def CKKS_AddOp : CKKS_BinaryOp<"add", [Commutative]> {
  let summary = "Add two ciphertexts";
}
def CKKS_SubOp : CKKS_BinaryOp<"sub"> {
  let summary = "Subtract two ciphertexts";
}
def CKKS_MulOp : CKKS_BinaryOp<"mul", [Commutative]> {
  let summary = "Multiply two ciphertexts: sizes s and t give size s + t - 1";
}

// As in HEIR, the plaintext may be either operand.
class CKKS_PlainOp<string mnemonic, list<Trait> traits = []> : CKKS_Op<mnemonic, traits> {
  let arguments = (ins LWE_CiphertextOrPlaintextLike:$lhs, LWE_CiphertextOrPlaintextLike:$rhs);
  let results = (outs LWE_CiphertextLike:$output);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The operand that is a ciphertext, and the other one.
    ::mlir::Value getCiphertext();
    ::mlir::Value getPlaintext();
  }];
}

def CKKS_AddPlainOp : CKKS_PlainOp<"add_plain", [Commutative]> {
  let summary = "Add a ciphertext and a plaintext";
}
def CKKS_SubPlainOp : CKKS_PlainOp<"sub_plain"> {
  let summary = "Subtract the second operand from the first, one a ciphertext and one a plaintext";
}
def CKKS_MulPlainOp : CKKS_PlainOp<"mul_plain", [Commutative]> {
  let summary = "Multiply a ciphertext and a plaintext";
}

def CKKS_NegateOp : CKKS_Op<"negate", [Involution, SameOperandsAndResultType]> {
  let summary = "Negate a ciphertext";
  let arguments = (ins LWE_CiphertextLike:$input);
  let results = (outs LWE_CiphertextLike:$output);
  let assemblyFormat = "$input attr-dict `:` qualified(type($output))";
}

def CKKS_RotateOp : CKKS_Op<"rotate", [AllTypesMatch<["input", "output"]>]> {
  let summary = "Rotate the slots to the left: output[j] = input[j + shift]";
  let description = [{
    The shift is either the attribute `static_shift`, which HEIR's forks call `offset`, or an operand.

    ```mlir
    %1 = ckks.rotate %0 {static_shift = 4 : i32} : !ct
    %2 = ckks.rotate %0, %i : index : !ct
    ```
  }];
  let arguments = (ins LWE_CiphertextLike:$input, Optional<AnySignlessIntegerOrIndex>:$dynamic_shift,
                       OptionalAttr<APIntAttr>:$static_shift);
  let results = (outs LWE_CiphertextLike:$output);
  let assemblyFormat = [{
    $input (`,` $dynamic_shift^ `:` type($dynamic_shift))? `` custom<RotateAttributes>(attr-dict)
    `:` qualified(type($output))
  }];
  let hasVerifier = 1;
  let hasCanonicalizeMethod = 1;
}

def CKKS_RelinearizeOp : CKKS_Op<"relinearize"> {
  let summary = "Reduce the number of components by key switching";
  let description = [{
    `from_basis` and `to_basis` name the powers of the secret that components of input and output stand for. HEIR's
    forks leave out the parentheses around the operand type; both spellings are read.

    ```mlir
    %1 = ckks.relinearize %0 {from_basis = array<i32: 0, 1, 2>, to_basis = array<i32: 0, 1>} : (!ct_D3) -> !ct
    ```
  }];
  let arguments = (ins LWE_CiphertextLike:$input, Optional<LWE_CiphertextLike>:$key_switching_key,
                       DenseI32ArrayAttr:$from_basis, DenseI32ArrayAttr:$to_basis);
  let results = (outs LWE_CiphertextLike:$output);
  let assemblyFormat = [{
    $input (`,` $key_switching_key^)? attr-dict `:`
    custom<RelinearizeTypes>(type($input), type($key_switching_key), type($output))
  }];
  let hasVerifier = 1;
}

def CKKS_RescaleOp : CKKS_Op<"rescale"> {
  let summary = "Divide by the last primes of the modulus and drop them";
  let arguments = (ins LWE_CiphertextLike:$input, Polynomial_RingAttr:$to_ring);
  let results = (outs LWE_CiphertextLike:$output);
  let assemblyFormat = "$input attr-dict `:` qualified(type($input)) `->` qualified(type($output))";
  let hasVerifier = 1;
}

def CKKS_LevelReduceOp : CKKS_Op<"level_reduce"> {
  let summary = "Drop `levelToDrop` primes of the modulus without dividing";
  let arguments = (ins LWE_CiphertextLike:$input,
                       ConfinedAttr<DefaultValuedAttr<I64Attr, "1">, [IntNonNegative]>:$levelToDrop);
  let results = (outs LWE_CiphertextLike:$output);
  let assemblyFormat = "$input attr-dict `:` qualified(type($input)) `->` qualified(type($output))";
  let hasVerifier = 1;
}

def CKKS_BootstrapOp : CKKS_Op<"bootstrap"> {
  let summary = "Refresh a ciphertext to a higher level";
  let arguments = (ins LWE_CiphertextLike:$input,
                       OptionalAttr<ConfinedAttr<I64Attr, [IntNonNegative]>>:$targetLevel);
  let results = (outs LWE_CiphertextLike:$output);
  let assemblyFormat = "$input attr-dict `:` qualified(type($input)) `->` qualified(type($output))";
  let hasVerifier = 1;
}

#endif
