// SPDX-License-Identifier: Apache-2.0
#include "planner/trace.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace keymemrt::planner {

Status CheckTrace(const Trace& trace) {
  constexpr uint64_t kMost = uint64_t{1} << 62;
  if (trace.slot_bytes == 0) return InvalidArgument("the trace's slots have no bytes");
  if (trace.uses.size() >= uint64_t{1} << 31) return InvalidArgument("{} key uses are too many", trace.uses.size());
  if (!trace.key_costs.empty() && trace.key_costs.size() != trace.key_chunks.size()) {
    return InvalidArgument("costs of {} keys of {}", trace.key_costs.size(), trace.key_chunks.size());
  }
  for (size_t key = 0; key < trace.key_costs.size(); ++key) {
    const double cost = trace.key_costs[key];
    if (!(cost > 0) || !std::isfinite(cost)) return InvalidArgument("key {}: a chunk costs {}", key, cost);
  }
  uint64_t other = trace.prologue_slots;
  for (size_t i = 0; i < trace.uses.size(); ++i) {
    const KeyUse& use = trace.uses[i];
    if (use.key >= trace.key_chunks.size()) {
      return InvalidArgument("use {}: key {} of {}", i, use.key, trace.key_chunks.size());
    }
    if (use.chunks == 0 || use.chunks > trace.key_chunks[use.key]) {
      return InvalidArgument("use {}: {} chunks of key {}, which has {}", i, use.chunks, use.key,
                             trace.key_chunks[use.key]);
    }
    other = std::max(other, use.other_slots);
  }
  const uint64_t keys = std::accumulate(trace.key_chunks.begin(), trace.key_chunks.end(), uint64_t{0});
  if (trace.fixed_bytes >= kMost || other >= kMost || trace.ring_slots >= kMost ||
      keys + other + trace.ring_slots >= (kMost - trace.fixed_bytes) / trace.slot_bytes) {
    return InvalidArgument("the trace's sizes are too large to be true");
  }
  return Status();
}

void SetOtherSlots(const std::vector<uint64_t>& slots_by_op, Trace& trace) {
  const auto most = [&](size_t begin, size_t end) {
    uint64_t slots = 0;
    for (size_t i = begin; i < end; ++i) slots = std::max(slots, slots_by_op[i]);
    return slots;
  };
  const size_t ops = slots_by_op.size();
  trace.prologue_slots = std::max(trace.prologue_slots, most(0, trace.uses.empty() ? ops : trace.uses[0].op));
  for (size_t u = 0; u < trace.uses.size(); ++u) {
    const size_t begin = trace.uses[u].op, end = u + 1 < trace.uses.size() ? trace.uses[u + 1].op : ops;
    trace.uses[u].other_slots = most(begin, std::max(begin + 1, end));
  }
}

uint64_t ChunksUsed(const Trace& trace) {
  uint64_t chunks = 0;
  for (const KeyUse& use : trace.uses) chunks += use.chunks;
  return chunks;
}

uint64_t DistinctChunksUsed(const Trace& trace) {
  std::vector<uint32_t> most(trace.key_chunks.size(), 0);
  for (const KeyUse& use : trace.uses) most[use.key] = std::max(most[use.key], use.chunks);
  return std::accumulate(most.begin(), most.end(), uint64_t{0});
}

}  // namespace keymemrt::planner
