// SPDX-License-Identifier: Apache-2.0
#include "planner/trace.h"

#include <algorithm>
#include <numeric>

namespace keymemrt::planner {

Status CheckTrace(const Trace& trace) {
  constexpr uint64_t kMost = uint64_t{1} << 62;
  if (trace.slot_bytes == 0) return InvalidArgument("the trace's slots have no bytes");
  if (trace.uses.size() >= uint64_t{1} << 31) return InvalidArgument("{} key uses are too many", trace.uses.size());
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
