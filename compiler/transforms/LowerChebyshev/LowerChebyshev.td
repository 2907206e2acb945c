// SPDX-License-Identifier: Apache-2.0
#ifndef COMPILER_TRANSFORMS_LOWERCHEBYSHEV_TD
#define COMPILER_TRANSFORMS_LOWERCHEBYSHEV_TD

include "mlir/Pass/PassBase.td"

def LowerChebyshev : Pass<"lower-chebyshev", "::mlir::func::FuncOp"> {
  let summary = "Lower orion.chebyshev to products and sums by Paterson and Stockmeyer's method";
  let description = [{
    A series of degree d takes ceil(log2(d + 1)) levels, the least possible, and about 2 sqrt(d) key switches; products
    that are added up are relinearized once. One more level goes to the map to [-1, 1] where the domain is another one.
    Every scale is exact: where a sum needs two equal scales, the multiplication by a constant before it makes them so,
    and the result has the scale that is annotated. The steps are those of circuit/polynomial_plan.h.

    Runs after infer-levels-and-scales; what it makes carries levels and scales too. The first operation that takes the
    series' input has the attribute `kmrt.domain`: the interval in which its first operand must lie, and the
    `orion.layer_name` of the series, if it has one.
  }];
}

#endif
