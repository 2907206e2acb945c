// SPDX-License-Identifier: Apache-2.0
//
// The examples' own files: the networks and the drawn digits.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "frontend/network/fuse.h"
#include "frontend/network/units.h"
#include "frontend/onnx/onnx_reader.h"
#include "frontend/packing/choose_parameters.h"
#include "frontend/packing/packer.h"
#include "frontend/packing/test_interpreter.h"
#include "frontend/tensors/npy.h"

namespace keymemrt::frontend {
namespace {

std::string Path(const std::string& name) {
  return std::string(KMRT_EXAMPLES) + "/" + name;
}

struct Digits {
  std::vector<std::vector<double>> images;  // 784 pixels from 0 to 1 each
  std::vector<double> labels;
};

void ReadDigits(Digits& digits) {
  const auto images = ReadNpy(Path("mnist-mlp/digits.npy"));
  const auto labels = ReadNpy(Path("mnist-mlp/digit_labels.npy"));
  ASSERT_TRUE(images.ok()) << images.status().message();
  ASSERT_TRUE(labels.ok()) << labels.status().message();
  ASSERT_EQ(images->type, ElementType::kUint8);
  ASSERT_EQ(images->shape, (Shape{12, 28, 28}));
  ASSERT_EQ(labels->shape, Shape{12});
  for (size_t i = 0; i < 12; ++i) {
    digits.images.emplace_back(784);
    for (size_t p = 0; p < 784; ++p) digits.images[i][p] = images->values[i * 784 + p] / 255;
  }
  digits.labels = labels->values;
}

class MnistExample : public ::testing::TestWithParam<const char*> {};

TEST_P(MnistExample, ClassifiesTheDrawnDigits) {
  const auto graph = ReadOnnx(Path(GetParam()));
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  const Graph fused = FuseLinear(*graph);
  Digits digits;
  ASSERT_NO_FATAL_FAILURE(ReadDigits(digits));
  for (size_t i = 0; i < digits.images.size(); ++i) {
    const std::vector<double> logits = Evaluate(fused, digits.images[i]).back();
    ASSERT_EQ(logits.size(), 10u);
    const auto answer = std::max_element(logits.begin(), logits.end()) - logits.begin();
    EXPECT_EQ(answer, digits.labels[i]) << "digit " << i;
  }
}

TEST_P(MnistExample, FitsIntoFewDiagonals) {
  const auto graph = ReadOnnx(Path(GetParam()));
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  const Graph fused = FuseLinear(*graph);
  const Layouts layouts = ChooseLayouts(fused, CutNetwork(fused, 8192).value(), 8192);
  EXPECT_LE(layouts.rotations, 150);
  EXPECT_LE(layouts.diagonals, 600);
}

INSTANTIATE_TEST_SUITE_P(Networks, MnistExample, ::testing::Values("mnist-mlp/model.onnx", "mnist-cnn/model.onnx"),
                         [](const auto& info) { return std::string(info.param).find("mlp") == 6 ? "Mlp" : "Cnn"; });

TEST(Digits, AreCentredByMass) {
  Digits digits;
  ASSERT_NO_FATAL_FAILURE(ReadDigits(digits));
  for (size_t i = 0; i < digits.images.size(); ++i) {
    double mass = 0, x = 0, y = 0;
    for (size_t p = 0; p < 784; ++p) {
      const double value = digits.images[i][p];
      mass += value;
      x += value * (static_cast<double>(p % 28) + 0.5);
      y += value * (static_cast<double>(p / 28) + 0.5);
    }
    EXPECT_NEAR(x / mass, 14, 0.1) << "digit " << i;
    EXPECT_NEAR(y / mass, 14, 0.1) << "digit " << i;
  }
}

// ANT-ACE's ResNet-20, packed: with ReLU as it is, the emitted text and weights give the published logits.
TEST(ResNet20, PackedItGivesThePublishedLogits) {
  const std::string data = KMRT_SHARED_DATA;
  if (!std::filesystem::exists(data)) GTEST_SKIP() << data << " is not there";
  const std::string folder = data + "/models/cifar10-resnet20-ace-onnx/";
  const auto read = ReadOnnx(folder + "resnet20_cifar10_pre.onnx");
  ASSERT_TRUE(read.ok()) << read.status().message();
  const auto pixels = ReadNpy(data + "/cifar10/test100_images_u8.npy");
  const auto logits = ReadNpy(folder + "expected_logits_test100.npy");
  ASSERT_TRUE(pixels.ok()) << pixels.status().message();
  ASSERT_TRUE(logits.ok()) << logits.status().message();
  std::vector<std::vector<double>> inputs(1, std::vector<double>(3072));
  for (size_t i = 0; i < 3072; ++i) {
    const double mean[] = {0.485, 0.456, 0.406}, deviation[] = {0.229, 0.224, 0.225};
    inputs[0][i] = (pixels->values[i % 1024 * 3 + i / 1024] / 255 - mean[i / 1024]) / deviation[i / 1024];
  }
  const Graph graph = FuseLinear(*read);
  const Graph scaled = ScaleToRanges(graph, Ranges(graph, inputs)).graph;
  const auto approximations = ApproximateActivations(scaled, 0x1p-5);  // not used but for their place in the text
  ASSERT_TRUE(approximations.ok()) << approximations.status().message();
  const auto parameters = ChooseBootstrappedParameters({.levels = 9, .slots = 16384});
  ASSERT_TRUE(parameters.ok()) << parameters.status().message();
  const auto model = PackNetwork(scaled, *approximations, *parameters, 16384, "resnet20");
  ASSERT_TRUE(model.ok()) << model.status().message();

  const std::string path = fmt::format("{}/{}-resnet20.npz", ::testing::TempDir(), getpid());
  ASSERT_TRUE(WriteNpz(path, model->arrays).ok());
  const auto weights = WeightFile::Open(path);
  ASSERT_TRUE(weights.ok()) << weights.status().message();
  std::filesystem::remove(path);  // what is open stays readable
  std::vector<Activation> exact;
  for (const Node& node : scaled.nodes) {
    if (const auto* activation = std::get_if<Activation>(&node.operation)) exact.push_back(*activation);
  }
  EXPECT_EQ(exact.size(), 19u);
  Slots y = TextInterpreter(**weights, {FillPeriodically(inputs[0], 4096, 16384)}, exact).Run(model->mlir).at(0);
  y.resize(10);
  const Slots expected(logits->values.begin(), logits->values.begin() + 10);
  EXPECT_THAT(y, ::testing::Pointwise(::testing::DoubleNear(1e-4), expected));
}

}  // namespace
}  // namespace keymemrt::frontend
