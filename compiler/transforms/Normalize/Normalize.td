// SPDX-License-Identifier: Apache-2.0
#ifndef COMPILER_TRANSFORMS_NORMALIZE_TD
#define COMPILER_TRANSFORMS_NORMALIZE_TD

include "mlir/Pass/PassBase.td"

def Normalize : Pass<"normalize", "::mlir::ModuleOp"> {
  let summary = "Import a straight-line CKKS program: one function, one spelling of each operation";
  let description = [{
    Keeps the function to compile alone: the only one with a body that is not one of HEIR's `client.*` helpers, or the
    one that the option names. In it, `lwe.r*` become `ckks.*`, plain operations have the ciphertext first, rotations
    have a static shift in [1, N/2), constant shifts are folded and rotations by 0 removed, operations without effect are
    dropped. Whatever a straight-line program on single ciphertexts cannot contain (loops, branches, calls, tensors of
    ciphertexts, bootstrapping, Chebyshev series) is an error at the operation.
  }];
  let options = [Option<"function", "function", "std::string", "\"\"",
                        "The function to compile, where there are several">];
}

#endif
