// SPDX-License-Identifier: Apache-2.0
#ifndef COMPILER_TRANSFORMS_ROTATIONINDEXANALYSIS_TD
#define COMPILER_TRANSFORMS_ROTATIONINDEXANALYSIS_TD

include "mlir/Pass/PassBase.td"

def RotationIndexAnalysis : Pass<"rotation-index-analysis", "::mlir::ModuleOp"> {
  let summary = "Find out by which amounts a program rotates, and so which rotation keys it needs";
  let description = [{
    Each `ckks.rotate`, `key_mgmt.load_key`, `key_mgmt.assume_loaded` and `key_mgmt.prefetch_key` with an index that is an
    operand gets the indices that it can have as the attribute `indices`, ascending; the module gets all of them as
    `rotation_analysis.indices`. Indices are modulo N/2 where the module has parameters, so that negative ones count as
    what they are.

    Loops with constant bounds are enumerated iteration by iteration, with what their branches and iteration arguments
    depend on: there the indices are exactly those that occur. Else, and beyond `most-steps` operations, an interval
    holds every index that can occur, through arithmetic, affine maps, conditions and induction variables. An index
    without a bound, or one that can be more than `most-indices` numbers, is an error that names where it comes from.
  }];
  let options = [
    Option<"mostSteps", "most-steps", "uint64_t", "20000000", "Operations enumerated one by one">,
    Option<"mostIndices", "most-indices", "int64_t", "65536", "Most indices of one operation">
  ];
}

#endif
