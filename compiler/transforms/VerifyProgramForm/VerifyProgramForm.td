// SPDX-License-Identifier: Apache-2.0
#ifndef COMPILER_TRANSFORMS_VERIFYPROGRAMFORM_TD
#define COMPILER_TRANSFORMS_VERIFYPROGRAMFORM_TD

include "mlir/Pass/PassBase.td"

def VerifyProgramForm : Pass<"verify-program-form", "::mlir::ModuleOp"> {
  let summary = "Check that the module is a program: what the translation and the runtime rely on";
  let description = [{
    Changes nothing. The labels appear in the diagnostics:

    - F1: one function, with one block.
    - F2: only operations that a program has: arithmetic on two- and three-part ciphertexts, encodings of traceable
      numbers, keyed rotations and relinearizations, lifetimes of keys and values.
    - F3: each ciphertext, plaintext and digits has a level within the chain and a positive scale, with which its type
      agrees.
    - F4: levels and scales follow from those of the operands.
    - F5: each key is loaded before its uses, cleared exactly once, after the last of them, and has a known index.
    - F6: each value is cleared exactly once, after its last use, or returned.
    - F7: digits are used with the ciphertext that they were decomposed from.
    - F8: a linear transform takes the steps of its plan, in their order, each value of it once.
  }];
}

#endif
