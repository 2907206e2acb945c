// SPDX-License-Identifier: Apache-2.0
#include "frontend/packing/layouts.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <map>
#include <numeric>
#include <set>

#include "circuit/linear_transform_plan.h"

namespace keymemrt::frontend {

namespace {

using circuit::LinearTransformForm;
using circuit::LinearTransformPlan;
using circuit::SlotLayout;

// A rotation takes as long as the encoding and the products of about this many diagonals.
constexpr double kDiagonalsPerRotation = 10;

int64_t PowerOfTwo(int64_t x) {
  return static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(x)));
}

SlotLayout Shaped(const TensorShape& shape) {
  SlotLayout layout;
  layout.channels = static_cast<int32_t>(shape.channels);
  layout.height = static_cast<int32_t>(shape.height);
  layout.width = static_cast<int32_t>(shape.width);
  return layout;
}

// Channel by channel, row by row, without a gap.
SlotLayout Contiguous(const TensorShape& shape) {
  SlotLayout layout = Shaped(shape);
  layout.pitch = layout.width;
  layout.block = layout.pitch * layout.height;
  layout.period = PowerOfTwo(layout.End());
  return layout;
}

std::vector<SlotLayout> Candidates(const TensorShape& shape, const Convolution& convolution, const SlotLayout& input) {
  std::vector<SlotLayout> candidates = {Contiguous(shape)};
  SlotLayout aligned = candidates[0];
  aligned.block = PowerOfTwo(aligned.block);
  candidates.push_back(aligned);
  if (shape.height * shape.width > 1 && convolution.stride_y == convolution.stride_x) {
    SlotLayout grid = Shaped(shape);
    grid.gap = input.gap * static_cast<int32_t>(convolution.stride_y);
    grid.pitch = input.pitch;
    for (const int32_t lanes : {1, grid.gap * grid.gap}) {
      grid.lanes = std::min(lanes, grid.channels);
      SlotLayout one = grid;
      one.channels = grid.lanes;
      for (const int64_t block : {input.block, one.End(), PowerOfTwo(one.End())}) {
        grid.block = block;
        candidates.push_back(grid);
      }
    }
  }
  for (SlotLayout& candidate : candidates) candidate.period = PowerOfTwo(candidate.End());
  return candidates;
}

PackedBlock PackBlock(const Block& block, const SlotLayout& input, const SlotLayout& output, int64_t slots) {
  PackedBlock packed;
  packed.convolution = block.convolution;
  packed.convolution.input = input;
  packed.convolution.output = output;
  const int64_t window = std::min(input.period, output.period);
  const std::vector<int64_t> indices = circuit::ConvolutionDiagonals(packed.convolution).Indices(block.weights);
  // From [0, w), or from (-w/2, w/2]: whichever takes fewer rotations.
  for (const int64_t last : {window - 1, window / 2}) {
    std::vector<int64_t> shifted = indices;
    for (int64_t& index : shifted) index -= index > last ? window : 0;
    std::sort(shifted.begin(), shifted.end());
    const auto plan = LinearTransformPlan::Make(shifted, slots, LinearTransformForm::kHorner);
    assert(plan.ok());
    if (packed.indices.empty() || plan->key_switches() < packed.rotations) {
      packed.indices = std::move(shifted);
      packed.rotations = plan->key_switches();
    }
  }
  return packed;
}

class Chooser {
 public:
  Chooser(const Graph& graph, const std::vector<NodePieces>& pieces, int64_t slots)
      : graph_(graph), pieces_(pieces), slots_(slots), class_of_(graph.nodes.size()) {}

  Layouts Choose() {
    MakeClasses();
    FindTwins();
    StartForwards();
    // Each step makes the sum smaller, so this ends; a few rounds are all it takes.
    for (bool improved = true; improved;) {
      improved = false;
      for (size_t c = 1; c < layouts_.size(); ++c) improved = Improve(c) || improved;
    }
    return Finish();
  }

 private:
  const Convolution* ConvolutionOf(size_t node) const {
    return std::get_if<Convolution>(&graph_.nodes[node].operation);
  }

  // Nodes whose values have one layout: what slot by slot operations tie together. Class 0 is the input's.
  void MakeClasses() {
    std::vector<size_t> root(graph_.nodes.size());
    std::iota(root.begin(), root.end(), size_t{0});
    const auto find = [&](size_t node) {
      while (root[node] != node) node = root[node] = root[root[node]];
      return node;
    };
    for (size_t node = 0; node < root.size(); ++node) {
      if (ConvolutionOf(node) != nullptr) continue;
      for (const size_t operand : graph_.nodes[node].operands) {
        const size_t a = find(operand), b = find(node);
        root[std::max(a, b)] = std::min(a, b);
      }
    }
    std::map<size_t, size_t> numbers;
    for (size_t node = 0; node < root.size(); ++node) {
      class_of_[node] = numbers.emplace(find(node), numbers.size()).first->second;
    }
    layouts_.resize(numbers.size());
    members_.resize(numbers.size());
    for (size_t node = 0; node < root.size(); ++node) members_[class_of_[node]].push_back(node);
  }

  // Networks repeat their layers, and only which weights are zero decides which diagonals there are.
  void FindTwins() {
    for (const NodePieces& node : pieces_) {
      std::vector<size_t>& twins = twins_.emplace_back();
      for (const Block& block : node.blocks) {
        size_t twin = 0;
        while (twin < different_.size() && !HaveSameDiagonals(*different_[twin], block)) ++twin;
        if (twin == different_.size()) different_.push_back(&block);
        twins.push_back(twin);
      }
    }
    known_.resize(different_.size());
  }

  static bool HaveSameDiagonals(const Block& a, const Block& b) {
    return a.convolution == b.convolution &&
           std::equal(a.weights.begin(), a.weights.end(), b.weights.begin(), b.weights.end(),
                      [](double x, double y) { return (x == 0) == (y == 0); });
  }

  bool Fits(const SlotLayout& layout) const { return layout.Check().ok() && layout.period <= slots_; }

  const TensorShape& FirstPiece(size_t node) const { return pieces_[node].pieces.front().shape; }

  void StartForwards() {
    layouts_[0] = Contiguous(FirstPiece(0));
    for (size_t node = 1; node < graph_.nodes.size(); ++node) {
      std::optional<SlotLayout>& layout = layouts_[class_of_[node]];
      if (layout) continue;
      double best = 0;
      const size_t operand = graph_.nodes[node].operands[0];
      for (const SlotLayout& candidate : CandidatesOf(node)) {
        const double cost = Cost(node, *layouts_[class_of_[operand]], candidate);
        if (!layout || cost < best) {
          layout = candidate;
          best = cost;
        }
      }
    }
  }

  // REQUIRES: the operand has a layout. Of a convolution never none: pixels side by side fit into a piece.
  std::vector<SlotLayout> CandidatesOf(size_t node) const {
    std::vector<SlotLayout> fitting;
    const Convolution* convolution = ConvolutionOf(node);
    if (convolution == nullptr) return fitting;
    std::vector<SlotLayout> candidates = {Contiguous(FirstPiece(node))};
    // Users see the output's numbers side by side.
    if (class_of_[node] != class_of_.back()) {
      candidates = Candidates(FirstPiece(node), *convolution, *layouts_[class_of_[graph_.nodes[node].operands[0]]]);
    }
    for (const SlotLayout& layout : candidates) {
      if (Fits(layout) && std::find(fitting.begin(), fitting.end(), layout) == fitting.end()) fitting.push_back(layout);
    }
    return fitting;
  }

  const PackedBlock& Packed(size_t node, size_t index, const SlotLayout& input, const SlotLayout& output) {
    const Block& block = pieces_[node].blocks[index];
    const size_t operand = graph_.nodes[node].operands[0];
    const std::pair<SlotLayout, SlotLayout> key(LayoutOf(input, pieces_[operand].pieces[block.column].shape),
                                                LayoutOf(output, pieces_[node].pieces[block.row].shape));
    auto& known = known_[twins_[node][index]];
    for (const auto& [layouts, packed] : known) {
      if (layouts == key) return packed;
    }
    return known.emplace_back(key, PackBlock(block, key.first, key.second, slots_)).second;
  }

  double Cost(size_t node, const SlotLayout& input, const SlotLayout& output) {
    const std::vector<Block>& blocks = pieces_[node].blocks;
    double cost = 0;
    size_t ladder = 0;
    for (size_t index = 0; index < blocks.size(); ++index) {
      const PackedBlock& packed = Packed(node, index, input, output);
      cost += packed.rotations + static_cast<double>(packed.indices.size()) / kDiagonalsPerRotation;
      ladder = packed.convolution.Ladder().size();
    }
    return cost + static_cast<double>(ladder * pieces_[node].pieces.size());
  }

  // Of all convolutions that begin or end in class c.
  double CostAround(size_t c, const SlotLayout& layout) {
    double cost = 0;
    for (size_t node = 1; node < graph_.nodes.size(); ++node) {
      if (ConvolutionOf(node) == nullptr) continue;
      const size_t from = class_of_[graph_.nodes[node].operands[0]];
      const size_t to = class_of_[node];
      if (from != c && to != c) continue;
      cost += Cost(node, from == c ? layout : *layouts_[from], to == c ? layout : *layouts_[to]);
    }
    return cost;
  }

  bool Improve(size_t c) {
    SlotLayout best = *layouts_[c];
    double best_cost = CostAround(c, best);
    for (const size_t node : members_[c]) {
      for (const SlotLayout& candidate : CandidatesOf(node)) {
        if (const double cost = CostAround(c, candidate); cost < best_cost) {
          best = candidate;
          best_cost = cost;
        }
      }
    }
    if (best == *layouts_[c]) return false;
    layouts_[c] = best;
    return true;
  }

  Layouts Finish() {
    Layouts result;
    std::set<int64_t> distinct;
    for (size_t node = 0; node < graph_.nodes.size(); ++node) {
      result.values.push_back(*layouts_[class_of_[node]]);
      result.layers.emplace_back();
      std::vector<int64_t> ladder;
      for (size_t index = 0; index < pieces_[node].blocks.size(); ++index) {
        const SlotLayout& input = result.values[graph_.nodes[node].operands[0]];
        const PackedBlock& packed = Packed(node, index, input, result.values.back());
        result.layers.back().push_back(packed);
        result.rotations += packed.rotations;
        result.diagonals += static_cast<int>(packed.indices.size());
        const auto plan = LinearTransformPlan::Make(packed.indices, slots_, LinearTransformForm::kHorner);
        distinct.insert(plan->keys.begin(), plan->keys.end());
        ladder = packed.convolution.Ladder();
      }
      result.rotations += static_cast<int>(ladder.size() * pieces_[node].pieces.size());
      distinct.insert(ladder.begin(), ladder.end());
    }
    result.distinct_rotations = static_cast<int>(distinct.size());
    return result;
  }

  const Graph& graph_;
  const std::vector<NodePieces>& pieces_;
  const int64_t slots_;
  std::vector<size_t> class_of_;
  std::vector<std::vector<size_t>> members_;        // by class
  std::vector<std::optional<SlotLayout>> layouts_;  // by class
  // Blocks with the same diagonals between any layouts are twins, `different_` has one of each.
  std::vector<const Block*> different_;
  std::vector<std::vector<size_t>> twins_;  // by node, by block: index into different_
  std::vector<std::vector<std::pair<std::pair<SlotLayout, SlotLayout>, PackedBlock>>> known_;  // by twin
};

}  // namespace

SlotLayout LayoutOf(const SlotLayout& layout, const TensorShape& shape) {
  SlotLayout piece = layout;
  piece.channels = static_cast<int32_t>(shape.channels);
  piece.height = static_cast<int32_t>(shape.height);
  return piece;
}

Layouts ChooseLayouts(const Graph& graph, const std::vector<NodePieces>& pieces, int64_t slots) {
  return Chooser(graph, pieces, slots).Choose();
}

}  // namespace keymemrt::frontend
