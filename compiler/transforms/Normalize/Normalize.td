// SPDX-License-Identifier: Apache-2.0
#ifndef COMPILER_TRANSFORMS_NORMALIZE_TD
#define COMPILER_TRANSFORMS_NORMALIZE_TD

include "mlir/Pass/PassBase.td"

def Normalize : Pass<"normalize", "::mlir::ModuleOp"> {
  let summary = "Give a straight-line CKKS program one spelling of each operation";
  let description = [{
    Of the one function that flatten leaves: `lwe.r*` become `ckks.*`, plain operations have the ciphertext first,
    rotations have a static shift in [1, N/2), constant shifts are folded and rotations by 0 removed, operations without
    effect are dropped. Whatever a straight-line program on single ciphertexts cannot contain (loops, branches, calls,
    tensors of ciphertexts) is an error at the operation.
  }];
}

#endif
