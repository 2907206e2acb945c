// SPDX-License-Identifier: Apache-2.0
#ifndef COMPILER_TRANSFORMS_PREFETCHKEYS_TD
#define COMPILER_TRANSFORMS_PREFETCHKEYS_TD

include "mlir/Pass/PassBase.td"

def PrefetchKeys : Pass<"prefetch-keys", "::mlir::func::FuncOp"> {
  let summary = "Say which rotation key is loaded next, some key switches before";
  let description = [{
    Each `key_mgmt.load_key` of a rotation key gets a `key_mgmt.prefetch_key` before the `distance`-th key switch that comes
    before it in its block, or at the block's beginning. In a loop whose key depends on the induction variable alone, a
    load with too few key switches before it is hinted at one iteration ahead: for the first iteration before the loop,
    for the next one at the beginning of each.

    Hints have no meaning: a runtime that knows the program needs none, and they need not be right. Index arithmetic that a
    hint needs is computed again there; where that cannot be done, the hint follows the number it needs.
  }];
  let options = [Option<"distance", "distance", "unsigned", "1", "Key switches between hint and load">];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect"];
}

#endif
