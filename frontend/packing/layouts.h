// SPDX-License-Identifier: Apache-2.0
//
// Where each value of a network lies in its ciphertexts.
#pragma once

#include <vector>

#include "circuit/packed_convolution.h"
#include "frontend/network/graph.h"
#include "frontend/packing/pieces.h"

namespace keymemrt::frontend {

// One block between two layouts: what there is to do.
struct PackedBlock {
  circuit::PackedConvolution convolution;
  // Of the diagonals, ascending, one a residue, from [0, w) or from around 0: whichever needs fewer rotations.
  std::vector<int64_t> indices;
  int rotations = 0;  // of baby steps and giant steps, without the ladder's
};

struct Layouts {
  // By node: of its first piece. Others lie like the beginning of it, with the same period.
  std::vector<circuit::SlotLayout> values;
  std::vector<std::vector<PackedBlock>> layers;  // by node, by block
  // As nested Horner forms, in which a rotation of many sums takes one key (circuit/linear_transform_plan.h); the
  // compiler may choose others.
  int rotations = 0, diagonals = 0, distinct_rotations = 0;
};

// How a piece of `shape` lies, where the first one has `layout`.
circuit::SlotLayout LayoutOf(const circuit::SlotLayout& layout, const TensorShape& shape);

// Chooses them so that rotations and diagonals of all layers together are few: an activation, a sum and a product keep
// the layout of what they take; each other value tries what follows from its layers' inputs (the same grid with a gap
// as wide as the strides, one or several channels in it; pixels side by side), and the best is taken, one value after
// the other, until none improves. Input and output are packed as they come, channel by channel. REQUIRES:
// CheckGraph(graph).ok(); `pieces` are those of the graph for `slots`, a power of two.
Layouts ChooseLayouts(const Graph& graph, const std::vector<NodePieces>& pieces, int64_t slots);

}  // namespace keymemrt::frontend
