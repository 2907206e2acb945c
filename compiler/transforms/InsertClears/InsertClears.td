// SPDX-License-Identifier: Apache-2.0
#ifndef COMPILER_TRANSFORMS_INSERTCLEARS_TD
#define COMPILER_TRANSFORMS_INSERTCLEARS_TD

include "mlir/Pass/PassBase.td"

def InsertClears : Pass<"insert-clears", "::mlir::func::FuncOp"> {
  let summary = "End the lifetime of each ciphertext, plaintext and digits right after its last use";
  let description = [{
    Function arguments are cleared too; what the function returns is not. A value without use is cleared at once. No pass
    that moves or merges operations may follow.

    In loops and branches a value is somebody's at every moment, as a key is. What a block makes or is handed ends in it,
    after its last use: after the loop or branch that the use is in, or, where one way of a branch hands it on, at the end
    of the other way. A block hands a value on by yielding or returning it, or by starting a loop with it; it must not be
    used afterwards, which would need a copy: that is an error at the use. Flat programs need none.
  }];
}

#endif
