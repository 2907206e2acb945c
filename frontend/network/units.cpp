// SPDX-License-Identifier: Apache-2.0
#include "frontend/network/units.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace keymemrt::frontend {

namespace {

// By node; a product's may be another than that of its operands' product.
std::vector<double> ChooseUnits(const Graph& graph, std::span<const double> ranges) {
  const size_t count = graph.nodes.size();
  std::vector<size_t> root(count), members(count, 1);
  std::iota(root.begin(), root.end(), size_t{0});
  const auto find = [&](size_t node) {
    while (root[node] != node) node = root[node];
    return node;
  };
  std::vector<double> units(ranges.begin(), ranges.end());
  for (size_t node = 0; node < count; ++node) {
    if (!std::holds_alternative<Sum>(graph.nodes[node].operation)) continue;
    for (const size_t operand : graph.nodes[node].operands) {
      const size_t from = find(operand), to = find(node);
      if (from == to) continue;
      root[from] = to;
      members[to] += members[from];
      units[to] = std::max(units[to], units[from]);
    }
  }
  for (double& unit : units) unit = unit > 0 ? unit : 1;  // a value that is always 0
  for (const size_t end : {size_t{0}, count - 1}) units[find(end)] = 1;
  for (size_t node = 0; node < count; ++node) {
    const std::vector<size_t>& operands = graph.nodes[node].operands;
    if (find(node) != node) continue;
    if (std::holds_alternative<Product>(graph.nodes[node].operation) && members[node] == 1 && node + 1 != count) {
      units[node] = units[find(operands[0])] * units[find(operands[1])];
    }
  }
  for (size_t node = 0; node < count; ++node) units[node] = units[find(node)];
  return units;
}

Convolution Scaling(size_t channels, double factor) {
  Convolution c;
  c.outputs = c.groups = channels;
  c.inputs = 1;
  c.weights.assign(channels, factor);
  c.bias.assign(channels, 0.0);
  return c;
}

}  // namespace

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

ScaledGraph ScaleToRanges(const Graph& graph, std::span<const double> ranges) {
  const std::vector<double> units = ChooseUnits(graph, ranges);
  ScaledGraph scaled{{graph.name, {}}, {}};
  std::vector<size_t> moved;  // where each node of `graph` is now
  const auto push = [&](Node node, double unit) {
    scaled.graph.nodes.push_back(std::move(node));
    scaled.units.push_back(unit);
    return scaled.graph.nodes.size() - 1;
  };
  const auto push_scaling = [&](const std::string& name, size_t operand, double unit) {
    const TensorShape shape = scaled.graph.nodes[operand].shape;
    return push({name, {operand}, shape, Scaling(shape.channels, scaled.units[operand] / unit)}, unit);
  };
  for (size_t index = 0; index < graph.nodes.size(); ++index) {
    Node node = graph.nodes[index];
    double unit = units[index];
    for (size_t& operand : node.operands) operand = moved[operand];
    if (auto* convolution = std::get_if<Convolution>(&node.operation)) {
      for (double& weight : convolution->weights) weight *= scaled.units[node.operands[0]] / unit;
      for (double& bias : convolution->bias) bias /= unit;
    } else if (auto* activation = std::get_if<Activation>(&node.operation)) {
      const double range = ranges[graph.nodes[index].operands[0]];
      if (range > scaled.units[node.operands[0]]) {
        node.operands[0] = push_scaling(node.name + ".operand", node.operands[0], range);
      }
      activation->input_unit *= scaled.units[node.operands[0]];
      activation->output_unit *= unit;
    } else if (std::holds_alternative<Product>(node.operation)) {
      const std::string name = node.name;
      const double product = scaled.units[node.operands[0]] * scaled.units[node.operands[1]];
      if (std::abs(product - unit) > 1e-12 * unit) {
        moved.push_back(push_scaling(name + ".scale", push(std::move(node), product), unit));
        continue;
      }
    }
    moved.push_back(push(std::move(node), unit));
  }
  return scaled;
}

}  // namespace keymemrt::frontend
