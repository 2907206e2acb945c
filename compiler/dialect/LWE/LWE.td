// SPDX-License-Identifier: Apache-2.0
// The lwe dialect: types of (R)LWE plaintexts, ciphertexts and keys, and the operations that make and open them, in
// HEIR's syntax. Levels and scales in the types are hints on import: nothing here relates them to each other.
#ifndef COMPILER_DIALECT_LWE_TD
#define COMPILER_DIALECT_LWE_TD

include "compiler/dialect/LWE/LWEEnums.td"
include "compiler/dialect/Polynomial/Polynomial.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinTypeInterfaces.td"
include "mlir/IR/CommonAttrConstraints.td"
include "mlir/IR/CommonTypeConstraints.td"
include "mlir/IR/DialectBase.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def LWE_Dialect : Dialect {
  let name = "lwe";
  let cppNamespace = "::keymemrt::lwe";
  let summary = "Plaintexts, ciphertexts and keys of (R)LWE schemes";
  let description = [{
    Type names `new_lwe_plaintext`, `new_lwe_ciphertext`, `new_lwe_public_key` and `new_lwe_secret_key` of HEIR's forks
    are read as `lwe_plaintext` and so on, and always printed in the short form.
  }];
  let useDefaultAttributePrinterParser = 1;
  let dependentDialects = ["::keymemrt::polynomial::PolynomialDialect"];
  let extraClassDeclaration = [{
    ::mlir::Type parseType(::mlir::DialectAsmParser &parser) const override;
    void printType(::mlir::Type type, ::mlir::DialectAsmPrinter &printer) const override;
  }];
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

class LWE_Attr<string name, string attrMnemonic, list<Trait> traits = []> : AttrDef<LWE_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
  let assemblyFormat = "`<` struct(params) `>`";
}

class LWE_AliasedAttr<string name, string attrMnemonic>
    : LWE_Attr<name, attrMnemonic, [DeclareAttrInterfaceMethods<OpAsmAttrInterface, ["getAlias"]>]>;

class LWE_EncodingAttr<string name, string attrMnemonic> : LWE_Attr<name, attrMnemonic> {
  let parameters = (ins "int64_t":$scaling_factor);
  let genMnemonicAlias = 1;
}

def LWE_InverseCanonicalEncodingAttr : LWE_EncodingAttr<"InverseCanonicalEncoding", "inverse_canonical_encoding"> {
  let summary = "CKKS: slots through the inverse canonical embedding";
  let description = [{
    `scaling_factor` is the rounded log2 of the scale; 0 means not tracked, -1 unknown. The exact scale of a value is
    the compiler's own attribute `kmrt.scale`.
  }];
}
def LWE_FullCRTPackingEncodingAttr : LWE_EncodingAttr<"FullCRTPackingEncoding", "full_crt_packing_encoding"> {
  let summary = "BGV, BFV: slots through the CRT";
}
def LWE_CoefficientEncodingAttr : LWE_EncodingAttr<"CoefficientEncoding", "coefficient_encoding"> {
  let summary = "One value per coefficient";
}
def LWE_ConstantCoefficientEncodingAttr
    : LWE_EncodingAttr<"ConstantCoefficientEncoding", "constant_coefficient_encoding"> {
  let summary = "One value, in the constant coefficient";
}

def LWE_AnyEncoding : AnyAttrOf<[LWE_InverseCanonicalEncodingAttr, LWE_FullCRTPackingEncodingAttr,
                                 LWE_CoefficientEncodingAttr, LWE_ConstantCoefficientEncodingAttr]>;

def LWE_PlaintextSpaceAttr : LWE_Attr<"PlaintextSpace", "plaintext_space"> {
  let summary = "The ring of messages and how values are encoded in it";
  let parameters = (ins "::keymemrt::polynomial::RingAttr":$ring, "::mlir::Attribute":$encoding);
  let genVerifyDecl = 1;
}

def LWE_CiphertextSpaceAttr : LWE_AliasedAttr<"CiphertextSpace", "ciphertext_space"> {
  let summary = "The ring of a ciphertext's components and their number";
  let parameters = (ins
    "::keymemrt::polynomial::RingAttr":$ring,
    EnumParameter<LWE_EncryptionType>:$encryption_type,
    DefaultValuedParameter<"int64_t", "2">:$size
  );
  let genVerifyDecl = 1;
}

def LWE_KeyAttr : LWE_Attr<"Key", "key"> {
  let summary = "Which secret a ciphertext is under";
  let parameters = (ins DefaultValuedParameter<"int64_t", "0">:$slot_index);
  let genMnemonicAlias = 1;
}

def LWE_ModulusChainAttr : LWE_AliasedAttr<"ModulusChain", "modulus_chain"> {
  let summary = "The primes q_0, q_1, ... and the index of the last one in use";
  let description = [{
    `current` is the level. Files truncate `elements` differently, so chains compare by (prefix, current), never by
    equality of the attribute.
  }];
  let parameters = (ins ArrayRefParameter<"::mlir::IntegerAttr">:$elements, "int64_t":$current);
  let assemblyFormat = "`<` `elements` `=` `<` $elements `>` `,` `current` `=` $current `>`";
  let genVerifyDecl = 1;
}

def LWE_NoOverflowAttr : AttrDef<LWE_Dialect, "NoOverflow"> {
  let mnemonic = "no_overflow";
  let summary = "Computation never overflows the message type";
  let assemblyFormat = "`<` `>`";
}
def LWE_PreserveOverflowAttr : AttrDef<LWE_Dialect, "PreserveOverflow"> {
  let mnemonic = "preserve_overflow";
  let summary = "Overflow of the message type wraps as in the cleartext";
  let assemblyFormat = "`<` `>`";
}

def LWE_ApplicationDataAttr : LWE_Attr<"ApplicationData", "application_data"> {
  let summary = "The cleartext type of a value (files of HEIR's forks only)";
  let parameters = (ins "::mlir::Type":$message_type, OptionalParameter<"::mlir::Attribute">:$overflow);
  let genMnemonicAlias = 1;
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

// The summary of a type is what diagnostics about operands call it.
class LWE_Type<string name, string typeMnemonic> : TypeDef<LWE_Dialect, name,
    [MemRefElementTypeInterface, DeclareTypeInterfaceMethods<OpAsmTypeInterface, ["getAlias", "getAsmName"]>]> {
  let mnemonic = typeMnemonic;
  let assemblyFormat = "`<` struct(params) `>`";
}

def LWE_Plaintext : LWE_Type<"Plaintext", "lwe_plaintext"> {
  let summary = "plaintext";
  let parameters = (ins
    OptionalParameter<"::keymemrt::lwe::ApplicationDataAttr">:$application_data,
    "::keymemrt::lwe::PlaintextSpaceAttr":$plaintext_space
  );
}

def LWE_Ciphertext : LWE_Type<"Ciphertext", "lwe_ciphertext"> {
  let summary = "ciphertext";
  let description = [{
    With components c_0, ..., c_{size-1} in `ciphertext_space.ring` it decrypts to sum_i c_i s^i. Its level is
    `modulus_chain.current`, where there is a chain.
  }];
  let parameters = (ins
    OptionalParameter<"::keymemrt::lwe::ApplicationDataAttr">:$application_data,
    "::keymemrt::lwe::PlaintextSpaceAttr":$plaintext_space,
    "::keymemrt::lwe::CiphertextSpaceAttr":$ciphertext_space,
    "::keymemrt::lwe::KeyAttr":$key,
    OptionalParameter<"::keymemrt::lwe::ModulusChainAttr">:$modulus_chain
  );
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The level by the chain, else by the number of RNS limbs; nullopt if neither says.
    std::optional<int64_t> getLevel() const;
    /// Number of components.
    int64_t getSize() const { return getCiphertextSpace().getSize(); }
  }];
}

class LWE_KeyType<string name, string typeMnemonic> : LWE_Type<name, typeMnemonic> {
  let parameters = (ins "::keymemrt::lwe::KeyAttr":$key, "::keymemrt::polynomial::RingAttr":$ring);
}
def LWE_PublicKey : LWE_KeyType<"PublicKey", "lwe_public_key"> {
  let summary = "public key";
}
def LWE_SecretKey : LWE_KeyType<"SecretKey", "lwe_secret_key"> {
  let summary = "secret key";
}

// Operands of arithmetic are single values or, straight after HEIR's secret-to-ckks, tensors of them.
def LWE_CiphertextLike : AnyTypeOf<[LWE_Ciphertext, RankedTensorOf<[LWE_Ciphertext]>],
                                   "ciphertext or tensor of ciphertexts">;
def LWE_PlaintextLike : AnyTypeOf<[LWE_Plaintext, RankedTensorOf<[LWE_Plaintext]>],
                                  "plaintext or tensor of plaintexts">;
def LWE_CiphertextOrPlaintextLike : AnyTypeOf<[LWE_CiphertextLike, LWE_PlaintextLike],
                                              "ciphertext, plaintext or tensor of one of them">;
def LWE_Cleartext : AnyTypeOf<[AnyFloat, AnyInteger, Index, RankedTensorOf<[AnyFloat, AnyInteger, Index]>],
                              "number or tensor of numbers">;

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

class LWE_Op<string mnemonic, list<Trait> traits = []> : Op<LWE_Dialect, mnemonic, traits>;

def LWE_RLWEEncodeOp : LWE_Op<"rlwe_encode", [Pure]> {
  let summary = "Encode numbers as plaintexts";
  let description = [{
    The trailing dimension of a tensor are the slots, repeated cyclically to fill the ring; leading dimensions are those
    of the result. Without `level` the plaintext is encoded for every prime of the chain. The scale is `encoding`'s
    (log2), or exactly `scale`, set by level and scale inference.

    ```mlir
    %pt = lwe.rlwe_encode %v {encoding = #enc, ring = #ring} : tensor<4096xf64> -> !pt
    ```
  }];
  let arguments = (ins LWE_Cleartext:$input, LWE_AnyEncoding:$encoding, Polynomial_RingAttr:$ring,
                       OptionalAttr<APIntAttr>:$level, OptionalAttr<AnyAttr>:$scale);
  let results = (outs LWE_PlaintextLike:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` qualified(type($output))";
  let hasVerifier = 1;
}

def LWE_RLWEDecodeOp : LWE_Op<"rlwe_decode", [Pure]> {
  let summary = "Decode plaintexts to numbers";
  let arguments = (ins LWE_PlaintextLike:$input, LWE_AnyEncoding:$encoding, Polynomial_RingAttr:$ring);
  let results = (outs LWE_Cleartext:$output);
  let assemblyFormat = "$input attr-dict `:` qualified(type($input)) `->` type($output)";
}

// Encryption draws fresh randomness: two equal calls are two different ciphertexts, so it is not Pure.
def LWE_RLWEEncryptOp : LWE_Op<"rlwe_encrypt", [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "Encrypt plaintexts under a public or secret key";
  let arguments = (ins LWE_PlaintextLike:$input, AnyTypeOf<[LWE_PublicKey, LWE_SecretKey]>:$key);
  let results = (outs LWE_CiphertextLike:$output);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def LWE_RLWEDecryptOp : LWE_Op<"rlwe_decrypt", [Pure]> {
  let summary = "Decrypt ciphertexts";
  let arguments = (ins LWE_CiphertextLike:$input, LWE_SecretKey:$secret_key);
  let results = (outs LWE_PlaintextLike:$output);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def LWE_TrivialEncryptOp : LWE_Op<"trivial_encrypt", [Pure]> {
  let summary = "View a plaintext as a ciphertext without noise or secrecy";
  let arguments = (ins LWE_PlaintextLike:$input);
  let results = (outs LWE_CiphertextLike:$output);
  let assemblyFormat = "$input attr-dict `:` qualified(type($input)) `->` qualified(type($output))";
  let hasVerifier = 1;
}

class LWE_BinaryOp<string mnemonic, list<Trait> traits = []> : LWE_Op<mnemonic, [Pure] # traits> {
  let arguments = (ins LWE_CiphertextLike:$lhs, LWE_CiphertextLike:$rhs);
  let results = (outs LWE_CiphertextLike:$output);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}
def LWE_RAddOp : LWE_BinaryOp<"radd", [Commutative]> {
  let summary = "Add two ciphertexts";
}
def LWE_RSubOp : LWE_BinaryOp<"rsub"> {
  let summary = "Subtract two ciphertexts";
}
def LWE_RMulOp : LWE_BinaryOp<"rmul", [Commutative]> {
  let summary = "Multiply two ciphertexts: sizes s and t give size s + t - 1";
}

// As in HEIR, the plaintext may be either operand.
class LWE_PlainOp<string mnemonic, list<Trait> traits = []> : LWE_Op<mnemonic, [Pure] # traits> {
  let arguments = (ins LWE_CiphertextOrPlaintextLike:$lhs, LWE_CiphertextOrPlaintextLike:$rhs);
  let results = (outs LWE_CiphertextLike:$output);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}
def LWE_RAddPlainOp : LWE_PlainOp<"radd_plain", [Commutative]> {
  let summary = "Add a ciphertext and a plaintext";
}
def LWE_RSubPlainOp : LWE_PlainOp<"rsub_plain"> {
  let summary = "Subtract the second operand from the first, one a ciphertext and one a plaintext";
}
def LWE_RMulPlainOp : LWE_PlainOp<"rmul_plain", [Commutative]> {
  let summary = "Multiply a ciphertext and a plaintext";
}

def LWE_RNegateOp : LWE_Op<"rnegate", [Pure, Involution, SameOperandsAndResultType]> {
  let summary = "Negate a ciphertext";
  let arguments = (ins LWE_CiphertextLike:$input);
  let results = (outs LWE_CiphertextLike:$output);
  let assemblyFormat = "$input attr-dict `:` qualified(type($output))";
}

#endif
