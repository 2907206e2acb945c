// SPDX-License-Identifier: Apache-2.0
#ifndef COMPILER_TRANSFORMS_VERIFYTYPES_TD
#define COMPILER_TRANSFORMS_VERIFYTYPES_TD

include "mlir/Pass/PassBase.td"

def VerifyTypes : Pass<"verify-types", "::mlir::ModuleOp"> {
  let summary = "Insist on the levels and scales in the types of the input (HEIR's rules)";
  let description = [{
    Changes nothing. Compilation infers levels and scales anew and needs no true types; whoever wants them checked runs
    this first. The logarithms of scales add up under multiplication and fall by the dropped primes' under rescaling; sums
    have operands of one scale and level; rotations, negation and relinearization change neither, `ckks.level_reduce` the
    level only, by `levelToDrop`; `ckks.bootstrap` ends at its `targetLevel`. A scale of 0 (not tracked) or -1 (unknown)
    agrees with every other. Of linear transforms and polynomials nothing is said, since HEIR's importers say nothing.
  }];
}

#endif
