// SPDX-License-Identifier: Apache-2.0
#ifndef COMPILER_TRANSFORMS_VERIFYKEYLIFETIMES_TD
#define COMPILER_TRANSFORMS_VERIFYKEYLIFETIMES_TD

include "mlir/Pass/PassBase.td"

def VerifyKeyLifetimes : Pass<"verify-key-lifetimes", "::mlir::func::FuncOp"> {
  let summary = "Prove that each key is loaded before its uses and cleared exactly once after them, on every path";
  let description = [{
    Changes nothing. The labels appear in the diagnostics, with notes at the load, the clear and the other paths:

    - K1: a key is loaded when it is used or named, on every path. `use_key` and `assume_loaded` are proved, not believed.
    - K2: it is cleared exactly once on every path, or returned; keys that are arguments belong to the caller.
    - K3: it is not loaded while it is loaded already. Dynamic indices that may be equal count as equal; ranges of loops
      and affine maps tell them apart.
    - K4: it is of the index, and good for the level, that the types of its names say.

    Loops and branches (scf and affine) whose bounds and conditions are constants are followed exactly, keys in memrefs
    included: what is rejected there is a fault. Others are a dataflow problem, and what cannot be proved is rejected.

    With `report`, a remark says how many keys and bytes are loaded at once at most, and where.
  }];
  let options = [Option<"report", "report", "bool", "true", "Print the most keys and bytes that are loaded at once">];
}

#endif
