// SPDX-License-Identifier: Apache-2.0
#ifndef COMPILER_TRANSFORMS_LOWERLINEARTRANSFORM_TD
#define COMPILER_TRANSFORMS_LOWERLINEARTRANSFORM_TD

include "mlir/Pass/PassBase.td"

def LowerLinearTransform : Pass<"lower-linear-transform", "::mlir::func::FuncOp"> {
  let summary = "Lower linear transforms by their diagonals, in one of four forms";
  let description = [{
    `orion.linear_transform`, whose diagonals are numbers, and `ckks.dft`, whose diagonals follow from the stage. With the
    diagonal of index i written as i = g + b:

      y = sum_g rotl( sum_b rotl(diagonal_(g+b), -g) * rotl(x, b), g )

    - `bsgs`: spelled out as rotations, encodings, products and sums, n1 (0 <= b < n1, n1 | g) the power of two with the
      fewest rotations, of equals that with the fewest ciphertexts alive at once; one rotation more is taken where the
      program needs fewer keys then, and no more ciphertexts are alive. Keys are inserted, decompositions shared and
      lifetimes merged by the passes that follow.
    - `double_hoisted`: baby steps and sums stay modulo QP: the fastest.
    - `horner`: giant steps as a chain, a key for each different distance between neighbours.
    - `minimum_key`: all giant steps by one key, all baby steps by another: two or three keys.

    The latter three, `bsgs` with `kmrt.baby_step`, and every form of `ckks.dft`, become `key_mgmt.begin_transform`, one step for each rotation of the
    plan (circuit/linear_transform_plan.h), its key loaded right before it and cleared right after, and
    `key_mgmt.finish_transform`. Diagonals are encoded when a step needs them. Which form: the operation's attribute
    `kmrt.form`, else the pass's option. `kmrt.baby_step` sets the distance of giants, else it is chosen
    for speed; `kmrt.key_shape` the special modulus of the keys.

    Indices are taken modulo the slots of the ring; only babies b and giants g that occur are computed. The diagonals are
    encoded at the input's level and the scale that the one rescale, after the last sum, returns to the annotated scale;
    a `ckks.dft` is not rescaled, its result's scale says at which scale they are encoded.

    Runs after infer-levels-and-scales; what it makes carries levels and scales too.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect",
                           "::keymemrt::tensor_ext::TensorExtDialect", "::keymemrt::key_mgmt::KeyMgmtDialect"];
  let options = [Option<"form", "form", "std::string", "\"bsgs\"",
                        "bsgs, double_hoisted, horner or minimum_key: of transforms that say none">];
}

#endif
