// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "frontend/network/fuse.h"
#include "frontend/network/graph.h"
#include "frontend/network/units.h"

namespace keymemrt::frontend {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pointwise;

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}
  size_t Size(size_t low, size_t high) { return std::uniform_int_distribution<size_t>(low, high)(engine_); }
  bool Coin() { return Size(0, 1) == 1; }
  std::vector<double> Values(size_t count) {
    std::vector<double> values(count);
    for (double& value : values) value = std::uniform_real_distribution<double>(-1, 1)(engine_);
    return values;
  }
  Convolution AConvolution(const TensorShape& in) {
    Convolution c;
    c.groups = Coin() ? 1 : in.channels;
    c.inputs = in.channels / c.groups;
    c.outputs = c.groups * Size(1, c.groups == 1 ? 4 : 2);
    c.stride_y = Size(1, 3);
    c.stride_x = Size(1, 3);
    if (Coin()) c.pad_top = Size(0, 2), c.pad_left = Size(0, 2), c.pad_bottom = Size(0, 2), c.pad_right = Size(0, 2);
    c.kernel_height = Size(1, std::min<size_t>(4, in.height));
    c.kernel_width = Size(1, std::min<size_t>(4, in.width));
    c.weights = Values(c.outputs * c.inputs * c.kernel());
    c.bias = Coin() ? Values(c.outputs) : std::vector<double>(c.outputs, 0.0);
    return c;
  }

 private:
  std::mt19937_64 engine_;
};

Node MakeConvolution(const std::string& name, const Graph& graph, size_t operand, Convolution c) {
  const Result<TensorShape> shape = OutputShape(c, graph.nodes[operand].shape);
  EXPECT_TRUE(shape.ok()) << shape.status().message();
  return {name, {operand}, *shape, std::move(c)};
}

// The definition, output by output.
double At(const Convolution& c, const TensorShape& in, const std::vector<double>& x, size_t o, size_t v, size_t u) {
  double sum = c.bias[o];
  for (size_t channel = 0; channel < in.channels; ++channel) {
    for (size_t row = 0; row < in.height; ++row) {
      for (size_t column = 0; column < in.width; ++column) {
        const long k = static_cast<long>(row + c.pad_top) - static_cast<long>(v * c.stride_y);
        const long l = static_cast<long>(column + c.pad_left) - static_cast<long>(u * c.stride_x);
        if (k < 0 || l < 0 || k >= static_cast<long>(c.kernel_height) || l >= static_cast<long>(c.kernel_width))
          continue;
        sum += c.Weight(o, channel, static_cast<size_t>(k), static_cast<size_t>(l)) *
               x[(channel * in.height + row) * in.width + column];
      }
    }
  }
  return sum;
}

TEST(Network, ConvolutionsAreWhatTheirDefinitionSays) {
  Random random(1);
  for (int trial = 0; trial < 100; ++trial) {
    const TensorShape in{random.Size(1, 4), random.Size(1, 7), random.Size(1, 7)};
    Graph graph;
    graph.nodes.push_back({"input", {}, in, GraphInput{}});
    const Convolution c = random.AConvolution(in);
    graph.nodes.push_back(MakeConvolution("conv", graph, 0, c));
    ASSERT_TRUE(CheckGraph(graph).ok()) << CheckGraph(graph).message();
    const TensorShape out = graph.nodes[1].shape;
    const std::vector<double> x = random.Values(in.count());
    const std::vector<double> y = Evaluate(graph, x).back();
    for (size_t i = 0; i < y.size(); ++i) {
      const double expected = At(c, in, x, i / (out.height * out.width), i / out.width % out.height, i % out.width);
      ASSERT_NEAR(y[i], expected, 1e-12) << "trial " << trial << ", number " << i;
    }
  }
}

TEST(Network, FusedNetworksAreTheSame) {
  Random random(2);
  int fused_nodes = 0;
  for (int trial = 0; trial < 400; ++trial) {
    Graph graph;
    graph.nodes.push_back({"input", {}, {random.Size(1, 3), random.Size(4, 12), random.Size(4, 12)}, GraphInput{}});
    const size_t length = random.Size(2, 4);
    for (size_t i = 0; i < length; ++i) {
      const TensorShape& shape = graph.nodes.back().shape;
      const size_t last = graph.nodes.size() - 1;
      const std::string name = fmt::format("n{}", i);
      switch (random.Size(0, 7)) {
        case 0:
          graph.nodes.push_back({name, {last}, shape, Activation{Activation::kRelu}});
          break;
        case 1:
          graph.nodes.push_back(
              {name, {last, last}, shape, random.Coin() ? decltype(Node::operation)(Sum{}) : Product{}});
          break;
        default:
          graph.nodes.push_back(MakeConvolution(name, graph, last, random.AConvolution(shape)));
      }
    }
    ASSERT_TRUE(CheckGraph(graph).ok()) << CheckGraph(graph).message();
    const Graph fused = FuseLinear(graph);
    ASSERT_TRUE(CheckGraph(fused).ok()) << CheckGraph(fused).message();
    fused_nodes += static_cast<int>(graph.nodes.size() - fused.nodes.size());
    const std::vector<double> x = random.Values(graph.input_shape().count());
    ASSERT_THAT(Evaluate(fused, x).back(), Pointwise(DoubleNear(1e-11), Evaluate(graph, x).back()))
        << "trial " << trial;
  }
  EXPECT_GT(fused_nodes, 200);
}

Convolution Pointwise1x1(size_t channels, double scale, double shift) {
  Convolution c;
  c.outputs = c.groups = channels;
  c.inputs = 1;
  c.weights.assign(channels, scale);
  c.bias.assign(channels, shift);
  return c;
}

TEST(Network, AShiftIsNotMovedAcrossPadding) {
  Graph graph;
  graph.nodes.push_back({"input", {}, {1, 4, 4}, GraphInput{}});
  graph.nodes.push_back(MakeConvolution("shift", graph, 0, Pointwise1x1(1, 2, 3)));
  Convolution padded = Pointwise1x1(1, 1, 0);
  padded.pad_top = 1;
  graph.nodes.push_back(MakeConvolution("pad", graph, 1, padded));
  EXPECT_EQ(FuseLinear(graph).nodes.size(), 3u);
  std::get<Convolution>(graph.nodes[1].operation).bias[0] = 0;
  const Graph fused = FuseLinear(graph);
  ASSERT_EQ(fused.nodes.size(), 2u);
  EXPECT_THAT(std::get<Convolution>(fused.nodes[1].operation).weights, ElementsAre(2));
}

TEST(Network, WhatIsUsedTwiceIsNotFused) {
  Graph graph;
  graph.nodes.push_back({"input", {}, {2, 1, 1}, GraphInput{}});
  graph.nodes.push_back(MakeConvolution("a", graph, 0, Pointwise1x1(2, 2, 0)));
  graph.nodes.push_back(MakeConvolution("b", graph, 1, Pointwise1x1(2, 3, 0)));
  graph.nodes.push_back({"sum", {1, 2}, {2, 1, 1}, Sum{}});
  EXPECT_EQ(FuseLinear(graph).nodes.size(), 4u);
}

TEST(Network, SaysWhichNodeIsWrong) {
  const auto graph = [] {
    Graph g;
    g.nodes.push_back({"input", {}, {2, 3, 3}, GraphInput{}});
    g.nodes.push_back(MakeConvolution("conv", g, 0, Pointwise1x1(2, 1, 0)));
    g.nodes.push_back({"relu", {1}, {2, 3, 3}, Activation{Activation::kRelu}});
    return g;
  };
  ASSERT_TRUE(CheckGraph(graph()).ok());
  const auto message = [&](auto&& damage) {
    Graph g = graph();
    damage(g);
    return CheckGraph(g).message();
  };
  EXPECT_THAT(message([](Graph& g) { g.nodes[2].shape = {2, 3, 4}; }), HasSubstr("'relu': its result is 2 x 3 x 3"));
  EXPECT_THAT(message([](Graph& g) { g.nodes[2].name = "conv"; }), HasSubstr("'conv': a name of its own"));
  EXPECT_THAT(message([](Graph& g) { g.nodes[2].operands = {2}; }),
              HasSubstr("'relu': an operand that is not defined"));
  EXPECT_THAT(message([](Graph& g) { g.nodes[2].operands = {0}; }), HasSubstr("'conv': nothing uses"));
  EXPECT_THAT(message([](Graph& g) { std::get<Convolution>(g.nodes[1].operation).bias[1] = NAN; }),
              HasSubstr("'conv': a weight or bias is not a finite"));
  EXPECT_THAT(message([](Graph& g) { std::get<Convolution>(g.nodes[1].operation).weights.pop_back(); }),
              HasSubstr("'conv': 1 weights"));
  EXPECT_THAT(message([](Graph& g) { std::get<Convolution>(g.nodes[1].operation).kernel_height = 4; }),
              HasSubstr("'conv'"));
  EXPECT_THAT(message([](Graph& g) { g.nodes.erase(g.nodes.begin()); }), HasSubstr("begins with its input"));
}

TEST(Network, SiluIsOneActivation) {
  Graph graph;
  graph.nodes.push_back({"input", {}, {2, 2, 1}, GraphInput{}});
  graph.nodes.push_back({"sigmoid", {0}, {2, 2, 1}, Activation{Activation::kSigmoid}});
  graph.nodes.push_back({"silu", {1, 0}, {2, 2, 1}, Product{}});
  const Graph fused = FuseSilu(graph);
  ASSERT_EQ(fused.nodes.size(), 2u);
  EXPECT_EQ(fused.nodes[1].name, "silu");
  const std::vector<double> x = {-3, -0.1, 0.5, 2};
  EXPECT_THAT(Evaluate(fused, x).back(), Pointwise(DoubleNear(1e-15), Evaluate(graph, x).back()));
  // Another use of the sigmoid keeps it.
  graph.nodes.push_back({"both", {2, 1}, {2, 2, 1}, Sum{}});
  EXPECT_EQ(FuseSilu(graph).nodes.size(), 4u);
}

TEST(Network, ScaledNetworksAreTheSameInTheirUnits) {
  Random random(9);
  for (int trial = 0; trial < 300; ++trial) {
    Graph graph;
    graph.nodes.push_back({"input", {}, {2, 4, 4}, GraphInput{}});
    const size_t length = random.Size(2, 9);
    std::vector<bool> used = {false};
    for (size_t i = 0; i < length; ++i) {
      const size_t last = graph.nodes.size() - 1, other = random.Size(0, last);
      const std::string name = fmt::format("n{}", i);
      const TensorShape shape = graph.nodes[0].shape;
      switch (random.Size(0, 4)) {
        case 0:
          graph.nodes.push_back({name, {last}, shape, Activation{Activation::kRelu}});
          break;
        case 1:
          graph.nodes.push_back({name, {last}, shape, Activation{Activation::kSilu}});
          break;
        case 2:
          graph.nodes.push_back({name, {last, other}, shape, Sum{}});
          break;
        case 3:
          graph.nodes.push_back({name, {other, last}, shape, Product{}});
          break;
        default:
          Convolution c = Pointwise1x1(2, 1, 0);
          c.weights = random.Values(2);
          c.bias = random.Values(2);
          graph.nodes.push_back(MakeConvolution(name, graph, last, c));
      }
    }
    ASSERT_TRUE(CheckGraph(graph).ok()) << CheckGraph(graph).message();
    const std::vector<std::vector<double>> inputs = {random.Values(32), random.Values(32), random.Values(32)};
    const std::vector<double> ranges = Ranges(graph, inputs);
    const ScaledGraph scaled = ScaleToRanges(graph, ranges);
    ASSERT_TRUE(CheckGraph(scaled.graph).ok()) << CheckGraph(scaled.graph).message();
    EXPECT_EQ(scaled.units.front(), 1);
    EXPECT_EQ(scaled.units.back(), 1);
    for (const std::vector<double>& input : inputs) {
      const auto values = Evaluate(graph, input), small = Evaluate(scaled.graph, input);
      size_t index = 0;
      for (size_t node = 0; node < small.size(); ++node) {
        if (std::holds_alternative<Activation>(scaled.graph.nodes[node].operation)) {
          for (const double x : small[scaled.graph.nodes[node].operands[0]]) EXPECT_LE(std::abs(x), 1 + 1e-12);
        }
        while (index < graph.nodes.size() && graph.nodes[index].name != scaled.graph.nodes[node].name) ++index;
        if (index == graph.nodes.size()) {
          index = 0;
          continue;  // an inserted one
        }
        for (size_t k = 0; k < small[node].size(); ++k) {
          const double value = values[index][k];
          ASSERT_NEAR(small[node][k] * scaled.units[node], value, 1e-11 * (1 + std::abs(value))) << trial;
        }
      }
    }
  }
}

// Two residual blocks: what is added has one unit, and none is below what it holds.
TEST(Network, ResidualSumsShareAUnit) {
  Graph graph;
  graph.nodes.push_back({"input", {}, {1, 1, 1}, GraphInput{}});
  graph.nodes.push_back(MakeConvolution("a", graph, 0, Pointwise1x1(1, 8, 0)));
  graph.nodes.push_back({"relu", {1}, {1, 1, 1}, Activation{Activation::kRelu}});
  graph.nodes.push_back(MakeConvolution("b", graph, 2, Pointwise1x1(1, -0.25, 0)));
  graph.nodes.push_back({"sum", {3, 2}, {1, 1, 1}, Sum{}});
  graph.nodes.push_back({"relu2", {4}, {1, 1, 1}, Activation{Activation::kRelu}});
  graph.nodes.push_back(MakeConvolution("out", graph, 5, Pointwise1x1(1, 100, 0)));
  const std::vector<std::vector<double>> inputs = {{1}};
  const ScaledGraph scaled = ScaleToRanges(graph, Ranges(graph, inputs));
  EXPECT_THAT(scaled.units, ElementsAre(1, 8, 8, 8, 8, 6, 1));
}

TEST(Network, Activations) {
  EXPECT_EQ(Apply({Activation::kRelu}, -2), 0);
  EXPECT_EQ(Apply({Activation::kRelu}, 2), 2);
  EXPECT_EQ(Apply({Activation::kRelu, 3, 4}, 2), 1.5);
  EXPECT_DOUBLE_EQ(Apply({Activation::kSigmoid}, 0), 0.5);
  EXPECT_DOUBLE_EQ(Apply({Activation::kSigmoid}, 2), 1 / (1 + std::exp(-2.0)));
  EXPECT_DOUBLE_EQ(Apply({Activation::kSilu, 0.5, 2}, 4), 2 / (1 + std::exp(-2.0)) / 2);
}

}  // namespace
}  // namespace keymemrt::frontend
