// SPDX-License-Identifier: Apache-2.0
// The orion dialect: layers of a network on one ciphertext, as HEIR's Orion importer writes them.
#ifndef COMPILER_DIALECT_ORION_TD
#define COMPILER_DIALECT_ORION_TD

include "compiler/dialect/LWE/LWE.td"

def Orion_Dialect : Dialect {
  let name = "orion";
  let cppNamespace = "::keymemrt::orion";
  let summary = "Layers of a network";
  let description = [{
    Function arguments carry `orion.layer_name`, `orion.layer_role`, `orion.level`, `orion.block_row` and
    `orion.block_col` as free (unregistered) attributes.
  }];
  let dependentDialects = ["::keymemrt::lwe::LWEDialect"];
}

class Orion_Op<string mnemonic, list<Trait> traits = []> : Op<Orion_Dialect, mnemonic, [Pure] # traits> {
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Orion_LinearTransformOp : Orion_Op<"linear_transform"> {
  let summary = "Multiply the slots by a matrix given by its diagonals";
  let description = [{
    Row r of `diagonals` (D x S) is the diagonal of index i_r = `diagonal_indices[r]`, not rotated in advance: with M the
    S x S matrix, diagonals[r][j] = M[j][(j + i_r) mod S]. The result is sum_r diagonals[r] * rotl(input, i_r).

    HEIR's forks leave `diagonal_indices` out. Such a file is read and printed, but not compiled: which diagonals the
    rows are is lost.

    The level and scale of the result's type are hints; the operation consumes one level. `orion_level`, `slots` and
    `bsgs_ratio` are the importer's choices and may be absent.
  }];
  let arguments = (ins LWE_Ciphertext:$input, RankedTensorOf<[AnyFloat]>:$diagonals,
                       DefaultValuedAttr<DenseI32ArrayAttr, "{}">:$diagonal_indices, OptionalAttr<APIntAttr>:$orion_level,
                       OptionalAttr<APIntAttr>:$slots, OptionalAttr<AnyAttrOf<[F64Attr, F32Attr]>>:$bsgs_ratio);
  let results = (outs LWE_Ciphertext:$output);
}

def Orion_ChebyshevOp : Orion_Op<"chebyshev"> {
  let summary = "Evaluate a Chebyshev series in each slot";
  let description = [{
    f(x) = sum_k c_k T_k(u), u = (2x - (a + b)) / (b - a), where [a, b] is the domain; c_0 is not halved.
  }];
  let arguments = (ins LWE_Ciphertext:$input, F64ArrayAttr:$coefficients, F64Attr:$domain_start, F64Attr:$domain_end);
  let results = (outs LWE_Ciphertext:$output);
  let extraClassDeclaration = [{
    /// c_0, c_1, ...
    std::vector<double> getCoefficientValues();
  }];
}

#endif
