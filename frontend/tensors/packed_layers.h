// SPDX-License-Identifier: Apache-2.0
//
// Linear layers in a weights file as they are trained, and as rows of diagonals to whoever reads them: a diagonal is
// made when it is asked for (circuit/packed_convolution.h), so that they never exist as a whole, in memory or on disk.
//
// A layer L whose tensors are a ciphertext each is four arrays, all of float64:
//   L.convolution.weights    [outputs, inputs of one group * kernel height * kernel width], row by row
//   L.convolution.bias       [outputs]
//   L.convolution.layout     [24]: slots of a ciphertext; of the input, then of the output: channels, height, width,
//                            gap, lanes, pitch, block, period; groups, kernel height and width, strides y and x, pads
//                            top and left
//   L.convolution.diagonals  [D]: the rotation of each
// and shows as two: L.weights, [D, slots], and L.bias, [slots]. Where there are several ciphertexts, each block is
// that, and ".<row>.<column>" is appended to each name, but of block (0, 0); only the first block of a row has a bias.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "circuit/packed_convolution.h"
#include "frontend/tensors/npz.h"
#include "frontend/tensors/weight_file.h"

namespace keymemrt::frontend {

struct BlockName {
  std::string layer;
  size_t row = 0, column = 0;
};

// The arrays of one block, to be written. `weights` must outlive them; an empty `bias` is none.
// REQUIRES: convolution.Check().ok(), weight_count() weights, a bias a channel of the output, periods that divide
// `slots`.
std::vector<NpzArray> PackedBlockArrays(const BlockName& name, const circuit::PackedConvolution& convolution,
                                        std::span<const double> weights, std::vector<double> bias,
                                        std::span<const int64_t> diagonals, uint64_t slots);

// Replaces the arrays of packed layers by what they show as; those of a layer that is malformed by the reason
// (kCorrupt). A layer's weights and layout stay in memory once a row was read. `path` names the file in messages.
void ShowPackedLayers(const std::string& path, WeightFile::Arrays& arrays);

}  // namespace keymemrt::frontend
