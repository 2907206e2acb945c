// SPDX-License-Identifier: Apache-2.0
#include "frontend/packing/pieces.h"

#include <algorithm>
#include <bit>

namespace keymemrt::frontend {

namespace {

// Whether a window of the result's piece reaches a row of the operand's.
bool RowsMeet(const circuit::PackedConvolution& c, const Piece& to, const Piece& from) {
  const int64_t last = static_cast<int64_t>(to.shape.height - 1) * c.stride_y + c.kernel_height - 1 - c.pad_top;
  return -c.pad_top < static_cast<int64_t>(from.shape.height) && last >= 0;
}

Block MakeBlock(const Convolution& c, const Piece& to, const Piece& from) {
  Block block;
  circuit::PackedConvolution& packed = block.convolution;
  packed.kernel_height = static_cast<int32_t>(c.kernel_height);
  packed.kernel_width = static_cast<int32_t>(c.kernel_width);
  packed.stride_y = static_cast<int32_t>(c.stride_y);
  packed.stride_x = static_cast<int32_t>(c.stride_x);
  packed.pad_top = static_cast<int32_t>(static_cast<int64_t>(c.pad_top + from.first_row) -
                                        static_cast<int64_t>(to.first_row * c.stride_y));
  packed.pad_left = static_cast<int32_t>(c.pad_left);
  const size_t outputs = c.outputs / c.groups;  // of a group
  const auto whole = [](const Piece& piece, size_t group) {
    return piece.first_channel % group == 0 && piece.shape.channels % group == 0;
  };
  const size_t begin = to.first_channel, end = begin + to.shape.channels;
  if (whole(to, outputs) && whole(from, c.inputs) && begin / outputs == from.first_channel / c.inputs &&
      to.shape.channels / outputs == from.shape.channels / c.inputs) {
    packed.groups = static_cast<int32_t>(to.shape.channels / outputs);
    const auto weights = c.weights.begin();
    const size_t row = c.inputs * c.kernel();
    block.weights.assign(weights + static_cast<std::ptrdiff_t>(begin * row),
                         weights + static_cast<std::ptrdiff_t>(end * row));
    return block;
  }
  for (size_t o = begin; o < end; ++o) {
    for (size_t i = from.first_channel; i < from.first_channel + from.shape.channels; ++i) {
      for (size_t k = 0; k < c.kernel_height; ++k) {
        for (size_t l = 0; l < c.kernel_width; ++l) block.weights.push_back(c.Weight(o, i, k, l));
      }
    }
  }
  return block;
}

std::vector<Block> MakeBlocks(const Convolution& c, const std::vector<Piece>& results,
                              const std::vector<Piece>& operands) {
  std::vector<Block> blocks;
  for (size_t row = 0; row < results.size(); ++row) {
    const size_t before = blocks.size();
    for (size_t column = 0; column < operands.size(); ++column) {
      Block block = MakeBlock(c, results[row], operands[column]);
      block.row = row;
      block.column = column;
      const bool zero = !RowsMeet(block.convolution, results[row], operands[column]) ||
                        std::all_of(block.weights.begin(), block.weights.end(), [](double w) { return w == 0; });
      // A row without any would have no value to add the bias to.
      if (!zero || (column + 1 == operands.size() && blocks.size() == before)) blocks.push_back(std::move(block));
    }
  }
  return blocks;
}

}  // namespace

Result<std::vector<Piece>> Cut(const TensorShape& shape, size_t slots) {
  if (shape.count() <= slots) return std::vector<Piece>{{0, 0, shape}};
  if (shape.width > slots) {
    return InvalidArgument("its rows of {} numbers do not fit into the {} slots of a ciphertext", shape.width, slots);
  }
  const size_t plane = shape.height * shape.width;
  const size_t channels = std::bit_floor(std::max(slots / plane, size_t{1}));
  const size_t rows = plane <= slots ? shape.height : std::bit_floor(slots / shape.width);
  std::vector<Piece> pieces;
  for (size_t c = 0; c < shape.channels; c += channels) {
    for (size_t y = 0; y < shape.height; y += rows) {
      pieces.push_back({c, y, {std::min(channels, shape.channels - c), std::min(rows, shape.height - y), shape.width}});
    }
  }
  return pieces;
}

Result<std::vector<NodePieces>> CutNetwork(const Graph& graph, size_t slots) {
  std::vector<NodePieces> nodes;
  for (const Node& node : graph.nodes) {
    Result<std::vector<Piece>> pieces = Cut(node.shape, slots);
    if (!pieces.ok()) return pieces.status().WithContext("node '" + node.name + "'");
    NodePieces& made = nodes.emplace_back();
    made.pieces = *std::move(pieces);
    if (const auto* convolution = std::get_if<Convolution>(&node.operation)) {
      made.blocks = MakeBlocks(*convolution, made.pieces, nodes[node.operands[0]].pieces);
    }
  }
  return nodes;
}

}  // namespace keymemrt::frontend
