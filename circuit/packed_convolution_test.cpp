// SPDX-License-Identifier: Apache-2.0
#include "circuit/packed_convolution.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>
#include <set>

namespace keymemrt::circuit {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}
  int32_t Size(int32_t low, int32_t high) { return std::uniform_int_distribution<int32_t>(low, high)(engine_); }
  double Value() { return std::uniform_real_distribution<double>(-1, 1)(engine_); }
  SlotLayout Layout(int32_t channels, int32_t height, int32_t width) {
    SlotLayout layout{channels, height, width};
    layout.gap = Size(1, 3);
    layout.lanes = Size(1, layout.gap * layout.gap);
    layout.pitch = width * layout.gap + Size(0, 2);
    SlotLayout grid = layout;
    grid.channels = layout.lanes;
    layout.block = grid.End() + Size(0, 5);
    layout.period = static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(layout.End()))) << Size(0, 1);
    return layout;
  }

 private:
  std::mt19937_64 engine_;
};

TEST(PackedConvolution, LayoutsPutEveryNumberIntoASlotOfItsOwn) {
  Random random(1);
  for (int trial = 0; trial < 200; ++trial) {
    const SlotLayout layout = random.Layout(random.Size(1, 12), random.Size(1, 6), random.Size(1, 6));
    ASSERT_TRUE(layout.Check().ok()) << layout.Check().message();
    std::set<int64_t> slots;
    for (int32_t c = 0; c < layout.channels; ++c) {
      for (int32_t y = 0; y < layout.height; ++y) {
        for (int32_t x = 0; x < layout.width; ++x) {
          const int64_t slot = layout.Slot(c, y, x);
          ASSERT_TRUE(slot >= 0 && slot < layout.End());
          slots.insert(slot);
        }
      }
    }
    EXPECT_EQ(slots.size(), static_cast<size_t>(layout.channels) * layout.height * layout.width);
    size_t found = 0;
    for (const SlotElement& element : Elements(layout)) found += element.channel >= 0;
    EXPECT_EQ(found, slots.size());
  }
}

TEST(PackedConvolution, LayoutsThatOverlapAreRefused) {
  const SlotLayout good{
      .channels = 8, .height = 4, .width = 4, .gap = 2, .lanes = 4, .pitch = 8, .block = 64, .period = 128};
  ASSERT_TRUE(good.Check().ok()) << good.Check().message();
  const auto message = [&](auto&& damage) {
    SlotLayout layout = good;
    damage(layout);
    return layout.Check().message();
  };
  EXPECT_THAT(message([](SlotLayout& l) { l.lanes = 5; }), HasSubstr("5 lanes in a gap of 2"));
  EXPECT_THAT(message([](SlotLayout& l) { l.pitch = 7; }), HasSubstr("in 7 slots"));
  EXPECT_THAT(message([](SlotLayout& l) { l.block = 63; }), HasSubstr("grids of 64 in 63"));
  EXPECT_THAT(message([](SlotLayout& l) { l.period = 64; }), HasSubstr("128 slots in a period of 64"));
  EXPECT_THAT(message([](SlotLayout& l) { l.period = 192; }), HasSubstr("a power of two"));
  EXPECT_THAT(message([](SlotLayout& l) { l.width = 0; }), HasSubstr("positive"));
  EXPECT_THAT(message([](SlotLayout& l) { l.height = INT32_MAX; }), HasSubstr("no ciphertext"));
}

// Rotations, products and the ladder on numbers, against the convolution's definition.
TEST(PackedConvolution, DiagonalsAreTheConvolution) {
  Random random(2);
  int laddered = 0, spread = 0;
  for (int trial = 0; trial < 300; ++trial) {
    PackedConvolution c;
    c.groups = random.Size(1, 3);
    const int32_t inputs = random.Size(1, 3);
    const int32_t outputs = random.Size(1, 3);
    const int32_t height = random.Size(1, 6), width = random.Size(1, 6);
    c.kernel_height = random.Size(1, 3);
    c.kernel_width = random.Size(1, 3);
    c.stride_y = random.Size(1, 2);
    c.stride_x = random.Size(1, 2);
    c.pad_top = random.Size(0, 6) - 2;
    c.pad_left = random.Size(0, 2) - random.Size(0, 2);
    c.input = random.Layout(c.groups * inputs, height, width);
    c.output = random.Layout(c.groups * outputs, random.Size(1, height), random.Size(1, width));
    ASSERT_TRUE(c.Check().ok()) << c.Check().message();
    laddered += !c.Ladder().empty();
    spread += c.output.period > c.input.period;

    std::vector<double> weights(static_cast<size_t>(c.weight_count()));
    for (double& weight : weights) weight = random.Size(0, 2) == 0 ? 0 : random.Value();
    const size_t slots = static_cast<size_t>(std::max(c.input.period, c.output.period)) << random.Size(0, 1);
    std::vector<double> x(slots), values(static_cast<size_t>(c.input.channels) * height * width);
    for (double& value : values) value = random.Value();
    const auto value = [&](int32_t channel, int32_t y, int32_t xx) {
      if (y < 0 || xx < 0 || y >= height || xx >= width) return 0.0;
      return values[static_cast<size_t>((channel * height + y) * width + xx)];
    };
    const std::vector<SlotElement> elements = Elements(c.input);
    for (size_t j = 0; j < slots; ++j) {
      const SlotElement& e = elements[j % elements.size()];
      // Where there is no number, anything may be.
      x[j] = e.channel < 0 ? 1e3 : value(e.channel, e.y, e.x);
    }

    const ConvolutionDiagonals diagonals(c);
    std::vector<double> z(slots), diagonal(static_cast<size_t>(diagonals.length()));
    const int64_t window = std::min(c.input.period, c.output.period);
    for (int64_t d : diagonals.Indices(weights)) {
      ASSERT_TRUE(d >= 0 && d < window);
      if (random.Size(0, 1) == 1) d -= window;  // any representative
      diagonals.Fill(d, weights, diagonal);
      for (size_t j = 0; j < slots; ++j) {
        z[j] += diagonal[j % diagonal.size()] * x[(j + static_cast<size_t>(d) + slots) % slots];
      }
    }
    for (const int64_t step : c.Ladder()) {
      std::vector<double> sum(slots);
      for (size_t j = 0; j < slots; ++j) sum[j] = z[j] + z[(j + static_cast<size_t>(step)) % slots];
      z = sum;
    }

    const std::vector<SlotElement> out = Elements(c.output);
    for (size_t j = 0; j < slots; ++j) {
      const SlotElement& e = out[j % out.size()];
      double expected = 0;
      for (int32_t i = 0; i < inputs && e.channel >= 0; ++i) {
        for (int32_t k = 0; k < c.kernel_height; ++k) {
          for (int32_t l = 0; l < c.kernel_width; ++l) {
            const size_t w = static_cast<size_t>(((e.channel * inputs + i) * c.kernel_height + k) * c.kernel_width + l);
            expected += weights[w] * value(e.channel / outputs * inputs + i, e.y * c.stride_y + k - c.pad_top,
                                           e.x * c.stride_x + l - c.pad_left);
          }
        }
      }
      ASSERT_NEAR(z[j], expected, 1e-9) << "trial " << trial << ", slot " << j;
    }
  }
  EXPECT_GT(laddered, 50);
  EXPECT_GT(spread, 30);
}

TEST(PackedConvolution, EveryIndexHasADiagonal) {
  Random random(3);
  for (int trial = 0; trial < 100; ++trial) {
    PackedConvolution c;
    c.kernel_height = c.kernel_width = 3;
    c.pad_top = c.pad_left = 1;
    c.input = random.Layout(random.Size(1, 4), 4, 4);
    c.output = random.Layout(random.Size(1, 4), 4, 4);
    std::vector<double> weights(static_cast<size_t>(c.weight_count()));
    weights[static_cast<size_t>(random.Size(0, static_cast<int32_t>(weights.size()) - 1))] = 1;
    const ConvolutionDiagonals diagonals(c);
    std::vector<double> diagonal(static_cast<size_t>(diagonals.length()));
    for (const int64_t d : diagonals.Indices(weights)) {
      diagonals.Fill(d, weights, diagonal);
      EXPECT_THAT(diagonal, ::testing::Contains(1.0)) << "trial " << trial << ", diagonal " << d;
    }
  }
}

TEST(PackedConvolution, DenseLayersAreTheHybridMethod) {
  PackedConvolution c;
  c.input = {.channels = 784, .period = 1024};
  c.output = {.channels = 128, .period = 128};
  ASSERT_TRUE(c.Check().ok()) << c.Check().message();
  const std::vector<double> weights(784 * 128, 1.0);
  EXPECT_EQ(ConvolutionDiagonals(c).Indices(weights).size(), 128u);
  EXPECT_THAT(c.Ladder(), ElementsAre(512, 256, 128));
}

TEST(PackedConvolution, WeightsOfZeroLeaveOneDiagonal) {
  PackedConvolution c;
  c.input = {.channels = 4, .period = 4};
  c.output = {.channels = 4, .period = 4};
  EXPECT_THAT(ConvolutionDiagonals(c).Indices(std::vector<double>(16)), ElementsAre(0));
}

TEST(PackedConvolution, DamagedDescriptionsAreRefused) {
  PackedConvolution good;
  good.input = {.channels = 4, .height = 2, .width = 2, .pitch = 2, .block = 4, .period = 16};
  good.output = {.channels = 2, .period = 2};
  good.kernel_height = good.kernel_width = 2;
  ASSERT_TRUE(good.Check().ok());
  const auto refused = [&](auto&& damage) {
    PackedConvolution c = good;
    damage(c);
    return !c.Check().ok();
  };
  EXPECT_TRUE(refused([](PackedConvolution& c) { c.groups = 0; }));
  EXPECT_TRUE(refused([](PackedConvolution& c) { c.groups = 4; }));
  EXPECT_TRUE(refused([](PackedConvolution& c) { c.stride_x = 0; }));
  EXPECT_TRUE(refused([](PackedConvolution& c) { c.stride_x = INT32_MAX; }));
  EXPECT_TRUE(refused([](PackedConvolution& c) { c.pad_left = INT32_MIN; }));
  EXPECT_TRUE(refused([](PackedConvolution& c) { c.pad_left = INT32_MAX; }));
  EXPECT_TRUE(refused([](PackedConvolution& c) { c.kernel_width = INT32_MAX; }));
  EXPECT_TRUE(refused([](PackedConvolution& c) { c.input.period = 8; }));
  EXPECT_TRUE(refused([](PackedConvolution& c) { c.output.block = 0; }));
}

}  // namespace
}  // namespace keymemrt::circuit
