// SPDX-License-Identifier: Apache-2.0
//
// CheckPlan and ReadLowerBound: both sides of a plan's proof, sharing nothing with the solver but the problem.
#include <algorithm>

#include "planner/problem.h"

namespace keymemrt::planner {

Status CheckPlan(const Trace& trace, const Plan& plan, uint64_t budget_bytes) {
  KMRT_RETURN_IF_ERROR(CheckBudget(trace, budget_bytes));
  if (plan.steps.size() != trace.uses.size()) {
    return Failed("the plan has {} steps for {} uses", plan.steps.size(), trace.uses.size());
  }
  std::vector<uint32_t> resident(trace.key_chunks.size(), 0);
  uint64_t load = 0, chunks_read = 0, evictions = 0, peak_keys = 0, peak_slots = trace.prologue_slots;
  for (size_t u = 0; u < trace.uses.size(); ++u) {
    const KeyUse& use = trace.uses[u];
    const Step& step = plan.steps[u];
    if (step.evictions_begin != evictions || step.evictions_end < evictions ||
        step.evictions_end > plan.evictions.size()) {
      return Failed("step {}: evictions [{}, {}) do not follow the step before", u, step.evictions_begin,
                    step.evictions_end);
    }
    for (; evictions < step.evictions_end; ++evictions) {
      const Eviction& eviction = plan.evictions[evictions];
      if (eviction.key >= resident.size() || eviction.chunks > resident[eviction.key]) {
        return Failed("step {}: gives up {} chunks of key {}, which has fewer", u, eviction.chunks, eviction.key);
      }
      resident[eviction.key] -= eviction.chunks;
      load -= eviction.chunks;
    }
    const uint32_t before = resident[use.key];
    if (step.hit != std::min(before, use.chunks)) {
      return Failed("step {}: {} chunks hit, {} are resident", u, step.hit, before);
    }
    if (step.keep > std::max(before, use.chunks)) {
      return Failed("step {}: keeps {} chunks of {} resident and {} used", u, step.keep, before, use.chunks);
    }
    chunks_read += use.chunks - step.hit;
    const uint64_t keys = load - before + std::max(before, step.keep);
    if (static_cast<int64_t>(keys) > Capacity(trace, budget_bytes, u)) {
      return Failed("step {}: {} chunks are resident, {} fit", u, keys, Capacity(trace, budget_bytes, u));
    }
    peak_keys = std::max(peak_keys, keys);
    peak_slots = std::max(peak_slots, keys + use.other_slots + trace.ring_slots);
    load = load - before + step.keep;
    resident[use.key] = step.keep;
  }
  if (evictions != plan.evictions.size()) return Failed("the plan has evictions of no step");
  if (plan.chunks_read != chunks_read || plan.bytes_read != chunks_read * trace.slot_bytes) {
    return Failed("the plan reads {} chunks and says {} ({} bytes)", chunks_read, plan.chunks_read, plan.bytes_read);
  }
  const uint64_t peak = trace.fixed_bytes + peak_slots * trace.slot_bytes;
  if (plan.peak_bytes != peak || plan.peak_key_bytes != peak_keys * trace.slot_bytes) {
    return Failed("the plan's peak is {} bytes, it says {}", peak, plan.peak_bytes);
  }
  return Status();
}

uint64_t ReadLowerBound(const Trace& trace, uint64_t budget_bytes, std::span<const uint32_t> cuts) {
  std::vector<uint32_t> points(cuts.begin(), cuts.end());
  std::sort(points.begin(), points.end());
  points.erase(std::unique(points.begin(), points.end()), points.end());
  while (!points.empty() && points.back() / 2 >= trace.uses.size()) points.pop_back();

  uint64_t saved = 0;
  for (uint32_t point : points) saved += static_cast<uint64_t>(Capacity(trace, budget_bytes, point / 2));
  const Reuses reuses(trace);
  size_t cut = 0;  // the first cut at or after point 2u+1
  for (uint32_t u = 0; u < trace.uses.size(); ++u) {
    while (cut < points.size() && points[cut] < 2 * u + 1) ++cut;
    reuses.ForEach(u, [&](uint32_t next, uint32_t count) {
      if (cut == points.size() || points[cut] > 2 * next) saved += count;
    });
  }
  const uint64_t used = ChunksUsed(trace);
  return std::max(used - std::min(used, saved), DistinctChunksUsed(trace)) * trace.slot_bytes;
}

Result<uint64_t> ReadLowerBound(const Trace& trace, uint64_t budget_bytes) {
  KMRT_ASSIGN_OR_RETURN(const Plan plan, SolveResidency(trace, budget_bytes));
  return ReadLowerBound(trace, budget_bytes, plan.cuts);
}

}  // namespace keymemrt::planner
