// SPDX-License-Identifier: Apache-2.0
#ifndef COMPILER_TRANSFORMS_PLACEBOOTSTRAPS_TD
#define COMPILER_TRANSFORMS_PLACEBOOTSTRAPS_TD

include "mlir/Pass/PassBase.td"

def PlaceBootstraps : Pass<"place-bootstraps", "::mlir::ModuleOp"> {
  let summary = "Bootstrap where a program runs out of levels, as few times as possible";
  let description = [{
    Nothing happens to a program whose levels suffice, with the bootstraps that it has. Else the fewest further ones are
    placed, by dynamic programming over the program (compiler/analysis/BootstrapPlacement): a value that is bootstrapped
    is so for all uses from then on, so one before a branch serves both sides of a residual join. Each is put right
    before the first use that needs it. A remark says how many.

    Where the parameters do not allow bootstrapping a warning says why, and the program stays as it is.
  }];
  let options = [Option<"insecure", "insecure", "bool", "false", "Accept parameters above the 128-bit bound">];
  let dependentDialects = ["::keymemrt::ckks::CKKSDialect"];
}

#endif
