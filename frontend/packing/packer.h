// SPDX-License-Identifier: Apache-2.0
//
// From a small network to what the compiler reads: a module in HEIR's CKKS-level IR (variant A) and the packed weights.
//
// The function takes one ciphertext and, per dense layer, its diagonals (tensor<D x slots>) and its bias
// (tensor<slots>) as arguments with orion.layer_name and orion.layer_role. Levels: a dense layer and a square take one
// each; every result's type carries the level and the scale that it has once the linear transform's implied rescale is
// done. The ciphertext argument says how its slots are filled: kmrt.length numbers, zero-padded to kmrt.period,
// repeated; the result's kmrt.length says how many of its first slots are outputs.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "frontend/packing/diagonals.h"
#include "frontend/packing/network.h"
#include "scheme/parameters.h"

namespace keymemrt::frontend {

// One function argument that holds weights: rows x slots numbers, or a vector of slots.
struct PackedArray {
  std::string name;        // "fc1.weights"
  bool is_vector = false;  // a bias: one row, written as a 1-D array
  std::vector<PeriodicVector> rows;
};

struct PackedModel {
  std::string mlir;
  size_t slots = 0;
  std::vector<PackedArray> arrays;  // in the order of the function's arguments
};

// The function is named `function_name`. Errors (kInvalidArgument): what CheckNetwork says; more levels needed than
// there are; a layer wider than the slots.
Result<PackedModel> PackNetwork(std::span<const Layer> layers, const scheme::Parameters& parameters,
                                const std::string& function_name);

// Writes the arrays, each row through all slots, as .npz.
Status WriteWeights(const PackedModel& model, const std::string& path);

}  // namespace keymemrt::frontend
