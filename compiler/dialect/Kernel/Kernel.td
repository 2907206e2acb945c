// SPDX-License-Identifier: Apache-2.0
// The kernel dialect: packed kernels that HEIR leaves in CKKS-level programs.
#ifndef COMPILER_DIALECT_KERNEL_TD
#define COMPILER_DIALECT_KERNEL_TD

include "mlir/IR/CommonAttrConstraints.td"
include "mlir/IR/CommonTypeConstraints.td"
include "mlir/IR/DialectBase.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Kernel_Dialect : Dialect {
  let name = "kernel";
  let cppNamespace = "::keymemrt::kernel";
  let summary = "Packed kernels";
}

class Kernel_Op<string mnemonic, list<Trait> traits = []> : Op<Kernel_Dialect, mnemonic, [Pure] # traits> {
  let results = (outs AnyType:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

def Kernel_EvalChebyshevOp : Kernel_Op<"eval_chebyshev"> {
  let summary = "Evaluate a Chebyshev series over [-1, 1]; c_0 is not halved";
  let arguments = (ins AnyType:$input, F64ArrayAttr:$coefficients);
}

def Kernel_LinearTransformOp : Kernel_Op<"linear_transform"> {
  let summary = "Multiply by a matrix given by its diagonals";
  let description = [{
    As `orion.linear_transform`, with the diagonals (D x S) as an attribute.
  }];
  let arguments = (ins AnyType:$input, ElementsAttr:$diagonals, DenseI64ArrayAttr:$diagonal_indices,
                       OptionalAttr<F64Attr>:$bsgs_ratio);
}

#endif
