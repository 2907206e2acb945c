// SPDX-License-Identifier: Apache-2.0
//
// From a network to what the compiler reads: a module in HEIR's CKKS-level IR (variant A) and the packed weights.
//
// The function takes one ciphertext and, per convolution, its diagonals (tensor<D x slots>) and its bias
// (tensor<slots>) as arguments with orion.layer_name and orion.layer_role. Levels: a convolution and a product take one
// each; every result's type carries the level and the scale that it has once the linear transform's implied rescale is
// done. The ciphertext argument says how its slots are filled: kmrt.length numbers, zero-padded to kmrt.period,
// repeated; the result's kmrt.length says how many of its first slots are outputs.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "frontend/network/graph.h"
#include "frontend/packing/layouts.h"
#include "frontend/tensors/npz.h"
#include "scheme/parameters.h"

namespace keymemrt::frontend {

// Largest magnitudes, by node.
std::vector<double> Ranges(const Graph& graph, std::span<const std::vector<double>> inputs);

// Levels that the network takes: convolutions and products on the longest way through it.
int Depth(const Graph& graph);

struct PackedModel {
  std::string mlir;
  Layouts layouts;
  // Of all layers, as they were trained (frontend/tensors/packed_layers.h). They refer to the graph.
  std::vector<NpzArray> arrays;
};

// The function is named `function_name`. `graph` must outlive the model. Errors (kInvalidArgument): what CheckGraph and
// ChooseLayouts say; more levels needed than there are; an activation that no ciphertext can have.
Result<PackedModel> PackNetwork(const Graph& graph, const scheme::Parameters& parameters,
                                const std::string& function_name);

}  // namespace keymemrt::frontend
