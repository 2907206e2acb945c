// SPDX-License-Identifier: Apache-2.0
//
// The example's own files: the network, the drawn digits, the parameters.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "examples/mnist-mlp/parameters.h"
#include "frontend/packing/packer.h"
#include "frontend/tensors/npy.h"

namespace keymemrt::examples {
namespace {

using ::testing::HasSubstr;

std::string Path(const std::string& name) {
  return std::string(KMRT_EXAMPLE_DIR) + "/" + name;
}

struct Digits {
  size_t count = 0;
  std::vector<double> pixels;  // count x 784, 0..255
  std::vector<double> labels;
};

void ReadDigits(Digits& digits) {
  const auto images = frontend::ReadNpy(Path("digits.npy"));
  const auto labels = frontend::ReadNpy(Path("digit_labels.npy"));
  ASSERT_TRUE(images.ok()) << images.status().message();
  ASSERT_TRUE(labels.ok()) << labels.status().message();
  ASSERT_EQ(images->type, frontend::ElementType::kUint8);
  ASSERT_EQ(images->shape, (frontend::Shape{12, 28, 28}));
  ASSERT_EQ(labels->shape, frontend::Shape{12});
  digits = {12, images->values, labels->values};
}

TEST(MnistMlp, ClassifiesTheDrawnDigits) {
  const auto layers = frontend::ReadNetwork(KMRT_EXAMPLE_DIR);
  ASSERT_TRUE(layers.ok()) << layers.status().message();
  Digits digits;
  ASSERT_NO_FATAL_FAILURE(ReadDigits(digits));
  for (size_t i = 0; i < digits.count; ++i) {
    std::vector<double> input(digits.pixels.begin() + static_cast<std::ptrdiff_t>(i * 784),
                              digits.pixels.begin() + static_cast<std::ptrdiff_t>((i + 1) * 784));
    for (double& pixel : input) pixel /= 255;
    const std::vector<double> logits = frontend::Evaluate(*layers, input);
    ASSERT_EQ(logits.size(), 10u);
    const auto answer = std::max_element(logits.begin(), logits.end()) - logits.begin();
    EXPECT_EQ(answer, digits.labels[i]) << "digit " << i;
    // What the parameters leave room for.
    for (const double logit : logits) EXPECT_LT(std::abs(logit), 233) << "digit " << i;
  }
}

TEST(MnistMlp, DrawnDigitsAreCentredByMass) {
  Digits digits;
  ASSERT_NO_FATAL_FAILURE(ReadDigits(digits));
  for (size_t i = 0; i < digits.count; ++i) {
    double mass = 0, x = 0, y = 0;
    for (size_t p = 0; p < 784; ++p) {
      const double value = digits.pixels[i * 784 + p];
      mass += value;
      x += value * (static_cast<double>(p % 28) + 0.5);
      y += value * (static_cast<double>(p / 28) + 0.5);
    }
    EXPECT_NEAR(x / mass, 14, 0.1) << "digit " << i;
    EXPECT_NEAR(y / mass, 14, 0.1) << "digit " << i;
  }
}

TEST(MnistMlp, ParametersAreSecureAndWideEnough) {
  const auto parameters = MnistMlpParameters();
  ASSERT_TRUE(parameters.ok()) << parameters.status().message();
  EXPECT_TRUE(parameters->Is128BitSecure());
  EXPECT_EQ(parameters->max_level(), 5);
  EXPECT_EQ(parameters->digit_size(), 2);
  EXPECT_GT(static_cast<double>(parameters->modulus(0)) / (2 * parameters->default_scale()), 233);
}

TEST(MnistMlp, Packs) {
  const auto layers = frontend::ReadNetwork(KMRT_EXAMPLE_DIR);
  ASSERT_TRUE(layers.ok()) << layers.status().message();
  const auto parameters = MnistMlpParameters();
  ASSERT_TRUE(parameters.ok()) << parameters.status().message();
  const auto model = frontend::PackNetwork(*layers, *parameters, "mnist_mlp");
  ASSERT_TRUE(model.ok()) << model.status().message();
  std::vector<std::string> shapes;
  for (const frontend::PackedArray& array : model->arrays) {
    shapes.push_back(fmt::format("{} {}", array.name, array.rows.size()));
  }
  EXPECT_THAT(shapes, ::testing::ElementsAre("fc1.weights 128", "fc1.bias 1", "fc2.weights 128", "fc2.bias 1",
                                             "fc3.weights 16", "fc3.bias 1"));
  EXPECT_THAT(model->mlir, HasSubstr("kmrt.length = 784 : i64, kmrt.period = 1024 : i64"));
  EXPECT_THAT(model->mlir, HasSubstr("-> (!ct_L0_S25 {kmrt.length = 10 : i64})"));
}

}  // namespace
}  // namespace keymemrt::examples
