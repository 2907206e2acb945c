// SPDX-License-Identifier: Apache-2.0
//
// A network's activations as polynomials.
#pragma once

#include <span>
#include <vector>

#include "circuit/activation.h"
#include "frontend/network/graph.h"

namespace keymemrt::frontend {

// By node; without polynomials where that is no activation.
using Approximations = std::vector<circuit::ActivationPolynomials>;

// On [-1, 1], where operands lie once a network is scaled (frontend/network/units.h). `error`: the largest of each,
// relative to the largest value of the activation there. kInvalidArgument, naming the node: no polynomial has it.
Result<Approximations> ApproximateActivations(const Graph& graph, double error);

// The values of all nodes with polynomials as activations. REQUIRES: those of Evaluate.
std::vector<std::vector<double>> Evaluate(const Graph& graph, const Approximations& approximations,
                                          std::span<const double> input);

}  // namespace keymemrt::frontend
