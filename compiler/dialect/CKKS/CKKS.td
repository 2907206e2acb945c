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
    /// Of the module attributes that hold the BootstrapAttr, and the number of coefficients of the
    /// secret that are not 0 (an integer; absent: uniform ternary).
    static constexpr ::llvm::StringLiteral kBootstrapName = "kmrt.bootstrap";
    static constexpr ::llvm::StringLiteral kSecretWeightName = "kmrt.secret_weight";
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

def CKKS_KeyShapeAttr : AttrDef<CKKS_Dialect, "KeyShape"> {
  let mnemonic = "key_shape";
  let summary = "The special modulus that a key is made for";
  let description = [{
    A key for ciphertexts at `level` and below over the first `specials` of p_0, ..., q_(level+1), ...: primes of Q that
    are gone at `level` make digits larger and so fewer. Keys without a shape are over P and good for every level.

    As the attribute `kmrt.key_shape` of an operation that needs a key: of that key.
  }];
  let parameters = (ins "int64_t":$level, "int64_t":$specials);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def CKKS_BootstrapAttr : AttrDef<CKKS_Dialect, "Bootstrap"> {
  let mnemonic = "bootstrap";
  let summary = "How every ckks.bootstrap of a module is carried out";
  let description = [{
    The module attribute `kmrt.bootstrap`: of the primes in `ckks.schemeParam`'s Q the program has those of the levels up
    to `target_level`, the bootstrap circuit those above. `coeff_to_slot` and `slot_to_coeff`: layers of the DFT in each
    stage, a level each; their sums are `log_slots`. The others: circuit/bootstrap_plan.h.
  }];
  let parameters = (ins
    "int64_t":$log_slots,
    "int64_t":$target_level,
    "::mlir::DenseI64ArrayAttr":$coeff_to_slot,
    "::mlir::DenseI64ArrayAttr":$slot_to_coeff,
    DefaultValuedParameter<"int64_t", "32">:$ephemeral_weight,
    DefaultValuedParameter<"int64_t", "8">:$log_message_ratio,
    DefaultValuedParameter<"int64_t", "14">:$range,
    DefaultValuedParameter<"int64_t", "54">:$degree,
    DefaultValuedParameter<"int64_t", "2">:$double_angles,
    DefaultValuedParameter<"int64_t", "1">:$arcsine_degree
  );
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def CKKS_DftStageAttr : AttrDef<CKKS_Dialect, "DftStage"> {
  let mnemonic = "dft_stage";
  let summary = "One stage of CoeffToSlot or SlotToCoeff as a product of sparse matrices";
  let description = [{
    The matrix has no numbers here: its diagonals follow from these few (circuit/dft.h). `halves`: the transform takes
    or gives real and imaginary parts side by side (sparse packing).
  }];
  let parameters = (ins
    EnumParameter<CKKS_DftDirection>:$direction,
    "int64_t":$log_slots,
    "::mlir::DenseI64ArrayAttr":$radices,
    "int64_t":$stage,
    "::mlir::FloatAttr":$factor,
    DefaultValuedParameter<"bool", "false">:$halves
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

// Numbers that are the same in every slot. The compiler's own; an input has plaintexts.
class CKKS_ScalarOp<string mnemonic> : CKKS_Op<mnemonic> {
  let arguments = (ins LWE_CiphertextLike:$input, F64Attr:$real, DefaultValuedAttr<F64Attr, "0.0">:$imaginary);
  let results = (outs LWE_CiphertextLike:$output);
  let assemblyFormat = "$input attr-dict `:` qualified(type($input)) `->` qualified(type($output))";
  let hasVerifier = 1;
}

def CKKS_MulScalarOp : CKKS_ScalarOp<"mul_scalar"> {
  let summary = "Multiply every slot by a number";
  let description = [{
    The result may have any scale: ciphertexts are multiplied by the integer nearest to number * result's scale /
    input's scale, so a number of 1 makes scales equal.

    ```mlir
    %1 = ckks.mul_scalar %0 {real = 0.5 : f64} : !ct -> !ct
    ```
  }];
}
def CKKS_AddScalarOp : CKKS_ScalarOp<"add_scalar"> {
  let summary = "Add a number to every slot";
}

def CKKS_MulScalarAddOp : CKKS_Op<"mul_scalar_add"> {
  let summary = "Add a ciphertext times a number to a sum, at the sum's scale";
  let description = [{
    `%sum + number * %input`, the product as that of `mul_scalar`.

    ```mlir
    %1 = ckks.mul_scalar_add %sum, %input {real = 0.5 : f64} : (!ct_D3, !ct) -> !ct_D3
    ```
  }];
  let arguments = (ins LWE_CiphertextLike:$sum, LWE_CiphertextLike:$input, F64Attr:$real,
                       DefaultValuedAttr<F64Attr, "0.0">:$imaginary);
  let results = (outs LWE_CiphertextLike:$output);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
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

// What bootstrapping is made of, besides the operations above. The compiler's own.

def CKKS_ConjugateOp : CKKS_Op<"conjugate", [AllTypesMatch<["input", "output"]>]> {
  let summary = "Conjugate every slot";
  let arguments = (ins LWE_CiphertextLike:$input);
  let results = (outs LWE_CiphertextLike:$output);
  let assemblyFormat = "$input attr-dict `:` qualified(type($output))";
  let hasVerifier = 1;
}

def CKKS_SwitchSecretOp : CKKS_Op<"switch_secret", [AllTypesMatch<["input", "output"]>]> {
  let summary = "Bring a ciphertext from one secret to another";
  let description = [{
    0 is the main secret, 1 the sparse ephemeral one. What is under the ephemeral secret meets nothing that is not.
  }];
  let arguments = (ins LWE_CiphertextLike:$input, I64Attr:$from, I64Attr:$to);
  let results = (outs LWE_CiphertextLike:$output);
  let assemblyFormat = "$input attr-dict `:` qualified(type($output))";
  let hasVerifier = 1;
}

def CKKS_ModRaiseOp : CKKS_Op<"mod_raise"> {
  let summary = "Take a ciphertext modulo q_0 as one modulo more primes";
  let description = [{
    It decrypts to the message plus a multiple of q_0 in every coefficient, which what follows has to remove.
  }];
  let arguments = (ins LWE_CiphertextLike:$input);
  let results = (outs LWE_CiphertextLike:$output);
  let assemblyFormat = "$input attr-dict `:` qualified(type($input)) `->` qualified(type($output))";
  let hasVerifier = 1;
}

def CKKS_DftOp : CKKS_Op<"dft"> {
  let summary = "Multiply by the matrix of one stage of CoeffToSlot or SlotToCoeff";
  let description = [{
    Not rescaled: the result's scale is the input's times that of the encoded diagonals.

    ```mlir
    %1 = ckks.dft %0 {stage = #ckks.dft_stage<direction = slot_to_coeff, log_slots = 9, radices = [4, 5], stage = 0,
                                              factor = 1.0>} : !ct -> !ct
    ```
  }];
  let arguments = (ins LWE_CiphertextLike:$input, CKKS_DftStageAttr:$stage);
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
