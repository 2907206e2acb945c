// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <random>

#include "program/testing/builder.h"

namespace keymemrt::program {

namespace {

constexpr int kRow = 32;         // slots from one row of the image to the next
constexpr int kSlots = 1024;     // of one channel
constexpr int kMaskPeriod = 32;  // of the rows of weights

class Network {
 public:
  explicit Network(int log_n) : builder_(TestParameters(log_n, 6, 2), "lenet") {}

  Program Build() {
    std::vector<uint32_t> channels = {builder_.Input("image", kSlots, kSlots)};
    for (const auto& [count, stride] : {std::pair{4, 1}, {8, 2}}) {
      channels = Convolution(channels, count, stride);
      for (uint32_t& channel : channels) {
        channel = builder_.Rescale(builder_.Relinearize(builder_.Mul(channel, channel)));
        // Pooling: the sum of a square of four.
        channel = builder_.Add(channel, builder_.Rotate(channel, stride));
        channel = builder_.Add(channel, builder_.Rotate(channel, stride * kRow));
      }
    }
    builder_.Output("logits", Dense(channels), 16);
    return builder_.Finish();
  }

 private:
  // A row of weights of such a size that a sum of `count` products is about as large as one factor, at the scale that a
  // rescale undoes.
  uint32_t Weights(uint32_t operand, int count) {
    std::vector<double> row(kMaskPeriod);
    for (double& w : row) w = (std::ldexp(static_cast<double>(random_() >> 11), -52) - 1) * std::sqrt(3.0 / count);
    const Value& value = builder_.value(operand);
    const double q = static_cast<double>(builder_.parameters().modulus(value.level));
    return builder_.EncodeConstant(builder_.Constant(std::move(row)), 0, value.level,
                                   q * builder_.parameters().default_scale() / value.scale);
  }
  uint32_t Sum(uint32_t sum, uint32_t term) { return sum == kNone ? term : builder_.Add(sum, term); }

  // 5 x 5 taps, of slots `stride` apart: one hoisted rotation a tap and input, shared by all outputs.
  std::vector<uint32_t> Convolution(const std::vector<uint32_t>& inputs, int outputs, int stride) {
    std::vector<uint32_t> sums(static_cast<size_t>(outputs), kNone);
    for (const uint32_t input : inputs) {
      const uint32_t digits = builder_.Decompose(input);
      for (int y = -2; y <= 2; ++y) {
        for (int x = -2; x <= 2; ++x) {
          const int shift = stride * (y * kRow + x);
          const uint32_t moved = shift == 0 ? input : builder_.RotateHoisted(input, digits, shift);
          for (uint32_t& sum : sums) {
            sum = Sum(sum, builder_.MulPlain(moved, Weights(moved, 25 * static_cast<int>(inputs.size()))));
          }
        }
      }
    }
    for (uint32_t& sum : sums) sum = builder_.Rescale(sum);
    return sums;
  }

  // Every output is a sum over all slots of all channels.
  uint32_t Dense(const std::vector<uint32_t>& channels) {
    uint32_t sum = kNone;
    for (const uint32_t channel : channels) {
      sum = Sum(sum, builder_.MulPlain(channel, Weights(channel, kSlots / 16 * static_cast<int>(channels.size()))));
    }
    sum = builder_.Rescale(sum);
    for (int shift = 16; shift < kSlots; shift *= 2) sum = builder_.Add(sum, builder_.Rotate(sum, shift));
    return sum;
  }

  ProgramBuilder builder_;
  std::mt19937_64 random_{2};
};

}  // namespace

Program CnnProgram(int log_n) {
  return Network(log_n).Build();
}

}  // namespace keymemrt::program
