// SPDX-License-Identifier: Apache-2.0
#ifndef COMPILER_TRANSFORMS_LOWERTOOPENFHE_TD
#define COMPILER_TRANSFORMS_LOWERTOOPENFHE_TD

include "mlir/Pass/PassBase.td"

def LowerToOpenFHE : Pass<"lower-to-openfhe", "::mlir::ModuleOp"> {
  let summary = "Write a program as calls of OpenFHE, for HEIR's emitters";
  let description = [{
    Of what phase `keyed`, `planned` or `program` leaves, one operation after the other; the crypto context becomes the
    first argument. OpenFHE has no use for levels and scales of plaintexts: it encodes all at its own scale, so that
    results are as exact as its FIXEDMANUAL scaling is. Lifetimes of ciphertexts and plaintexts end with C++'s scopes, the
    relinearization key is the context's.

    Rotation keys stay values, loaded and cleared where they are, and are operands of the rotations. With `keys=false`
    they go, and rotations say their shift: that is what HEIR main reads.

    What OpenFHE has no call for is an error: transforms step by step (use the form bsgs), a bootstrap's stages (use
    opaque-bootstrap), keys of another special modulus.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::keymemrt::openfhe::OpenFHEDialect"];
  let options = [
    Option<"keys", "keys", "bool", "true", "Keep rotation keys as values">
  ];
}

#endif
