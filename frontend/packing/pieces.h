// SPDX-License-Identifier: Apache-2.0
//
// Tensors that have more numbers than a ciphertext has slots, cut into pieces of one ciphertext each, and with them the
// linear layers, into blocks from a piece to a piece.
#pragma once

#include <vector>

#include "circuit/packed_convolution.h"
#include "frontend/network/graph.h"

namespace keymemrt::frontend {

// Channels and rows of a tensor, from the first ones on.
struct Piece {
  size_t first_channel = 0, first_row = 0;
  TensorShape shape;

  bool operator==(const Piece&) const = default;
};

// Pieces of at most `slots` numbers, the numbers of the tensor in their order: one piece where it fits; else whole
// channels, a power of two of them a piece, which grids of gaps take without a rest; where one channel does not fit,
// rows of one channel. The last piece (of a channel) has what is left. kInvalidArgument: a row does not fit.
Result<std::vector<Piece>> Cut(const TensorShape& shape, size_t slots);

// What a convolution makes of one piece of its operand for one piece of its result: a convolution of its own, without
// bias and without layouts. The operand's rows begin `pad_top` above the result's first window: it may be negative.
struct Block {
  size_t row = 0, column = 0;  // pieces of the result and of the operand
  circuit::PackedConvolution convolution;
  std::vector<double> weights;  // convolution.weight_count()
};

struct NodePieces {
  std::vector<Piece> pieces;  // of the result
  std::vector<Block> blocks;  // of a convolution, by row, then column: those that are not zero, at least one a row
};

// By node. kInvalidArgument, naming the node: Cut's. REQUIRES: CheckGraph(graph).ok().
Result<std::vector<NodePieces>> CutNetwork(const Graph& graph, size_t slots);

}  // namespace keymemrt::frontend
