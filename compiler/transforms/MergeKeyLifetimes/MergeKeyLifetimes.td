// SPDX-License-Identifier: Apache-2.0
#ifndef COMPILER_TRANSFORMS_MERGEKEYLIFETIMES_TD
#define COMPILER_TRANSFORMS_MERGEKEYLIFETIMES_TD

include "mlir/Pass/PassBase.td"

def MergeKeyLifetimes : Pass<"merge-key-lifetimes", "::mlir::func::FuncOp"> {
  let summary = "Keep a key from its clear to the next equal load in the block, within a bound on live keys";
  let description = [{
    A clear and the next load of an equal key (same kind and index) in the block go, and with them the gap between two
    lifetimes, where at no point of the gap more than `max-live-keys` keys are alive then. Gaps are considered by their
    end, which joins as many as the bound allows. With the default of 1 the most keys alive never grow: what is joined is
    a key used twice in succession. 0 is no bound: all equal loads of a block become one.
  }];
  let options = [Option<"maxLiveKeys", "max-live-keys", "unsigned", "1", "Most keys alive at once; 0: no bound">];
}

#endif
