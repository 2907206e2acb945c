// SPDX-License-Identifier: Apache-2.0
#ifndef COMPILER_TRANSFORMS_PLACERESCALES_TD
#define COMPILER_TRANSFORMS_PLACERESCALES_TD

include "mlir/Pass/PassBase.td"

def PlaceRescales : Pass<"place-rescales", "::mlir::func::FuncOp"> {
  let summary = "Rescale where a product is to be multiplied, added to a plaintext or returned, and nowhere else";
  let description = [{
    Which is where the levels and exact scales of infer-levels-and-scales ask for it, by the same rules: that pass places
    rescales itself, so it need not run after this one, and changes none of them if it does. Here levels, scales and
    plaintexts stay as they are: for a look at the rescales of a program alone. The program's own stay where its scale
    justifies them, the others go.

    Of what normalize leaves. A program that runs out of levels is an error as it is there.
  }];
}

#endif
