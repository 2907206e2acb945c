// SPDX-License-Identifier: Apache-2.0
// Enumerations of the lwe dialect; a file of their own because enum generation has no dialect filter.
#ifndef COMPILER_DIALECT_LWE_ENUMS_TD
#define COMPILER_DIALECT_LWE_ENUMS_TD

include "mlir/IR/EnumAttr.td"

def LWE_EncryptionType : I32Enum<"EncryptionType", "where the message sits in a ciphertext", [
    I32EnumCase<"msb", 0>, I32EnumCase<"lsb", 1>, I32EnumCase<"mix", 2>]> {
  let cppNamespace = "::keymemrt::lwe";
}

#endif
