// SPDX-License-Identifier: Apache-2.0
#include "frontend/network/graph.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace keymemrt::frontend {

std::string ToString(const TensorShape& shape) {
  return fmt::format("{} x {} x {}", shape.channels, shape.height, shape.width);
}

const char* ActivationName(Activation::Function function) {
  return function == Activation::kRelu ? "relu" : function == Activation::kSigmoid ? "sigmoid" : "silu";
}

double Apply(const Activation& activation, double x) {
  x *= activation.input_unit;
  const double y = activation.function == Activation::kRelu
                       ? std::max(x, 0.0)
                       : (activation.function == Activation::kSilu ? x : 1) / (1 + std::exp(-x));
  return y / activation.output_unit;
}

double Convolution::Weight(size_t o, size_t c, size_t k, size_t l) const {
  const size_t first = o / (outputs / groups) * inputs;
  if (c < first || c >= first + inputs) return 0;
  return weights[((o * inputs + c - first) * kernel_height + k) * kernel_width + l];
}

Result<TensorShape> OutputShape(const Convolution& c, const TensorShape& input) {
  if (c.outputs == 0 || c.inputs == 0 || c.groups == 0 || c.kernel() == 0 || c.stride_y == 0 || c.stride_x == 0) {
    return InvalidArgument("a convolution with a dimension or stride of 0");
  }
  if (c.outputs % c.groups != 0 || c.inputs * c.groups != input.channels) {
    return InvalidArgument("{} groups of {} input channels and {} outputs do not fit {} channels", c.groups, c.inputs,
                           c.outputs, input.channels);
  }
  if (c.weights.size() != c.outputs * c.inputs * c.kernel() || c.bias.size() != c.outputs) {
    return InvalidArgument("{} weights and {} biases where {} and {} belong", c.weights.size(), c.bias.size(),
                           c.outputs * c.inputs * c.kernel(), c.outputs);
  }
  const auto finite = [](double x) { return std::isfinite(x); };
  if (!std::all_of(c.weights.begin(), c.weights.end(), finite) || !std::all_of(c.bias.begin(), c.bias.end(), finite)) {
    return InvalidArgument("a weight or bias is not a finite number");
  }
  const size_t height = input.height + c.pad_top + c.pad_bottom;
  const size_t width = input.width + c.pad_left + c.pad_right;
  if (c.kernel_height > height || c.kernel_width > width) {
    return InvalidArgument("a kernel of {} x {} on a tensor of {} x {} (with its padding)", c.kernel_height,
                           c.kernel_width, height, width);
  }
  return TensorShape{c.outputs, (height - c.kernel_height) / c.stride_y + 1, (width - c.kernel_width) / c.stride_x + 1};
}

Status CheckGraph(const Graph& graph) {
  if (graph.nodes.empty() || !std::holds_alternative<GraphInput>(graph.nodes[0].operation)) {
    return InvalidArgument("a network begins with its input");
  }
  std::set<std::string> names;
  std::vector<bool> used(graph.nodes.size());
  for (size_t index = 0; index < graph.nodes.size(); ++index) {
    const Node& node = graph.nodes[index];
    const auto wrong = [&](const std::string& what) { return InvalidArgument("node '{}': {}", node.name, what); };
    if (node.name.empty() || !names.insert(node.name).second) return wrong("a name of its own expected");
    if (node.shape.count() == 0) return wrong("an empty result");
    for (const size_t operand : node.operands) {
      if (operand >= index) return wrong("an operand that is not defined yet");
      used[operand] = true;
    }
    const size_t operands = node.operation.index() == 0 ? 0 : node.operation.index() <= 2 ? 1 : 2;
    if (node.operands.size() != operands) return wrong(fmt::format("{} operands expected", operands));
    if (operands == 0) {
      if (index != 0) return wrong("a second input");
      continue;
    }
    TensorShape shape = graph.nodes[node.operands[0]].shape;
    if (operands == 2 && graph.nodes[node.operands[1]].shape != shape) return wrong("operands of different shapes");
    if (const auto* convolution = std::get_if<Convolution>(&node.operation)) {
      const Result<TensorShape> result = OutputShape(*convolution, shape);
      if (!result.ok()) return wrong(result.status().message());
      shape = *result;
    }
    if (shape != node.shape) {
      return wrong(fmt::format("its result is {}, not {}", ToString(shape), ToString(node.shape)));
    }
  }
  for (size_t index = 0; index + 1 < graph.nodes.size(); ++index) {
    if (!used[index]) return InvalidArgument("node '{}': nothing uses its result", graph.nodes[index].name);
  }
  return Status();
}

namespace {

std::vector<double> Convolve(const Convolution& c, const TensorShape& in, const TensorShape& out,
                             std::span<const double> x) {
  std::vector<double> y(out.count());
  for (size_t o = 0; o < c.outputs; ++o) {
    double* const plane = &y[o * out.height * out.width];
    std::fill(plane, plane + out.height * out.width, c.bias[o]);
    const size_t group = o / (c.outputs / c.groups);
    for (size_t i = 0; i < c.inputs; ++i) {
      const double* const source = &x[(group * c.inputs + i) * in.height * in.width];
      for (size_t tap = 0; tap < c.kernel(); ++tap) {
        const double weight = c.weights[(o * c.inputs + i) * c.kernel() + tap];
        if (weight == 0) continue;
        const size_t k = tap / c.kernel_width;
        const size_t l = tap % c.kernel_width;
        for (size_t v = 0; v < out.height; ++v) {
          const size_t row = v * c.stride_y + k - c.pad_top;  // wraps to a large number below 0
          if (row >= in.height) continue;
          for (size_t u = 0; u < out.width; ++u) {
            const size_t column = u * c.stride_x + l - c.pad_left;
            if (column < in.width) plane[v * out.width + u] += weight * source[row * in.width + column];
          }
        }
      }
    }
  }
  return y;
}

}  // namespace

std::vector<std::vector<double>> Evaluate(const Graph& graph, std::span<const double> input) {
  return Evaluate(graph, input,
                  [&](size_t node, double x) { return Apply(std::get<Activation>(graph.nodes[node].operation), x); });
}

std::vector<std::vector<double>> Evaluate(const Graph& graph, std::span<const double> input,
                                          const ActivationFunction& activation) {
  std::vector<std::vector<double>> values;
  for (const Node& node : graph.nodes) {
    if (node.operands.empty()) {
      values.emplace_back(input.begin(), input.end());
      continue;
    }
    const std::vector<double>& a = values[node.operands[0]];
    if (const auto* convolution = std::get_if<Convolution>(&node.operation)) {
      values.push_back(Convolve(*convolution, graph.nodes[node.operands[0]].shape, node.shape, a));
      continue;
    }
    std::vector<double> y = a;
    if (std::holds_alternative<Activation>(node.operation)) {
      for (double& value : y) value = activation(values.size(), value);
    } else {
      const std::vector<double>& b = values[node.operands[1]];
      const bool sum = std::holds_alternative<Sum>(node.operation);
      for (size_t i = 0; i < y.size(); ++i) y[i] = sum ? y[i] + b[i] : y[i] * b[i];
    }
    values.push_back(std::move(y));
  }
  return values;
}

}  // namespace keymemrt::frontend
