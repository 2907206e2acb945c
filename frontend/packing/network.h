// SPDX-License-Identifier: Apache-2.0
//
// A small neural network as its author sees it: layers on a vector of real numbers.
#pragma once

#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/status.h"

namespace keymemrt::frontend {

// y = W x + b.
struct Dense {
  std::string name;             // names the weights: "<name>.weights", "<name>.bias"
  size_t rows = 0;              // outputs
  size_t columns = 0;           // inputs
  std::vector<double> weights;  // rows x columns, row by row
  std::vector<double> bias;     // rows
};

// y_i = x_i * x_i.
struct Square {};

using Layer = std::variant<Dense, Square>;

// Checks that the layers fit each other: the first is dense, each dense layer takes what the last one gives, arrays
// have the sizes they claim, values are finite, names are unique identifiers. Errors (kInvalidArgument) name the layer.
Status CheckNetwork(std::span<const Layer> layers);

// The network on doubles: the oracle of everything that is made of it. REQUIRES: CheckNetwork(layers).ok() and as many
// inputs as the first layer has columns.
std::vector<double> Evaluate(std::span<const Layer> layers, std::span<const double> input);

// Reads the network of a directory: model.json names the layers in order ("layers": "square" or the name of a dense
// layer) and the file of each array ("tensors": "<name>_w" and "<name>_b", each {"file", "shape"}); weights are
// [outputs, inputs]. Errors: kCorrupt naming the file, kInvalidArgument when it does not exist.
Result<std::vector<Layer>> ReadNetwork(const std::string& directory);

}  // namespace keymemrt::frontend
