// SPDX-License-Identifier: Apache-2.0
// Enumerations of the ckks dialect; a file of their own because enum generation has no dialect filter.
#ifndef COMPILER_DIALECT_CKKS_ENUMS_TD
#define COMPILER_DIALECT_CKKS_ENUMS_TD

include "mlir/IR/EnumAttr.td"

def CKKS_EncryptionType : I32Enum<"EncryptionType", "which key encrypts: public or secret", [
    I32EnumCase<"pk", 0>, I32EnumCase<"sk", 1>]> {
  let cppNamespace = "::keymemrt::ckks";
}

def CKKS_EncryptionTechnique : I32Enum<"EncryptionTechnique", "OpenFHE's encryption technique", [
    I32EnumCase<"standard", 0>, I32EnumCase<"extended", 1>]> {
  let cppNamespace = "::keymemrt::ckks";
}

def CKKS_DftDirection : I32Enum<"DftDirection", "which of the two transforms", [
    I32EnumCase<"coeff_to_slot", 0>, I32EnumCase<"slot_to_coeff", 1>]> {
  let cppNamespace = "::keymemrt::ckks";
}

#endif
