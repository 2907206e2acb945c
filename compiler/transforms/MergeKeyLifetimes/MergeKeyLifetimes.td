// SPDX-License-Identifier: Apache-2.0
#ifndef COMPILER_TRANSFORMS_MERGEKEYLIFETIMES_TD
#define COMPILER_TRANSFORMS_MERGEKEYLIFETIMES_TD

include "mlir/Pass/PassBase.td"

def MergeKeyLifetimes : Pass<"merge-key-lifetimes", "::mlir::func::FuncOp"> {
  let summary = "Load a key once instead of again, within a bound on live keys: from its clear to the next equal load, around loops and branches";
  let description = [{
    Two moves, the innermost blocks first, each as long as it fits:

    - A key that is loaded and cleared in the body of a loop is loaded before the loop and cleared after it, where the loop
      runs at least twice; one that both ways of a branch load, around the branch.
    - Of the places where a block needs one key (same kind, shape and index), two that follow each other become one
      lifetime, and the gap between them goes. A place is a load with its clear, or a loop or branch inside of which the
      key is loaded, also if that is on one way only; one of the two must be a load of the block itself, so that nothing
      is loaded that was not. Gaps are considered by their end, which joins as many as the bound allows.

    What is alive around a loop or branch is not loaded in it. A load inside whose index changes from iteration to
    iteration, and is that key's in some of them (by the `indices` of rotation-index-analysis), takes the other iterations
    only: an `scf.if` chooses between the key from outside (`key_mgmt.use_key`) and the load. So it does where index and
    bounds of all loops around are constants in each iteration, which verify-key-lifetimes follows exactly.

    A move fits where at no point of the longer lifetime more than `max-live-keys` keys are alive then, and more than
    `max-live-bytes` bytes of them where that is given and the module has parameters. With the default of 1 the most keys
    alive never grow: what is joined is a key used twice in succession. 0 is no bound. The joined key is good for the
    highest of the levels.

    Where it is not known when a key that is alive, or loaded inside, is the same, no lifetime is made longer.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect"];
  let options = [
    Option<"maxLiveKeys", "max-live-keys", "unsigned", "1", "Most keys alive at once; 0: no bound">,
    Option<"maxLiveBytes", "max-live-bytes", "uint64_t", "0", "Most bytes of keys alive at once; 0: no bound">
  ];
}

#endif
