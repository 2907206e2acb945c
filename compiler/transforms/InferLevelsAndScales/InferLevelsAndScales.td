// SPDX-License-Identifier: Apache-2.0
#ifndef COMPILER_TRANSFORMS_INFERLEVELSANDSCALES_TD
#define COMPILER_TRANSFORMS_INFERLEVELSANDSCALES_TD

include "mlir/Pass/PassBase.td"

def InferLevelsAndScales : Pass<"infer-levels-and-scales", "::mlir::func::FuncOp"> {
  let summary = "Give every value its level and exact scale, placing rescales and encodings to match";
  let description = [{
    The levels and scales in the input's types are not believed. Inputs are fresh: top level (below the bootstrap
    circuit's levels, where there are any), default scale. So are the results of `ckks.bootstrap`, whatever its
    `targetLevel` says. Then, in program order:

    - A rescale happens when it leaves at least half of the default scale (the waterline): the program's own where this
      holds, else they are dropped; missing ones before the next multiplication, plain addition or return. The program's
      `ckks.level_reduce` are dropped.
    - The plaintext of a multiplication, as the diagonals of a linear transform, is encoded at the scale for which the
      rescale ends at the default scale; that of an addition at the ciphertext's level and scale. Each
      (source, level, scale) is encoded once, right before its first use.
    - Operands of one operation come to one level by `ckks.level_reduce`. Where scales of a sum differ, one operand is
      multiplied by an encoded vector of ones of the scale that repairs it: without a level where the other is not
      rescaled yet, else with the level by which it is ahead, or with one level of both.

    A program that runs out of levels is an error at the first operation whose result would not fit into its modulus.

    Afterwards every ciphertext and plaintext has its fact beside it (`kmrt.level`, `kmrt.scale`), and in its type.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

#endif
