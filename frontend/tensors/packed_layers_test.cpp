// SPDX-License-Identifier: Apache-2.0
#include "frontend/tensors/packed_layers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "frontend/tensors/test_files.h"

namespace keymemrt::frontend {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A 3 x 3 convolution of 2 channels into 4, with a stride that leaves a gap.
struct Layer {
  Layer() {
    convolution.input = {.channels = 2, .height = 4, .width = 4, .pitch = 4, .block = 16, .period = 32};
    convolution.output = {
        .channels = 4, .height = 2, .width = 2, .gap = 2, .lanes = 4, .pitch = 4, .block = 16, .period = 16};
    convolution.kernel_height = convolution.kernel_width = 3;
    convolution.stride_y = convolution.stride_x = 2;
    convolution.pad_top = convolution.pad_left = 1;
    std::mt19937_64 random(1);
    for (int i = 0; i < 72; ++i) weights.push_back(std::uniform_real_distribution<double>(-1, 1)(random));
    bias = {1, 2, 3, 4};
    diagonals = circuit::ConvolutionDiagonals(convolution).Indices(weights);
  }
  std::vector<NpzArray> Arrays() const { return Arrays({"a"}, bias); }
  std::vector<NpzArray> Arrays(const BlockName& name, std::vector<double> its_bias) const {
    return PackedBlockArrays(name, convolution, weights, std::move(its_bias), diagonals, 64);
  }

  circuit::PackedConvolution convolution;
  std::vector<double> weights, bias;
  std::vector<int64_t> diagonals;
};

NpzArray Array(const std::string& name, Shape shape, std::vector<double> values) {
  return {name, std::move(shape), [values](uint64_t row, std::span<double> out) {
            std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(row * out.size()), out.size(), out.begin());
            return Status();
          }};
}

TEST(PackedLayers, ShowAsDiagonalsAndABias) {
  const TemporaryDirectory directory;
  const Layer layer;
  std::vector<NpzArray> arrays = layer.Arrays();
  arrays.push_back(Array("other", {2}, {5, 6}));
  ASSERT_TRUE(WriteNpz(directory / "w.npz", arrays).ok());
  const auto file = WeightFile::Open(directory / "w.npz");
  ASSERT_TRUE(file.ok()) << file.status().message();
  EXPECT_THAT((*file)->Names(), ElementsAre("a.bias", "a.weights", "other"));
  EXPECT_EQ((*file)->ArrayShape("a.weights").value(), (Shape{layer.diagonals.size(), 64}));
  const circuit::ConvolutionDiagonals expected(layer.convolution);
  std::vector<double> row(64), diagonal(32);
  for (size_t i = 0; i < layer.diagonals.size(); ++i) {
    ASSERT_TRUE((*file)->ReadRow("a.weights", i, row).ok());
    expected.Fill(layer.diagonals[i], layer.weights, diagonal);
    for (size_t j = 0; j < 64; ++j) ASSERT_EQ(row[j], diagonal[j % 32]) << i << ", " << j;
  }
  ASSERT_TRUE((*file)->ReadRow("a.bias", 0, row).ok());
  for (size_t j = 0; j < 64; ++j) {
    // Two rows of two pixels, 2 apart; the four channels fill the gaps.
    EXPECT_EQ(row[j], 1 + j % 2 + 2 * (j / 4 % 2)) << j;
  }
}

TEST(PackedLayers, BlocksHaveNamesOfTheirOwn) {
  const TemporaryDirectory directory;
  const Layer layer;
  std::vector<NpzArray> arrays = layer.Arrays();
  for (NpzArray& array : layer.Arrays({"a", 0, 1}, {})) arrays.push_back(std::move(array));
  for (NpzArray& array : layer.Arrays({"a", 1, 1}, {5, 6, 7, 8})) arrays.push_back(std::move(array));
  ASSERT_TRUE(WriteNpz(directory / "w.npz", arrays).ok());
  const auto file = WeightFile::Open(directory / "w.npz");
  ASSERT_TRUE(file.ok()) << file.status().message();
  EXPECT_THAT((*file)->Names(), ElementsAre("a.bias", "a.bias.1.1", "a.weights", "a.weights.0.1", "a.weights.1.1"));
  std::vector<double> row(64);
  ASSERT_TRUE((*file)->ReadRow("a.bias.1.1", 0, row).ok());
  EXPECT_EQ(row[0], 5);
}

TEST(PackedLayers, DamageIsNamed) {
  const TemporaryDirectory directory;
  const Layer layer;
  const auto message = [&](const std::function<void(std::vector<NpzArray>&)>& damage) {
    std::vector<NpzArray> arrays = layer.Arrays();
    damage(arrays);
    EXPECT_TRUE(WriteNpz(directory / "w.npz", arrays).ok());
    const auto file = WeightFile::Open(directory / "w.npz");
    EXPECT_TRUE(file.ok());
    const auto shape = (*file)->ArrayShape("a.weights");
    EXPECT_FALSE(shape.ok());
    EXPECT_EQ(shape.status().code(), ErrorCode::kCorrupt);
    EXPECT_FALSE((*file)->ArrayShape("a.bias").ok());
    return shape.status().message();
  };
  const auto layout = [&](size_t index, double value) {
    return message([&](std::vector<NpzArray>& arrays) {
      std::vector<double> numbers(24);
      ASSERT_TRUE(arrays[1].fill(0, numbers).ok());
      numbers[index] = value;
      arrays[1] = Array("a.convolution.layout", {24}, numbers);
    });
  };
  EXPECT_THAT(layout(0, 63), HasSubstr("w.npz: a.convolution.layout: 63 slots: a power of two"));
  EXPECT_THAT(layout(0, 16), HasSubstr("periods of 32 and 16 in 16 slots"));
  EXPECT_THAT(layout(1, 0.5), HasSubstr("whole numbers expected, found 0.5"));
  EXPECT_THAT(layout(1, 1e300), HasSubstr("whole numbers expected"));
  EXPECT_THAT(layout(3, -4), HasSubstr("positive numbers"));
  EXPECT_THAT(layout(17, 3), HasSubstr("groups that divide"));
  EXPECT_THAT(layout(18, 4), HasSubstr("a.convolution.weights: its shape is [4, 18], the layout wants [4, 24]"));
  EXPECT_THAT(message([](auto& a) {
                a[2] = Array("a.convolution.diagonals", {2}, {0, 64});
              }),
              HasSubstr("rotations below 64"));
  EXPECT_THAT(message([](auto& a) {
                a[2] = Array("a.convolution.diagonals", {1, 2}, {0, 1});
              }),
              HasSubstr("its shape is [1, 2]"));
  EXPECT_THAT(message([](auto& a) {
                a[3] = Array("a.convolution.bias", {3}, {1, 2, 3});
              }),
              HasSubstr("3 numbers for 4 outputs"));
  EXPECT_THAT(message([](auto& a) { a.erase(a.begin()); }), HasSubstr("a.convolution.weights: it is missing"));
}

}  // namespace
}  // namespace keymemrt::frontend
