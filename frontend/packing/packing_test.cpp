// SPDX-License-Identifier: Apache-2.0
//
// The packer against the network: the emitted text and weights file themselves, run by a small interpreter on plain
// doubles with rotations done the naive way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <random>
#include <regex>
#include <sstream>

#include "frontend/network/fuse.h"
#include "frontend/network/units.h"
#include "frontend/packing/choose_parameters.h"
#include "frontend/packing/packer.h"
#include "frontend/packing/test_interpreter.h"
#include "frontend/tensors/weight_file.h"

namespace keymemrt::frontend {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Slots RandomVector(size_t size, std::mt19937_64& random) {
  std::uniform_real_distribution<double> uniform(-1, 1);
  Slots values(size);
  for (double& value : values) value = uniform(random);
  return values;
}

// A graph under construction.
struct Builder {
  explicit Builder(const TensorShape& shape, uint64_t seed) : random(seed) {
    graph.name = "network";
    graph.nodes.push_back({"input", {}, shape, GraphInput{}});
  }
  size_t last() const { return graph.nodes.size() - 1; }
  const TensorShape& shape() const { return graph.nodes.back().shape; }

  Builder& Convolve(size_t outputs, size_t kernel, size_t stride, size_t pad, size_t operand, size_t groups = 1) {
    const TensorShape& in = graph.nodes[operand].shape;
    Convolution c;
    c.outputs = outputs;
    c.groups = groups;
    c.inputs = in.channels / groups;
    c.kernel_height = std::min(kernel, in.height + 2 * pad);
    c.kernel_width = std::min(kernel, in.width + 2 * pad);
    c.stride_y = c.stride_x = stride;
    c.pad_top = c.pad_left = c.pad_bottom = c.pad_right = pad;
    c.weights = RandomVector(outputs * c.inputs * c.kernel(), random);
    for (double& weight : c.weights) weight /= std::sqrt(static_cast<double>(c.inputs * c.kernel()));
    c.bias = RandomVector(outputs, random);
    const Result<TensorShape> shape = OutputShape(c, in);
    EXPECT_TRUE(shape.ok()) << shape.status().message();
    graph.nodes.push_back({fmt::format("conv{}", graph.nodes.size()), {operand}, *shape, std::move(c)});
    return *this;
  }
  Builder& Dense(size_t outputs) {
    const TensorShape in = shape();
    Convolve(outputs, std::max(in.height, in.width), 1, 0, last());
    return *this;
  }
  Builder& Binary(bool sum, size_t a, size_t b) {
    decltype(Node::operation) operation = Product{};
    if (sum) operation = Sum{};
    graph.nodes.push_back({fmt::format("node{}", graph.nodes.size()), {a, b}, graph.nodes[a].shape, operation});
    return *this;
  }
  Builder& Activate(Activation::Function function) {
    graph.nodes.push_back({fmt::format("act{}", graph.nodes.size()), {last()}, shape(), Activation{function}});
    return *this;
  }
  Builder& Square() { return Binary(false, last(), last()); }

  Graph graph;
  std::mt19937_64 random;
};

Approximations NoActivations(const Graph& graph) {
  return Approximations(graph.nodes.size());
}

// Parameters with room for `levels`; not secure, which no cleartext minds.
scheme::Parameters TestParameters(int log_n, size_t levels) {
  const auto primes = scheme::FindNttPrimes(30, log_n, levels + 2);
  EXPECT_TRUE(primes.ok());
  // P is the largest, so that every digit is one limb at most.
  const std::vector<uint64_t> q(primes->begin() + 1, primes->end());
  auto parameters = scheme::Parameters::Create({log_n, q, {primes->front()}, 30}, scheme::Security::kInsecure);
  EXPECT_TRUE(parameters.ok()) << parameters.status().message();
  return *std::move(parameters);
}

std::string TemporaryPath(const std::string& name) {
  return ::testing::TempDir() + "/" + std::to_string(getpid()) + "-" + name;
}

// What the emitted text and weights make of `input`, in ciphertexts of which `slots` are used.
Slots RunPacked(const Graph& graph, const Approximations& approximations, const scheme::Parameters& parameters,
                size_t slots, const Slots& input) {
  const auto model = PackNetwork(graph, approximations, parameters, static_cast<int64_t>(slots), "network");
  EXPECT_TRUE(model.ok()) << model.status().message();
  if (!model.ok()) return {};
  const std::string path = TemporaryPath("weights.npz");
  const Status written = WriteNpz(path, model->arrays);
  EXPECT_TRUE(written.ok()) << written.message();
  const auto weights = WeightFile::Open(path);
  EXPECT_TRUE(weights.ok()) << weights.status().message();
  std::filesystem::remove(path);  // what is open stays readable
  const size_t period = static_cast<size_t>(model->layouts.values[0].period);
  std::vector<Slots> inputs;
  auto next = input.begin();
  for (const Piece& piece : model->pieces.front().pieces) {
    const auto end = next + static_cast<std::ptrdiff_t>(piece.shape.count());
    inputs.push_back(FillPeriodically({next, end}, period, slots));
    next = end;
    EXPECT_THAT(model->mlir,
                HasSubstr(fmt::format("kmrt.length = {} : i64, kmrt.period = {} : i64", piece.shape.count(), period)));
  }
  EXPECT_EQ(next, input.end());
  const std::vector<Slots> outputs = TextInterpreter(**weights, inputs).Run(model->mlir);
  EXPECT_EQ(outputs.size(), model->pieces.back().pieces.size());
  Slots y;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const size_t length = model->pieces.back().pieces[i].shape.count();
    EXPECT_THAT(model->mlir, HasSubstr(fmt::format("{{kmrt.length = {} : i64}}", length)));
    y.insert(y.end(), outputs[i].begin(), outputs[i].begin() + static_cast<std::ptrdiff_t>(length));
  }
  return y;
}

void ExpectPacked(Builder& builder, const Approximations& approximations, size_t slots = 1024) {
  const scheme::Parameters parameters = TestParameters(11, static_cast<size_t>(Depth(builder.graph, approximations)));
  const Slots input = RandomVector(builder.graph.input_shape().count(), builder.random);
  const Slots expected = Evaluate(builder.graph, approximations, input).back();
  const Slots y = RunPacked(builder.graph, approximations, parameters, slots, input);
  ASSERT_EQ(y.size(), expected.size());
  for (size_t i = 0; i < y.size(); ++i) EXPECT_NEAR(y[i], expected[i], 1e-11) << "output " << i;
}

void ExpectPacked(Builder& builder, size_t slots = 1024) {
  ExpectPacked(builder, NoActivations(builder.graph), slots);
}

TEST(Packer, EmittedTextAndWeightsComputeDenseNetworks) {
  const std::vector<std::vector<size_t>> networks = {
      {784, 128, 128, 10}, {5, 33, 7}, {9, 1}, {1, 6, 2}, {100, 3, 300, 4}};
  for (const std::vector<size_t>& widths : networks) {
    SCOPED_TRACE(fmt::format("{}", fmt::join(widths, "-")));
    Builder builder({widths[0]}, 3);
    for (size_t i = 1; i < widths.size(); ++i) {
      if (i > 1) builder.Square();
      builder.Dense(widths[i]);
    }
    ExpectPacked(builder);
  }
}

TEST(Packer, EmittedTextAndWeightsComputeImages) {
  // Strides that make gaps, channels that fill them, and a dense layer that reads them.
  Builder strided({3, 16, 16}, 4);
  strided.Convolve(4, 3, 1, 1, 0).Square().Convolve(8, 3, 2, 1, 2).Square().Convolve(16, 3, 2, 1, 4).Square().Dense(10);
  ExpectPacked(strided);
  // Odd sizes, one channel, no padding, one group a channel.
  Builder odd({1, 11, 7}, 5);
  odd.Convolve(3, 3, 2, 0, 0).Convolve(6, 2, 1, 1, 1, 3).Square().Dense(5);
  ExpectPacked(odd);
  // An image comes out as images go in.
  Builder image({3, 8, 8}, 11);
  image.Convolve(5, 3, 2, 1, 0);
  ExpectPacked(image);
}

TEST(Packer, EmittedTextAndWeightsComputeResidualJoins) {
  Builder builder({4, 8, 8}, 6);
  builder.Convolve(4, 3, 1, 1, 0);                          // 1
  builder.Square();                                         // 2
  builder.Convolve(4, 3, 1, 1, 2).Binary(true, 3, 2);       // 3, 4: the shortcut has one level more
  builder.Convolve(8, 3, 2, 1, 4).Square();                 // 5, 6
  builder.Convolve(8, 3, 1, 1, 6).Convolve(8, 1, 2, 0, 4);  // 7, and a shortcut of its own, 8
  builder.Binary(true, 7, 8).Binary(false, 9, 6).Dense(3);
  ExpectPacked(builder);
}

TEST(Packer, EmittedTextAndWeightsComputeActivations) {
  for (const double error : {0x1p-6, 0x1p-11}) {  // a series; a composite and a product
    Builder builder({4, 8, 8}, 12);
    builder.Convolve(4, 3, 1, 1, 0).Activate(Activation::kRelu);                     // 1, 2
    builder.Convolve(4, 3, 1, 1, 2).Binary(true, 3, 2).Activate(Activation::kRelu);  // 3, 4, 5
    builder.Convolve(8, 3, 2, 1, 5).Activate(Activation::kSilu).Dense(6).Activate(Activation::kSigmoid).Dense(3);
    std::vector<Slots> inputs;
    for (int i = 0; i < 20; ++i) inputs.push_back(RandomVector(256, builder.random));
    const Graph exact = builder.graph;
    builder.graph = ScaleToRanges(exact, Ranges(exact, inputs)).graph;
    const auto approximations = ApproximateActivations(builder.graph, error);
    ASSERT_TRUE(approximations.ok()) << approximations.status().message();
    EXPECT_GT(Depth(builder.graph, *approximations), 15);
    ExpectPacked(builder, *approximations);
    // Within their errors the polynomials are the network.
    const Slots y = Evaluate(builder.graph, *approximations, inputs[0]).back(), z = Evaluate(exact, inputs[0]).back();
    for (size_t i = 0; i < y.size(); ++i) EXPECT_NEAR(y[i], z[i], 8 * error) << i;
  }
}

// Few slots, so that images, results and what is between them are several ciphertexts.
TEST(Packer, EmittedTextAndWeightsComputeTensorsOfSeveralCiphertexts) {
  std::mt19937_64 random(14);
  const auto size = [&](size_t least, size_t most) {
    return std::uniform_int_distribution<size_t>(least, most)(random);
  };
  size_t rows = 0, blocks = 0;
  for (uint64_t trial = 0; trial < 25; ++trial) {
    SCOPED_TRACE(trial);
    const size_t slots = size_t{1} << size(5, 7);  // pieces of whole channels, or of rows of one
    Builder builder({size(1, 6), size(1, 13), size(1, 13)}, trial);
    for (size_t layer = 0; layer < 3; ++layer) {
      const TensorShape shape = builder.shape();
      const size_t groups = size(0, 2) == 0 ? shape.channels : 1;
      const size_t stride = std::min({size(1, 2), shape.height, shape.width});
      builder.Convolve(groups == 1 ? size(1, 9) : groups * size(1, 2), size(1, 3), stride, size(0, 1), builder.last(),
                       groups);
      if (size(0, 1) == 0) builder.Square();
      const size_t shortcut = builder.last();
      if (size(0, 1) == 0) {
        builder.Convolve(builder.shape().channels, 1, 1, 0, shortcut).Binary(size(0, 1) == 0, shortcut, shortcut + 1);
      }
    }
    if (size(0, 1) == 0) builder.Dense(size(1, 200));
    ExpectPacked(builder, slots);
    const auto pieces = CutNetwork(builder.graph, slots);
    ASSERT_TRUE(pieces.ok()) << pieces.status().message();
    for (const NodePieces& node : *pieces) {
      rows += node.blocks.empty() ? 0 : node.pieces.size();
      blocks += node.blocks.size();
    }
  }
  EXPECT_GT(rows, 200u);
  EXPECT_GT(blocks, 2 * rows);
}

TEST(Packer, MnistLayersTakeTheDiagonalsOfTheHybridMethod) {
  Builder mlp({784}, 7);
  mlp.Dense(128).Square().Dense(128).Square().Dense(10);
  const Layouts layouts = ChooseLayouts(mlp.graph, CutNetwork(mlp.graph, 4096).value(), 4096);
  EXPECT_EQ(layouts.layers[1][0].indices.size(), 128u);
  EXPECT_THAT(layouts.layers[1][0].convolution.Ladder(), ElementsAre(512, 256, 128));
  EXPECT_EQ(layouts.layers[3][0].indices.size(), 128u);
  EXPECT_EQ(layouts.layers[5][0].indices.size(), 16u);
  EXPECT_EQ(layouts.layers[5][0].indices.back(), 15);

  // All channels of the output see one image: a diagonal for each place in the kernel.
  Builder image({1, 32, 32}, 8);
  image.Convolve(4, 5, 1, 2, 0).Square().Dense(10);
  const Layouts one = ChooseLayouts(image.graph, CutNetwork(image.graph, 4096).value(), 4096);
  EXPECT_EQ(one.layers[1][0].indices.size(), 25u);
}

TEST(Packer, TypesCarryTheLevels) {
  Builder builder({8}, 9);
  builder.Dense(4).Square().Dense(2);
  const auto model = PackNetwork(builder.graph, NoActivations(builder.graph), TestParameters(11, 4), 1024, "network");
  ASSERT_TRUE(model.ok()) << model.status().message();
  const std::regex typed(R"re(= (orion.linear_transform|ckks.rescale) .*?: \(?(!ct_\w+).*-> (!ct_\w+)\n)re");
  std::vector<std::string> steps;
  for (std::sregex_iterator it(model->mlir.begin(), model->mlir.end(), typed), end; it != end; ++it) {
    steps.push_back(fmt::format("{} {} {}", (*it)[1].str(), (*it)[2].str(), (*it)[3].str()));
  }
  EXPECT_THAT(steps, ElementsAre("orion.linear_transform !ct_L4_S30 !ct_L3_S30", "ckks.rescale !ct_L3_S60 !ct_L2_S30",
                                 "orion.linear_transform !ct_L2_S30 !ct_L1_S30"));
  // Every alias is defined before it is used.
  std::map<std::string, size_t> defined;
  const std::regex alias(R"re([!#]\w+(?![\w.]))re");
  std::istringstream lines(model->mlir);
  size_t number = 0;
  for (std::string line; std::getline(lines, line); ++number) {
    const size_t equals = line.find(" = ");
    const bool definition = line.starts_with("!") || line.starts_with("#");
    for (std::sregex_iterator
             it(line.begin() + static_cast<std::ptrdiff_t>(definition ? equals : 0), line.end(), alias),
         end;
         it != end; ++it) {
      EXPECT_TRUE(defined.contains((*it)[0])) << (*it)[0] << " in line " << number;
    }
    if (definition) {
      EXPECT_TRUE(defined.emplace(line.substr(0, equals), number).second) << line;
    }
  }
}

TEST(Packer, RefusesWhatCannotBePacked) {
  const auto message = [](const Graph& graph, int log_n, size_t levels) {
    const auto model =
        PackNetwork(graph, NoActivations(graph), TestParameters(log_n, levels), 1 << (log_n - 1), "network");
    EXPECT_FALSE(model.ok());
    if (model.ok()) return std::string();
    EXPECT_EQ(model.status().code(), ErrorCode::kInvalidArgument);
    return model.status().message();
  };
  EXPECT_THAT(message(Builder({8}, 1).Dense(4).Square().Square().graph, 10, 2), HasSubstr("takes 3 levels"));
  EXPECT_THAT(message(Builder({1, 1, 513}, 1).Convolve(1, 1, 1, 0, 0).graph, 10, 2),
              HasSubstr("node 'input': its rows of 513 numbers do not fit into the 512 slots"));
  Graph broken = Builder({4}, 1).Dense(4).graph;
  std::get<Convolution>(broken.nodes[1].operation).bias.pop_back();
  EXPECT_THAT(message(broken, 10, 2), HasSubstr("node 'conv1': 16 weights and 3 biases"));
}

TEST(Packer, RangesAndDepth) {
  Builder builder({4}, 10);
  builder.Dense(4).Square().Dense(2);
  EXPECT_EQ(Depth(builder.graph, NoActivations(builder.graph)), 3);
  std::vector<Slots> inputs;
  for (int i = 0; i < 5; ++i) inputs.push_back(RandomVector(4, builder.random));
  const std::vector<double> ranges = Ranges(builder.graph, inputs);
  double largest = 0;
  for (const Slots& input : inputs) {
    const std::vector<Slots> values = Evaluate(builder.graph, input);
    for (const double value : values[2]) largest = std::max(largest, std::abs(value));
  }
  EXPECT_EQ(ranges[2], largest);
}

TEST(ChooseParameters, SmallestRingThatIsSecure) {
  // The MNIST perceptron's: three digits of two limbs.
  const auto mlp = ChooseParameters({.levels = 5, .slots = 1024, .largest_output = 240});
  ASSERT_TRUE(mlp.ok()) << mlp.status().message();
  EXPECT_EQ(mlp->log_n(), 13);
  EXPECT_EQ(mlp->digit_size(), 2);
  EXPECT_EQ(mlp->literal().log_default_scale, 25);
  for (const ParameterNeeds& needs :
       {ParameterNeeds{1, 1, 1}, ParameterNeeds{5, 1024, 500}, ParameterNeeds{7, 4096, 64},
        ParameterNeeds{7, 8192, 1e4}, ParameterNeeds{20, 16384, 1e3}}) {
    const auto parameters = ChooseParameters(needs);
    ASSERT_TRUE(parameters.ok()) << parameters.status().message();
    EXPECT_TRUE(parameters->Is128BitSecure());
    EXPECT_EQ(parameters->max_level(), needs.levels);
    EXPECT_GE(static_cast<int64_t>(parameters->slots()), needs.slots);
    EXPECT_GE(parameters->literal().log_default_scale, kLeastScaleBits);
    // Primes are a little smaller than the power of two below which they lie.
    EXPECT_GT(static_cast<double>(parameters->modulus(0)) / (2 * parameters->default_scale()),
              0.99 * needs.largest_output);
  }
  EXPECT_THAT(ChooseParameters({.levels = 70}).status().message(), HasSubstr("70 levels"));
  EXPECT_THAT(ChooseParameters({.levels = 1, .slots = 1 << 16}).status().message(), HasSubstr("65536 slots"));
}

TEST(ChooseParameters, WithBootstraps) {
  for (const int levels : {9, 10, 11}) {
    const auto parameters = ChooseBootstrappedParameters({.levels = levels, .slots = 1 << 15, .largest_output = 100});
    ASSERT_TRUE(parameters.ok()) << parameters.status().message();
    EXPECT_EQ(parameters->max_level(), levels);
    EXPECT_EQ(parameters->literal().secret_weight, 192);
    // The circuit needs the rest of the bound.
    EXPECT_EQ(parameters->literal().log_default_scale, levels == 9 ? 40 : levels == 10 ? 37 : 34);
  }
  EXPECT_THAT(ChooseBootstrappedParameters({.levels = 20}).status().message(),
              HasSubstr("20 levels between bootstraps"));
  EXPECT_THAT(ChooseBootstrappedParameters({.levels = 9, .slots = 1 << 16}).status().message(),
              HasSubstr("65536 slots"));
}

}  // namespace
}  // namespace keymemrt::frontend
