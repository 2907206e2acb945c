// SPDX-License-Identifier: Apache-2.0
//
// From a network to what the compiler reads: a module in HEIR's CKKS-level IR (variant A) and the packed weights.
//
// A tensor is one ciphertext, or, where it has more numbers than slots, several (frontend/packing/pieces.h): then the
// function takes and returns one argument and result a piece, a convolution is a matrix of blocks, and everything else
// is done piece by piece.
//
// Beside its ciphertexts the function takes, for each block of a convolution, its diagonals (tensor<D x slots>) and,
// for each row of blocks, its bias (tensor<slots>) as arguments with orion.layer_name, orion.layer_role,
// orion.block_row and orion.block_col; `slots` is the longest period of all layouts. Activations are Chebyshev series
// and, for composites, a product. Every result's type carries the level and the scale that it has once the implied
// rescales are done, as far as levels suffice. A ciphertext argument says how its slots are filled: kmrt.length
// numbers, zero-padded to kmrt.period, repeated; a result's kmrt.length says how many of its first slots are outputs.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "frontend/network/graph.h"
#include "frontend/packing/approximate.h"
#include "frontend/packing/layouts.h"
#include "frontend/tensors/npz.h"
#include "scheme/parameters.h"

namespace keymemrt::frontend {

// Levels that the network takes on the longest way through it: one for a convolution or product, those of its
// polynomials for an activation.
int Depth(const Graph& graph, const Approximations& approximations);

struct PackedModel {
  std::string mlir;
  std::vector<NodePieces> pieces;
  Layouts layouts;
  // Of all blocks, as they were trained (frontend/tensors/packed_layers.h). They refer to the weights in `pieces`.
  std::vector<NpzArray> arrays;
};

// The function is named `function_name`; no layout has a longer period than `most_slots`, a power of two, at most those
// of a ciphertext. Fewer make sparse, cheaper bootstraps. Parameters with a sparse secret are for programs with
// bootstraps, which the compiler places: the levels need not suffice. Errors (kInvalidArgument): what CheckGraph and
// CutNetwork say; more levels needed than there are. REQUIRES: `approximations` are those of the graph.
Result<PackedModel> PackNetwork(const Graph& graph, const Approximations& approximations,
                                const scheme::Parameters& parameters, int64_t most_slots,
                                const std::string& function_name);

}  // namespace keymemrt::frontend
