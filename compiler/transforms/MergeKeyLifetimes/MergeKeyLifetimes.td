// SPDX-License-Identifier: Apache-2.0
#ifndef COMPILER_TRANSFORMS_MERGEKEYLIFETIMES_TD
#define COMPILER_TRANSFORMS_MERGEKEYLIFETIMES_TD

include "mlir/Pass/PassBase.td"

def MergeKeyLifetimes : Pass<"merge-key-lifetimes", "::mlir::func::FuncOp"> {
  let summary = "Load a key once instead of again, within a bound on live keys: from its clear to the next equal load, around loops and branches";
  let description = [{
    Two moves, the innermost blocks first, each as long as it fits:

    - A clear and the next load of an equal key (same kind and index) in the block go, and with them the gap between two
      lifetimes. Gaps are considered by their end, which joins as many as the bound allows. The joined key is good for the
      higher of the two levels.
    - A key that is loaded and cleared in the body of a loop, and nowhere else in it, is loaded before the loop and
      cleared after it, where the loop runs at least twice; one that both ways of a branch load, around the branch. There
      it may meet equal loads of the block around, before the loop or after it, and be joined with them in turn.

    A move fits where at no point of the longer lifetime more than `max-live-keys` keys are alive then, and more than
    `max-live-bytes` bytes of them where that is given and the module has parameters. With the default of 1 the most keys
    alive never grow: what is joined is a key used twice in succession. 0 is no bound.

    Keys whose index is not known in the type are equal to none, and while one is alive, so that it may be any of them,
    no lifetime is made longer: where bounds are known, flatten makes their indices known.
  }];
  let options = [
    Option<"maxLiveKeys", "max-live-keys", "unsigned", "1", "Most keys alive at once; 0: no bound">,
    Option<"maxLiveBytes", "max-live-bytes", "uint64_t", "0", "Most bytes of keys alive at once; 0: no bound">
  ];
}

#endif
