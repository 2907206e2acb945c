// SPDX-License-Identifier: Apache-2.0
#include "frontend/packing/diagonals.h"

#include <algorithm>
#include <bit>
#include <cassert>

namespace keymemrt::frontend {

void PeriodicVector::Fill(std::span<double> out) const {
  assert(out.size() % period.size() == 0);
  for (size_t begin = 0; begin < out.size(); begin += period.size()) {
    std::copy(period.begin(), period.end(), out.begin() + static_cast<std::ptrdiff_t>(begin));
  }
}

size_t Period(size_t count) {
  return std::bit_ceil(count);
}

PackedDense PackDense(const Dense& layer, size_t input_period) {
  assert(std::has_single_bit(input_period) && layer.columns <= input_period);
  const size_t rows = Period(layer.rows);
  PackedDense packed;
  packed.output_period = rows;
  for (size_t index = 0; index < std::min(rows, input_period); ++index) {
    PeriodicVector diagonal{std::vector<double>(std::max(rows, input_period))};
    bool zero = true;
    for (size_t slot = 0; slot < diagonal.period.size(); ++slot) {
      const size_t row = slot % rows;
      const size_t column = (slot + index) % input_period;
      if (row >= layer.rows || column >= layer.columns) continue;
      diagonal.period[slot] = layer.weights[row * layer.columns + column];
      zero = zero && diagonal.period[slot] == 0;
    }
    if (zero) continue;
    packed.indices.push_back(static_cast<int32_t>(index));
    packed.diagonals.push_back(std::move(diagonal));
  }
  if (packed.indices.empty()) {  // W = 0: a transform without diagonals would be no program
    packed.indices.push_back(0);
    packed.diagonals.push_back({{0.0}});
  }
  for (size_t step = input_period / 2; step >= rows; step /= 2) packed.ladder.push_back(static_cast<int64_t>(step));
  packed.bias.period = layer.bias;
  packed.bias.period.resize(rows);
  return packed;
}

}  // namespace keymemrt::frontend
