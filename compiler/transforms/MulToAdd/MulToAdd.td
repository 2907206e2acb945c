// SPDX-License-Identifier: Apache-2.0
#ifndef COMPILER_TRANSFORMS_MULTOADD_TD
#define COMPILER_TRANSFORMS_MULTOADD_TD

include "mlir/Pass/PassBase.td"

def MulToAdd : Pass<"mul-to-add", "::mlir::func::FuncOp"> {
  let summary = "Multiply by a small integer through doublings and additions, which take no level";
  let description = [{
    Of a `ckks.mul_plain` whose plaintext has one integer in all slots. In this order:

    1. By 1, -1 and powers of two, of either sign: doublings, and a negation.
    2. By other integers: double-and-add over their binary digits from the top, where that takes at most
       `most-additions` additions.

    A multiplication by 0 stays. Runs before infer-levels-and-scales, which then places no rescale.
  }];
  let options = [Option<"mostAdditions", "most-additions", "unsigned", "8", "Additions in place of one multiplication">];
}

#endif
