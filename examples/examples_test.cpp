// SPDX-License-Identifier: Apache-2.0
//
// The examples' own files: the networks and the drawn digits.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "frontend/network/fuse.h"
#include "frontend/onnx/onnx_reader.h"
#include "frontend/packing/packer.h"
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
  const auto layouts = ChooseLayouts(FuseLinear(*graph), 8192);
  ASSERT_TRUE(layouts.ok()) << layouts.status().message();
  EXPECT_LE(layouts->rotations, 150);
  EXPECT_LE(layouts->diagonals, 600);
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

}  // namespace
}  // namespace keymemrt::frontend
