// SPDX-License-Identifier: Apache-2.0
#include "frontend/packing/pieces.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace keymemrt::frontend {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Pieces, HoldTheNumbersInTheirOrder) {
  EXPECT_THAT(*Cut({3, 8, 8}, 192), ElementsAre(Piece{0, 0, {3, 8, 8}}));
  // Whole channels, a power of two of them.
  EXPECT_THAT(*Cut({7, 8, 8}, 250), ElementsAre(Piece{0, 0, {2, 8, 8}}, Piece{2, 0, {2, 8, 8}}, Piece{4, 0, {2, 8, 8}},
                                                Piece{6, 0, {1, 8, 8}}));
  EXPECT_THAT(*Cut({1025}, 1024), ElementsAre(Piece{0, 0, {1024}}, Piece{1024, 0, {1}}));
  // Rows of one channel.
  EXPECT_THAT(*Cut({2, 7, 5}, 32), ElementsAre(Piece{0, 0, {1, 4, 5}}, Piece{0, 4, {1, 3, 5}}, Piece{1, 0, {1, 4, 5}},
                                               Piece{1, 4, {1, 3, 5}}));
  EXPECT_THAT(Cut({1, 1, 65}, 64).status().message(), HasSubstr("rows of 65 numbers do not fit into the 64 slots"));
}

Graph OneConvolution(const TensorShape& shape, Convolution c) {
  c.weights.resize(c.outputs * c.inputs * c.kernel());
  for (size_t i = 0; i < c.weights.size(); ++i) c.weights[i] = static_cast<double>(i + 1);
  c.bias.resize(c.outputs);
  return {"network", {{"input", {}, shape, GraphInput{}}, {"conv", {0}, *OutputShape(c, shape), c}}};
}

std::vector<std::string> BlocksOf(const Graph& graph, size_t slots) {
  std::vector<std::string> blocks;
  const auto nodes = CutNetwork(graph, slots);
  for (const Block& b : nodes.value().back().blocks) {
    blocks.push_back(fmt::format("{},{}: {} groups, pad {}, {} weights", b.row, b.column, b.convolution.groups,
                                 b.convolution.pad_top, b.weights.size()));
  }
  return blocks;
}

TEST(Pieces, BlocksAreWhatIsNotZero) {
  // Two groups, each of them in pieces of its own.
  Convolution grouped{.outputs = 4, .inputs = 2, .groups = 2};
  EXPECT_THAT(BlocksOf(OneConvolution({4, 4, 4}, grouped), 32),
              ElementsAre("0,0: 1 groups, pad 0, 4 weights", "1,1: 1 groups, pad 0, 4 weights"));
  // One channel a group, several to a piece: still one each.
  Convolution depthwise{.outputs = 8, .inputs = 1, .groups = 8};
  EXPECT_THAT(BlocksOf(OneConvolution({8, 4, 4}, depthwise), 64),
              ElementsAre("0,0: 4 groups, pad 0, 4 weights", "1,1: 4 groups, pad 0, 4 weights"));
  // A group across pieces: as if it were none.
  Convolution across{.outputs = 2, .inputs = 3, .groups = 2};
  EXPECT_THAT(BlocksOf(OneConvolution({6, 4, 4}, across), 32),
              ElementsAre("0,0: 1 groups, pad 0, 4 weights", "0,1: 1 groups, pad 0, 4 weights",
                          "0,2: 1 groups, pad 0, 4 weights"));
  // Rows: each piece of the result sees its own rows and what the kernel reaches of the neighbours'.
  Convolution image{.outputs = 1, .inputs = 1, .kernel_height = 3, .pad_top = 1, .pad_bottom = 1};
  EXPECT_THAT(BlocksOf(OneConvolution({1, 12, 4}, image), 16),
              ElementsAre("0,0: 1 groups, pad 1, 3 weights", "0,1: 1 groups, pad 5, 3 weights",
                          "1,0: 1 groups, pad -3, 3 weights", "1,1: 1 groups, pad 1, 3 weights",
                          "1,2: 1 groups, pad 5, 3 weights", "2,1: 1 groups, pad -3, 3 weights",
                          "2,2: 1 groups, pad 1, 3 weights"));
  // A result that is zero still has a block.
  Graph zero = OneConvolution({2, 4, 4}, {.outputs = 2, .inputs = 2});
  std::get<Convolution>(zero.nodes[1].operation).weights = {0, 0, 1, 1};
  EXPECT_THAT(BlocksOf(zero, 16), ElementsAre("0,1: 1 groups, pad 0, 1 weights", "1,0: 1 groups, pad 0, 1 weights",
                                              "1,1: 1 groups, pad 0, 1 weights"));
}

}  // namespace
}  // namespace keymemrt::frontend
