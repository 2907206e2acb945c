// SPDX-License-Identifier: Apache-2.0
//
// Where a run gets its cleartext arguments from, row by row: they stay where they are stored until they are encoded.
#pragma once

#include <cstdint>
#include <span>

#include "base/status.h"

namespace keymemrt::runtime {

class WeightSource {
 public:
  virtual ~WeightSource() = default;
  // Fills `out`, which is as long as the weight has columns, with row `row` of the program's weights[weight]. Called
  // from several threads when several runs share the source.
  virtual Status Row(uint32_t weight, uint32_t row, std::span<double> out) = 0;
};

}  // namespace keymemrt::runtime
