// SPDX-License-Identifier: Apache-2.0
//
// What solver and bound share, private to planner/: capacities, and which chunk is used when again.
#pragma once

#include <cstdint>
#include <vector>

#include "planner/residency.h"

namespace keymemrt::planner {

inline constexpr uint32_t kNoUse = 0xffffffff;

// Slots for resident chunks during use `u`; negative: the budget is infeasible.
inline int64_t Capacity(const Trace& trace, uint64_t budget_bytes, size_t u) {
  const uint64_t free = budget_bytes < trace.fixed_bytes ? 0 : (budget_bytes - trace.fixed_bytes) / trace.slot_bytes;
  return static_cast<int64_t>(free) - static_cast<int64_t>(trace.uses[u].other_slots + trace.ring_slots);
}

// kInfeasible with the least feasible budget when `budget_bytes` is below it; CheckTrace's status.
Status CheckBudget(const Trace& trace, uint64_t budget_bytes);

// The next use of each chunk of a use.
class Reuses {
 public:
  explicit Reuses(const Trace& trace);

  // Calls f(next, count) for runs of the chunks 0..chunks-1 of use u, in ascending order: `count` of them have their
  // next use at `next`. Chunks that are not used again are left out. Over all u, O(uses) calls.
  template <typename F>
  void ForEach(uint32_t u, F f) const {
    const uint32_t chunks = trace_.uses[u].chunks;
    uint32_t done = 0;
    for (uint32_t e = next_[u]; e != kNoUse && done < chunks; e = next_larger_[e]) {
      const uint32_t reach = trace_.uses[e].chunks < chunks ? trace_.uses[e].chunks : chunks;
      f(e, reach - done);
      done = reach;
    }
  }

 private:
  const Trace& trace_;
  std::vector<uint32_t> next_;         // the same key's next use
  std::vector<uint32_t> next_larger_;  // the same key's next use of more chunks
};

}  // namespace keymemrt::planner
