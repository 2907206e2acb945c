// SPDX-License-Identifier: Apache-2.0
//
// Where each value of a network lies in its ciphertext.
#pragma once

#include <vector>

#include "circuit/packed_convolution.h"
#include "frontend/network/graph.h"

namespace keymemrt::frontend {

circuit::PackedConvolution Pack(const Convolution& convolution, const circuit::SlotLayout& input,
                                const circuit::SlotLayout& output);

// One convolution between two layouts: what there is to do.
struct PackedLayer {
  circuit::PackedConvolution convolution;
  // Of the diagonals, ascending, one a residue, from [0, w) or from around 0: whichever needs fewer rotations.
  std::vector<int64_t> indices;
  int rotations = 0;  // of baby steps and giant steps, and the ladder's
};

struct Layouts {
  std::vector<circuit::SlotLayout> values;  // by node
  std::vector<PackedLayer> layers;          // by node; empty where that is no convolution
  int rotations = 0, diagonals = 0, distinct_rotations = 0;
};

// Chooses them so that rotations and diagonals of all layers together are few: an activation, a sum and a product keep
// the layout of what they take; each other value tries what follows from its layers' inputs (the same grid with a gap
// as wide as the strides, one or several channels in it; pixels side by side), and the best is taken, one value after
// the other, until none improves. Input and output are packed as
// they come, channel by channel. kInvalidArgument, naming the
// node: a value that does not fit into `slots`, a power of two. REQUIRES: CheckGraph(graph).ok().
Result<Layouts> ChooseLayouts(const Graph& graph, int64_t slots);

}  // namespace keymemrt::frontend
