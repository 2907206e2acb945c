// SPDX-License-Identifier: Apache-2.0
#include "frontend/packing/packer.h"

#include <algorithm>
#include <optional>

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

namespace {

// Emits the function: the value of each node is as many ciphertexts as it has pieces.
class Packer {
 public:
  Packer(const Graph& graph, const Approximations& approximations, const scheme::Parameters& parameters,
         PackedModel& model)
      : graph_(graph),
        approximations_(approximations),
        model_(model),
        slots_(LongestPeriod(model.layouts)),
        text_(parameters, slots_) {}

  void Run(const std::string& function_name) {
    for (size_t node = 0; node < graph_.nodes.size(); ++node) {
      std::vector<Ciphertext> value;
      for (size_t piece = 0; piece < model_.pieces[node].pieces.size(); ++piece) value.push_back(Emit(node, piece));
      values_.push_back(std::move(value));
    }
    std::vector<ResultText> results;
    for (size_t piece = 0; piece < values_.back().size(); ++piece) {
      results.push_back({values_.back()[piece], model_.pieces.back().pieces[piece].shape.count()});
    }
    model_.mlir = text_.Finish(function_name, results);
  }

 private:
  // All that any layout needs: what repeats more often is bootstrapped at less cost.
  static size_t LongestPeriod(const Layouts& layouts) {
    int64_t longest = 1;
    for (const circuit::SlotLayout& layout : layouts.values) longest = std::max(longest, layout.period);
    return static_cast<size_t>(longest);
  }

  Ciphertext Emit(size_t index, size_t piece) {
    const Node& node = graph_.nodes[index];
    if (node.operands.empty()) {
      return text_.Input(model_.pieces[index].pieces[piece].shape.count(),
                         static_cast<size_t>(model_.layouts.values[index].period));
    }
    if (std::holds_alternative<Convolution>(node.operation)) return EmitRow(index, piece);
    const Ciphertext& a = values_[node.operands[0]][piece];
    if (std::holds_alternative<Activation>(node.operation)) {
      const circuit::ActivationPolynomials& approximation = approximations_[index];
      Ciphertext y = a;
      for (const circuit::ChebyshevSeries& series : approximation.polynomials) y = text_.Chebyshev(y, series, node.name);
      return approximation.times_input ? text_.Multiply(a, y) : y;
    }
    const Ciphertext& b = values_[node.operands[1]][piece];
    return std::holds_alternative<Sum>(node.operation) ? text_.Add(a, b) : text_.Multiply(a, b);
  }

  // One row of a convolution's blocks. All have the same ladder: pieces of a value have the same period.
  Ciphertext EmitRow(size_t index, size_t row) {
    const Node& node = graph_.nodes[index];
    const NodePieces& pieces = model_.pieces[index];
    const std::vector<Ciphertext>& operands = values_[node.operands[0]];
    std::optional<Ciphertext> sum;
    size_t first = 0;
    for (size_t i = 0; i < pieces.blocks.size(); ++i) {
      const Block& block = pieces.blocks[i];
      if (block.row != row) continue;
      const PackedBlock& packed = model_.layouts.layers[index][i];
      const Ciphertext& x = operands[block.column];
      const WeightArgument weights =
          text_.Weights(node.name, "weights", row, block.column, packed.indices.size(), x.level);
      const Ciphertext y = text_.LinearTransform(x, weights, packed.indices);
      if (!sum) first = i;
      sum = sum ? text_.Add(*sum, y) : y;
      std::vector<double> bias;
      if (first == i) bias = BiasOf(index, row);
      for (NpzArray& array : PackedBlockArrays({node.name, row, block.column}, packed.convolution, block.weights,
                                               std::move(bias), packed.indices, slots_)) {
        model_.arrays.push_back(std::move(array));
      }
    }
    for (const int64_t step : model_.layouts.layers[index][first].convolution.Ladder()) {
      sum = text_.RotateAndAdd(*sum, step);
    }
    return text_.AddVector(*sum, text_.Weights(node.name, "bias", row, pieces.blocks[first].column, 0, sum->level));
  }

  std::vector<double> BiasOf(size_t index, size_t row) const {
    const std::vector<double>& bias = std::get<Convolution>(graph_.nodes[index].operation).bias;
    const Piece& piece = model_.pieces[index].pieces[row];
    const auto begin = bias.begin() + static_cast<std::ptrdiff_t>(piece.first_channel);
    return {begin, begin + static_cast<std::ptrdiff_t>(piece.shape.channels)};
  }

  const Graph& graph_;
  const Approximations& approximations_;
  PackedModel& model_;
  const size_t slots_;
  ModuleText text_;
  std::vector<std::vector<Ciphertext>> values_;  // by node, by piece
};

}  // namespace

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
  KMRT_ASSIGN_OR_RETURN(model.pieces, CutNetwork(graph, static_cast<size_t>(most_slots)));
  model.layouts = ChooseLayouts(graph, model.pieces, most_slots);
  Packer(graph, approximations, parameters, model).Run(function_name);
  return model;
}

}  // namespace keymemrt::frontend
