// SPDX-License-Identifier: Apache-2.0
#ifndef COMPILER_TRANSFORMS_REMOVEUNNECESSARYBOOTSTRAPS_TD
#define COMPILER_TRANSFORMS_REMOVEUNNECESSARYBOOTSTRAPS_TD

include "mlir/Pass/PassBase.td"

def RemoveUnnecessaryBootstraps : Pass<"remove-unnecessary-bootstraps", "::mlir::func::FuncOp"> {
  let summary = "Drop the bootstraps without which a program still has enough levels";
  let description = [{
    Those that stay are the fewest that suffice, of those that are there (compiler/analysis/BootstrapPlacement). A program
    that runs out of levels with all of them stays as it is.
  }];
}

#endif
