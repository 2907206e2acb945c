// SPDX-License-Identifier: Apache-2.0
#ifndef COMPILER_TRANSFORMS_HOISTROTATIONS_TD
#define COMPILER_TRANSFORMS_HOISTROTATIONS_TD

include "mlir/Pass/PassBase.td"

def HoistRotations : Pass<"hoist-rotations", "::mlir::func::FuncOp"> {
  let summary = "Decompose a ciphertext once for all its rotations, where there are at least two";
  let description = [{
    `key_mgmt.rotate` of one ciphertext become `key_mgmt.rotate_hoisted` on the digits of one `key_mgmt.decompose`, in the
    block of the ciphertext, before the first of them or before the loop or branch that it is in. A rotation in a loop
    around which the ciphertext does not change counts as many. Runs before insert-clears, which ends the digits' lifetime
    at the last of them.
  }];
}

#endif
