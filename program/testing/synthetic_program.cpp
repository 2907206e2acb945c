// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <random>

#include "program/testing/builder.h"

namespace keymemrt::program {

Program SyntheticProgram(int log_n, int spare_levels) {
  constexpr int kLayers = 8, kBabies = 8, kGiants = 17, kColumns = 256;
  ProgramBuilder builder(TestParameters(log_n, kLayers + spare_levels, 4), "synthetic");
  std::mt19937_64 random(1);
  uint32_t x = builder.Input("x", kColumns, kColumns);
  for (int layer = 0; layer < kLayers; ++layer) {
    // Two sets of keys take turns, so every key is needed again, and not before all the others.
    const int32_t set = layer % 2 == 0 ? 0 : 200;
    const int32_t level = builder.value(x).level;
    const double q = static_cast<double>(builder.parameters().modulus(level));
    const double scale = q * builder.parameters().default_scale() / builder.value(x).scale;
    const uint32_t digits = builder.Decompose(x);
    std::vector<uint32_t> babies;
    for (int32_t b = 1; b <= kBabies; ++b) babies.push_back(builder.RotateHoisted(x, digits, set + b));
    uint32_t sum = kNone;
    for (int32_t g = 1; g <= kGiants; ++g) {
      std::vector<double> row(kColumns);
      // Of such a size that a layer's outputs are about as large as its inputs.
      const double largest = std::sqrt(3.0 / kGiants);
      for (double& w : row) w = (std::ldexp(static_cast<double>(random() >> 11), -52) - 1) * largest;
      const uint32_t plain = builder.EncodeConstant(builder.Constant(std::move(row)), 0, level, scale);
      const uint32_t term = builder.Rotate(builder.MulPlain(babies[static_cast<size_t>(g % kBabies)], plain),
                                           set + 10 + g * (kBabies + 1));
      sum = sum == kNone ? term : builder.Add(sum, term);
    }
    x = builder.Rescale(sum);
  }
  builder.Output("y", x, kColumns);
  return builder.Finish();
}

}  // namespace keymemrt::program
