// SPDX-License-Identifier: Apache-2.0
#include "frontend/network/fuse.h"

#include <algorithm>
#include <cassert>

namespace keymemrt::frontend {

namespace {

// Along one axis: whether each position that the second layer pads is 0 after the first layer, too. `size`: the
// input's; `middle`: of what the first layer makes of it.
bool PaddingIsWhatZerosBecome(size_t size, size_t middle, size_t kernel, size_t stride, size_t first_pad,
                              size_t second_pad_before, size_t second_pad_after) {
  // The windows nearest to the input are those at -1 and at `middle`.
  const bool before = second_pad_before == 0 || kernel <= stride + first_pad;
  const bool after = second_pad_after == 0 || middle * stride >= size + first_pad;
  return before && after;
}

}  // namespace

std::optional<Convolution> Compose(const Convolution& first, const Convolution& second, const TensorShape& input) {
  const Result<TensorShape> middle = OutputShape(first, input);
  assert(middle.ok());
  const bool pads = second.pad_top + second.pad_left + second.pad_bottom + second.pad_right != 0;
  if (pads) {
    const bool biased = std::any_of(first.bias.begin(), first.bias.end(), [](double b) { return b != 0; });
    if (biased ||
        !PaddingIsWhatZerosBecome(input.height, middle->height, first.kernel_height, first.stride_y, first.pad_top,
                                  second.pad_top, second.pad_bottom) ||
        !PaddingIsWhatZerosBecome(input.width, middle->width, first.kernel_width, first.stride_x, first.pad_left,
                                  second.pad_left, second.pad_right)) {
      return std::nullopt;
    }
  }
  Convolution c;
  c.outputs = second.outputs;
  // One group a channel in both: so in the composition. Else all channels may meet.
  c.groups = first.groups == middle->channels && second.groups == middle->channels && first.inputs == 1 &&
                     first.outputs == first.groups && second.outputs == second.groups
                 ? first.groups
                 : 1;
  c.inputs = input.channels / c.groups;
  c.kernel_height = (second.kernel_height - 1) * first.stride_y + first.kernel_height;
  c.kernel_width = (second.kernel_width - 1) * first.stride_x + first.kernel_width;
  c.stride_y = first.stride_y * second.stride_y;
  c.stride_x = first.stride_x * second.stride_x;
  c.pad_top = first.pad_top + second.pad_top * first.stride_y;
  c.pad_left = first.pad_left + second.pad_left * first.stride_x;
  c.pad_bottom = first.pad_bottom + second.pad_bottom * first.stride_y;
  c.pad_right = first.pad_right + second.pad_right * first.stride_x;
  c.weights.assign(c.outputs * c.inputs * c.kernel(), 0.0);
  c.bias = second.bias;
  const size_t second_group_outputs = second.outputs / second.groups;
  const size_t first_group_outputs = first.outputs / first.groups;
  for (size_t o = 0; o < second.outputs; ++o) {
    for (size_t m = 0; m < second.inputs; ++m) {
      const size_t mid = o / second_group_outputs * second.inputs + m;
      for (size_t i = 0; i < first.inputs; ++i) {
        const size_t channel = c.groups == 1 ? mid / first_group_outputs * first.inputs + i : 0;
        for (size_t k2 = 0; k2 < second.kernel_height; ++k2) {
          for (size_t l2 = 0; l2 < second.kernel_width; ++l2) {
            const double outer =
                second.weights[((o * second.inputs + m) * second.kernel_height + k2) * second.kernel_width + l2];
            if (outer == 0) continue;
            for (size_t k1 = 0; k1 < first.kernel_height; ++k1) {
              const size_t row =
                  ((o * c.inputs + channel) * c.kernel_height + k2 * first.stride_y + k1) * c.kernel_width +
                  l2 * first.stride_x;
              const double* const inner =
                  &first.weights[((mid * first.inputs + i) * first.kernel_height + k1) * first.kernel_width];
              for (size_t l1 = 0; l1 < first.kernel_width; ++l1) c.weights[row + l1] += outer * inner[l1];
            }
          }
        }
      }
      for (size_t tap = 0; tap < second.kernel(); ++tap) {
        c.bias[o] += second.weights[(o * second.inputs + m) * second.kernel() + tap] * first.bias[mid];
      }
    }
  }
  return c;
}

namespace {

// How many operands each node is.
std::vector<size_t> Uses(const Graph& graph) {
  std::vector<size_t> uses(graph.nodes.size());
  for (const Node& node : graph.nodes) {
    for (const size_t operand : node.operands) ++uses[operand];
  }
  return uses;
}

Graph Without(const std::vector<bool>& gone, Graph graph) {
  Graph fused;
  fused.name = graph.name;
  std::vector<size_t> moved(graph.nodes.size());
  for (size_t index = 0; index < graph.nodes.size(); ++index) {
    if (gone[index]) continue;
    Node& node = graph.nodes[index];
    for (size_t& operand : node.operands) operand = moved[operand];
    moved[index] = fused.nodes.size();
    fused.nodes.push_back(std::move(node));
  }
  return fused;
}

}  // namespace

Graph FuseLinear(Graph graph) {
  // Forwards: when a node is met, what it takes is fused already.
  const std::vector<size_t> uses = Uses(graph);
  std::vector<bool> gone(graph.nodes.size());
  for (size_t index = 0; index < graph.nodes.size(); ++index) {
    Node& node = graph.nodes[index];
    auto* second = std::get_if<Convolution>(&node.operation);
    if (second == nullptr || uses[node.operands[0]] != 1) continue;
    Node& before = graph.nodes[node.operands[0]];
    const auto* first = std::get_if<Convolution>(&before.operation);
    if (first == nullptr) continue;
    std::optional<Convolution> both = Compose(*first, *second, graph.nodes[before.operands[0]].shape);
    if (!both) continue;
    if (std::pair(first->kernel(), first->weights.size()) > std::pair(second->kernel(), second->weights.size())) {
      node.name = before.name;
    }
    node.operation = std::move(*both);
    gone[node.operands[0]] = true;
    node.operands = before.operands;
  }
  return Without(gone, std::move(graph));
}

Graph FuseSilu(Graph graph) {
  const std::vector<size_t> uses = Uses(graph);
  std::vector<bool> gone(graph.nodes.size());
  for (Node& node : graph.nodes) {
    if (!std::holds_alternative<Product>(node.operation)) continue;
    for (const size_t which : {0, 1}) {
      const size_t sigmoid = node.operands[which], x = node.operands[1 - which];
      const auto* activation = std::get_if<Activation>(&graph.nodes[sigmoid].operation);
      if (activation == nullptr || activation->function != Activation::kSigmoid || uses[sigmoid] != 1 ||
          graph.nodes[sigmoid].operands[0] != x) {
        continue;
      }
      node.operation = Activation{Activation::kSilu};
      node.operands = {x};
      gone[sigmoid] = true;
      break;
    }
  }
  return Without(gone, std::move(graph));
}

}  // namespace keymemrt::frontend
