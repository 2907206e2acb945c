// SPDX-License-Identifier: Apache-2.0
#ifndef COMPILER_TRANSFORMS_AFFINEFULLUNROLL_TD
#define COMPILER_TRANSFORMS_AFFINEFULLUNROLL_TD

include "mlir/Pass/PassBase.td"

def AffineFullUnroll : Pass<"affine-full-unroll", "::mlir::func::FuncOp"> {
  let summary = "Write out each affine.for, iteration by iteration";
  let description = [{
    Outer loops first, so that the bounds of an inner loop may depend on them; what an iteration computes from the
    induction variable stays for canonicalize. Other control flow stays as it is: flatten resolves all of it. A loop whose
    bounds are not known, and more than `most-operations` operations made, are errors at the loop.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
  let options = [
    Option<"mostOperations", "most-operations", "uint64_t", "1000000", "Operations made before the pass gives up">
  ];
}

#endif
