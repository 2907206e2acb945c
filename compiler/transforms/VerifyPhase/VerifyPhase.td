// SPDX-License-Identifier: Apache-2.0
#ifndef COMPILER_TRANSFORMS_VERIFYPHASE_TD
#define COMPILER_TRANSFORMS_VERIFYPHASE_TD

include "mlir/Pass/PassBase.td"

def VerifyPhase : Pass<"verify-phase", "::mlir::ModuleOp"> {
  let summary = "Check that a module is what a phase of the compiler leaves";
  let description = [{
    Changes nothing. Each phase adds to what the ones before it promise; the labels appear in the diagnostics:

    - `import`, P1: one function with one block, without control flow and calls, on single ciphertexts.
    - `ckks`, P2: every ciphertext and plaintext has its level and scale; only arithmetic, rotations, key switches and
      encodings are left.
    - `keyed`, P3: every key switch has its key as an operand.
    - `planned`, P4: every ciphertext, plaintext and digits is cleared or returned.

    What the last phase, `program`, promises is verify-program-form.
  }];
  let options = [Option<"phase", "phase", "std::string", "\"import\"", "import, ckks, keyed or planned">];
}

#endif
