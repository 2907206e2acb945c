// SPDX-License-Identifier: Apache-2.0
#ifndef COMPILER_TRANSFORMS_FLATTEN_TD
#define COMPILER_TRANSFORMS_FLATTEN_TD

include "mlir/Pass/PassBase.td"

def Flatten : Pass<"flatten", "::mlir::ModuleOp"> {
  let summary = "Execute the control flow that is known at compile time: one straight line on single ciphertexts is left";
  let description = [{
    Keeps the function to compile alone: the one that the option names, else the only one with a body that is neither one
    of HEIR's `client.*` helpers nor called by another function. It is executed on what is known at compile time:

    - `scf.for` and `affine.for` iteration by iteration, `scf.if` and `affine.if` one way, calls in their place. Bounds and
      conditions may depend on induction variables, on iteration arguments and on arithmetic on them.
    - Tensors of ciphertexts, plaintexts and keys, memrefs of them and `preprocessing.storage` fall into their elements.
      An argument or result that is a tensor of k becomes k, named `arg0.0`, `arg0.1` and so on by `kmrt.name`.
    - Tensors of numbers are built, sliced and rotated element by element. What is encoded must be a row of an argument,
      perhaps rotated, or consist of constants.
    - Rotations and loads of keys get the shift or index of their iteration.

    Each operation on ciphertexts and keys is repeated as often as it is executed, in that order. A bound, condition, shift
    or number that is not known is an error that names it.
  }];
  let options = [
    Option<"function", "function", "std::string", "\"\"", "The function to compile, where there are several">,
    Option<"mostSteps", "most-steps", "uint64_t", "100000000", "Operations executed before the pass gives up">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect", "::mlir::tensor::TensorDialect",
                           "::keymemrt::tensor_ext::TensorExtDialect"];
}

#endif
