// SPDX-License-Identifier: Apache-2.0
#include "planner/memory.h"

#include <algorithm>
#include <numeric>

namespace keymemrt::planner {

namespace {

uint64_t MostOther(const Trace& trace) {
  uint64_t most = trace.prologue_slots;
  for (const KeyUse& use : trace.uses) most = std::max(most, use.other_slots);
  return most;
}

}  // namespace

ModeCost ResidentCost(const Trace& trace) {
  const uint64_t keys = std::accumulate(trace.key_chunks.begin(), trace.key_chunks.end(), uint64_t{0});
  return {trace.fixed_bytes + (keys + MostOther(trace)) * trace.slot_bytes, keys * trace.slot_bytes,
          keys * trace.slot_bytes};
}

ModeCost ImperativeCost(const Trace& trace) {
  // Backwards: a lifetime's last use and its most chunks are known when its first use is reached. change[u] is what the
  // keys' slots grow by at the start of use u.
  struct Open {
    size_t end = 0;  // one past the last use; 0: no lifetime is open
    uint32_t chunks = 0;
  };
  std::vector<Open> open(trace.key_chunks.size());
  std::vector<int64_t> change(trace.uses.size() + 1, 0);
  uint64_t read = 0;
  const auto close = [&](Open& lifetime, size_t first) {
    change[first] += lifetime.chunks;
    change[lifetime.end] -= lifetime.chunks;
    read += lifetime.chunks;
    lifetime = {};
  };
  std::vector<size_t> earliest(trace.key_chunks.size(), 0);
  for (size_t u = trace.uses.size(); u-- > 0;) {
    const KeyUse& use = trace.uses[u];
    Open& lifetime = open[use.key];
    if (lifetime.end == 0) lifetime.end = u + 1;
    lifetime.chunks = std::max(lifetime.chunks, use.chunks);
    earliest[use.key] = u;
    if (use.opens_lifetime) close(lifetime, u);
  }
  for (size_t key = 0; key < open.size(); ++key) {
    if (open[key].end != 0) close(open[key], earliest[key]);  // a first use opens a lifetime whatever it says
  }

  uint64_t peak = trace.prologue_slots, peak_keys = 0;
  int64_t keys = 0;
  for (size_t u = 0; u < trace.uses.size(); ++u) {
    keys += change[u];
    peak_keys = std::max(peak_keys, static_cast<uint64_t>(keys));
    peak = std::max(peak, static_cast<uint64_t>(keys) + trace.uses[u].other_slots);
  }
  return {trace.fixed_bytes + peak * trace.slot_bytes, peak_keys * trace.slot_bytes, read * trace.slot_bytes};
}

ModeCost StreamingCost(const Trace& trace) {
  return {LeastFeasibleBudget(trace).bytes, 0, ChunksUsed(trace) * trace.slot_bytes};
}

ModeCost PlannedCost(const Plan& plan) {
  return {plan.peak_bytes, plan.peak_key_bytes, plan.bytes_read};
}

}  // namespace keymemrt::planner
