// SPDX-License-Identifier: Apache-2.0
#include "frontend/packing/packer.h"

#include <algorithm>
#include <cmath>

#include "frontend/packing/module_text.h"
#include "frontend/tensors/packed_layers.h"

namespace keymemrt::frontend {

int Depth(const Graph& graph, const Approximations& approximations) {
  std::vector<int> depths;
  for (size_t index = 0; index < graph.nodes.size(); ++index) {
    const Node& node = graph.nodes[index];
    int depth = 0;
    for (const size_t operand : node.operands) depth = std::max(depth, depths[operand]);
    if (std::holds_alternative<Activation>(node.operation)) {
      depth += approximations[index].levels();
    } else if (std::holds_alternative<Convolution>(node.operation) || std::holds_alternative<Product>(node.operation)) {
      ++depth;
    }
    depths.push_back(depth);
  }
  return depths.back();
}

Result<PackedModel> PackNetwork(const Graph& graph, const Approximations& approximations,
                                const scheme::Parameters& parameters, int64_t most_slots,
                                const std::string& function_name) {
  KMRT_RETURN_IF_ERROR(CheckGraph(graph));
  if (const int depth = Depth(graph, approximations);
      depth > parameters.max_level() && parameters.literal().secret_weight == 0) {
    return InvalidArgument("the network takes {} levels; {} have only {}: add primes to Q", depth,
                           parameters.Describe(), parameters.max_level());
  }
  PackedModel model;
  KMRT_ASSIGN_OR_RETURN(model.layouts, ChooseLayouts(graph, most_slots));
  const circuit::SlotLayout& input = model.layouts.values.front();

  // All that any layout needs: what repeats more often is bootstrapped at less cost.
  int64_t slots = 1;
  for (const circuit::SlotLayout& layout : model.layouts.values) slots = std::max(slots, layout.period);
  ModuleText text(parameters, static_cast<size_t>(slots));
  std::vector<Ciphertext> values;
  for (size_t index = 0; index < graph.nodes.size(); ++index) {
    const Node& node = graph.nodes[index];
    if (node.operands.empty()) {
      values.push_back(text.Input(node.shape.count(), static_cast<size_t>(input.period)));
      continue;
    }
    const Ciphertext& a = values[node.operands[0]];
    if (const auto* convolution = std::get_if<Convolution>(&node.operation)) {
      const PackedLayer& layer = model.layouts.layers[index];
      const WeightArgument weights = text.Weights(node.name, "weights", layer.indices.size(), a.level);
      Ciphertext y = text.LinearTransform(a, weights, layer.indices);
      for (const int64_t step : layer.convolution.Ladder()) y = text.RotateAndAdd(y, step);
      values.push_back(text.AddVector(y, text.Weights(node.name, "bias", 0, y.level)));
      for (NpzArray& array : PackedLayerArrays(node.name, layer.convolution, convolution->weights, convolution->bias,
                                               layer.indices, static_cast<uint64_t>(slots))) {
        model.arrays.push_back(std::move(array));
      }
    } else if (std::holds_alternative<Activation>(node.operation)) {
      const circuit::ActivationPolynomials& approximation = approximations[index];
      Ciphertext y = a;
      for (const circuit::ChebyshevSeries& series : approximation.polynomials) y = text.Chebyshev(y, series);
      values.push_back(approximation.times_input ? text.Multiply(a, y) : y);
    } else if (std::holds_alternative<Sum>(node.operation)) {
      values.push_back(text.Add(a, values[node.operands[1]]));
    } else {
      values.push_back(text.Multiply(a, values[node.operands[1]]));
    }
  }
  model.mlir = text.Finish(function_name, values.back(), graph.nodes.back().shape.count());
  return model;
}

}  // namespace keymemrt::frontend
