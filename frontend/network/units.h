// SPDX-License-Identifier: Apache-2.0
//
// Values divided by units, so that they lie in [-1, 1]: where activations have polynomials and bootstraps take
// messages.
#pragma once

#include <span>
#include <vector>

#include "frontend/network/graph.h"

namespace keymemrt::frontend {

// Largest magnitudes, by node. REQUIRES: CheckGraph(graph).ok(), inputs of its input's size.
std::vector<double> Ranges(const Graph& graph, std::span<const std::vector<double>> inputs);

// A network whose node i has 1 / units[i] of the value that it stands for.
struct ScaledGraph {
  Graph graph;
  std::vector<double> units;
};

// The same network, with units in its weights and activations. `ranges`: by node, what the values' magnitudes stay
// below. Input and output keep the unit 1; so does what is added to them. Else the operands and the result of a sum
// have one unit, the largest of their ranges; every other value has its range, and a product the product of its
// operands' units. No level is taken for it, but where a product is added to something, or an activation takes the
// input or something of its unit: there, a convolution of one weight a channel is inserted ("<name>.scale",
// "<name>.operand").
// REQUIRES: CheckGraph(graph).ok(), a range of each node, finite.
ScaledGraph ScaleToRanges(const Graph& graph, std::span<const double> ranges);

}  // namespace keymemrt::frontend
