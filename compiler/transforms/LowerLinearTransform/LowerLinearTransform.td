// SPDX-License-Identifier: Apache-2.0
#ifndef COMPILER_TRANSFORMS_LOWERLINEARTRANSFORM_TD
#define COMPILER_TRANSFORMS_LOWERLINEARTRANSFORM_TD

include "mlir/Pass/PassBase.td"

def LowerLinearTransform : Pass<"lower-linear-transform", "::mlir::func::FuncOp"> {
  let summary = "Lower orion.linear_transform to baby-step giant-step over its diagonals";
  let description = [{
    With the diagonal of index i written as i = g + b, 0 <= b < n1, n1 | g:

      y = sum_g rotl( sum_b rotl(diagonal_(g+b), -g) * rotl(x, b), g )

    Indices are taken modulo the slots of the ring; only babies b and giants g that occur are computed. n1 is the power of
    two with the fewest rotations; of equals, that with the fewest ciphertexts alive at once. The diagonals are encoded at
    the input's level and the scale that the one rescale, after the last sum, returns to the annotated scale.

    Runs after infer-levels-and-scales; what it makes carries levels and scales too.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect",
                           "::keymemrt::tensor_ext::TensorExtDialect"];
}

#endif
