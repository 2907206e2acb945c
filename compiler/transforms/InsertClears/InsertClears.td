// SPDX-License-Identifier: Apache-2.0
#ifndef COMPILER_TRANSFORMS_INSERTCLEARS_TD
#define COMPILER_TRANSFORMS_INSERTCLEARS_TD

include "mlir/Pass/PassBase.td"

def InsertClears : Pass<"insert-clears", "::mlir::func::FuncOp"> {
  let summary = "End the lifetime of each ciphertext, plaintext and digits right after its last use";
  let description = [{
    Function arguments are cleared too; what the function returns is not. A value without use is cleared at once. For
    functions of one block; no pass that moves or merges operations may follow.
  }];
}

#endif
