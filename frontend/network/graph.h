// SPDX-License-Identifier: Apache-2.0
//
// A trained network as a graph of few operations: convolutions, which all linear layers are, activations, sums and
// products. Values are tensors of channels x height x width (one image, no batch); a vector of n numbers is n x 1 x 1.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/status.h"

namespace keymemrt::frontend {

struct TensorShape {
  size_t channels = 0, height = 1, width = 1;
  size_t count() const { return channels * height * width; }
  bool operator==(const TensorShape&) const = default;
};
std::string ToString(const TensorShape& shape);  // "16 x 32 x 32"

struct GraphInput {};

// y[o][v][u] = bias[o] + sum over i, k, l of
//              weights[o][i][k][l] * x[g(o) + i][v * stride_y + k - pad_top][u * stride_x + l - pad_left],
// where x is 0 outside its bounds and g(o) is the first input channel of o's group: channels are split into `groups`
// equal parts, each output sees its own part only. As in ONNX and PyTorch (a cross-correlation).
// A dense layer on a tensor is one whose kernel is as large as the tensor; mean pooling and batch normalisation have
// one group a channel.
struct Convolution {
  size_t outputs = 0;
  size_t inputs = 0;  // channels of one group
  size_t groups = 1;
  size_t kernel_height = 1, kernel_width = 1;
  size_t stride_y = 1, stride_x = 1;
  size_t pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;
  std::vector<double> weights;  // outputs x inputs x kernel_height x kernel_width, row by row
  std::vector<double> bias;     // outputs

  size_t kernel() const { return kernel_height * kernel_width; }
  // That of output channel `o` for input channel `c` of all groups; 0 when they are of different groups.
  double Weight(size_t o, size_t c, size_t k, size_t l) const;
};

// f(input_unit * x) / output_unit, number by number. As networks are read the units are 1; frontend/network/units.h
// chooses others.
struct Activation {
  enum class Function { kRelu, kSigmoid, kSilu };  // max(x, 0), 1 / (1 + exp(-x)), x / (1 + exp(-x))
  using enum Function;
  Function function = kRelu;
  double input_unit = 1, output_unit = 1;
};
const char* ActivationName(Activation::Function function);  // "relu"
double Apply(const Activation& activation, double x);

struct Sum {};      // of two values of one shape
struct Product {};  // slot by slot; of a value and itself: its square

struct Node {
  std::string name;              // unique; names the weights: "<name>.weights", "<name>.bias"
  std::vector<size_t> operands;  // indices of earlier nodes: none, one, or two of a sum and a product
  TensorShape shape;             // of the result
  std::variant<GraphInput, Convolution, Activation, Sum, Product> operation;
};

// Nodes in order of definition: the input is the first, the output the last.
struct Graph {
  std::string name;
  std::vector<Node> nodes;
  const TensorShape& input_shape() const { return nodes.front().shape; }
};

// What the convolution makes of a tensor. Errors (kInvalidArgument): channels that do not fit, a kernel larger than the
// padded tensor, arrays of other sizes than they should have, a weight that is not finite.
Result<TensorShape> OutputShape(const Convolution& convolution, const TensorShape& input);

// Checks what the comments above promise, and that every node is used. kInvalidArgument, naming the node.
Status CheckGraph(const Graph& graph);

// The values of all nodes, channel by channel, row by row; the oracle of everything that is made of the graph.
// REQUIRES: CheckGraph(graph).ok(), input.size() == graph.input_shape().count().
std::vector<std::vector<double>> Evaluate(const Graph& graph, std::span<const double> input);
// The same with another function in the place of each activation: of the node's number and its operand.
using ActivationFunction = std::function<double(size_t node, double x)>;
std::vector<std::vector<double>> Evaluate(const Graph& graph, std::span<const double> input,
                                          const ActivationFunction& activation);

}  // namespace keymemrt::frontend
