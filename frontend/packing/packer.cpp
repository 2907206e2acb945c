// SPDX-License-Identifier: Apache-2.0
#include "frontend/packing/packer.h"

#include <algorithm>
#include <cmath>

#include "frontend/packing/module_text.h"
#include "frontend/tensors/packed_layers.h"

namespace keymemrt::frontend {

std::vector<double> Ranges(const Graph& graph, std::span<const std::vector<double>> inputs) {
  std::vector<double> ranges(graph.nodes.size());
  for (const std::vector<double>& input : inputs) {
    const std::vector<std::vector<double>> values = Evaluate(graph, input);
    for (size_t node = 0; node < values.size(); ++node) {
      for (const double value : values[node]) ranges[node] = std::max(ranges[node], std::abs(value));
    }
  }
  return ranges;
}

int Depth(const Graph& graph) {
  std::vector<int> depths;
  for (const Node& node : graph.nodes) {
    int depth = 0;
    for (const size_t operand : node.operands) depth = std::max(depth, depths[operand]);
    depths.push_back(depth + (std::holds_alternative<Convolution>(node.operation) ||
                              std::holds_alternative<Product>(node.operation)));
  }
  return depths.back();
}

Result<PackedModel> PackNetwork(const Graph& graph, const scheme::Parameters& parameters,
                                const std::string& function_name) {
  KMRT_RETURN_IF_ERROR(CheckGraph(graph));
  if (Depth(graph) > parameters.max_level()) {
    return InvalidArgument("the network takes {} levels; {} have only {}: add primes to Q", Depth(graph),
                           parameters.Describe(), parameters.max_level());
  }
  PackedModel model;
  KMRT_ASSIGN_OR_RETURN(model.layouts, ChooseLayouts(graph, static_cast<int64_t>(parameters.slots())));
  const circuit::SlotLayout& input = model.layouts.values.front();

  ModuleText text(parameters);
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
                                               layer.indices, parameters.slots())) {
        model.arrays.push_back(std::move(array));
      }
    } else if (const auto* activation = std::get_if<Activation>(&node.operation)) {
      return InvalidArgument("node '{}': {} is no polynomial, and it is not approximated by one yet", node.name,
                             ActivationName(*activation));
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
