// SPDX-License-Identifier: Apache-2.0
#include "runtime/executor/read_order.h"

#include <algorithm>

namespace keymemrt::runtime {

std::optional<ReadOrder::Item> ReadOrder::Next() {
  for (; use_ < policy_.rules.size(); ++use_, position_ = 0) {
    const UseRule& rule = policy_.rules[use_];
    const std::vector<uint32_t>& order = OrderOf(parameters_(rule.key), rule.chunks);
    while (position_ < order.size()) {
      const uint32_t chunk = order[position_++];
      if (chunk >= rule.hit) return Item{use_, rule.key, chunk};
    }
  }
  return std::nullopt;
}

void ReadOrder::SkipTo(size_t use) {
  if (use <= use_) return;
  use_ = use;
  position_ = 0;
}

const std::vector<uint32_t>& ReadOrder::OrderOf(const scheme::Parameters& parameters, uint32_t chunks) {
  std::vector<uint32_t>& order = orders_[{&parameters, chunks}];
  if (!order.empty() || chunks == 0) return order;
  int level = 0;
  while (level < parameters.max_level() && static_cast<uint32_t>(parameters.ChunkCount(level)) < chunks) ++level;
  std::vector<int> limbs;
  for (int limb = parameters.q_count(); limb < parameters.limb_count(); ++limb) limbs.push_back(limb);
  for (int limb = 0; limb <= level; ++limb) limbs.push_back(limb);
  // Threads take a limb each, side by side.
  const size_t width = static_cast<size_t>(threads_);
  for (size_t first = 0; first < limbs.size(); first += width) {
    for (int digit = 0; digit < parameters.DigitCount(level); ++digit) {
      for (size_t i = first; i < std::min(first + width, limbs.size()); ++i) {
        order.push_back(static_cast<uint32_t>(parameters.ChunkIndex(digit, limbs[i])));
      }
    }
  }
  return order;
}

}  // namespace keymemrt::runtime
