// SPDX-License-Identifier: Apache-2.0
#include "planner/problem.h"

#include "base/size.h"

namespace keymemrt::planner {

LeastBudget LeastFeasibleBudget(const Trace& trace) {
  uint64_t slots = trace.prologue_slots;
  int64_t op = -1;
  for (const KeyUse& use : trace.uses) {
    if (use.other_slots + trace.ring_slots > slots) {
      slots = use.other_slots + trace.ring_slots;
      op = use.op;
    }
  }
  return {trace.fixed_bytes + slots * trace.slot_bytes, op};
}

Status CheckBudget(const Trace& trace, uint64_t budget_bytes) {
  KMRT_RETURN_IF_ERROR(CheckTrace(trace));
  const LeastBudget least = LeastFeasibleBudget(trace);
  if (budget_bytes >= least.bytes) return Status();
  const std::string where = least.op < 0 ? "" : fmt::format(", which operation {} needs", least.op);
  return Infeasible("a memory budget of {} bytes ({}) is infeasible; the least feasible one is {} bytes ({}){}",
                    budget_bytes, FormatSize(budget_bytes), least.bytes, FormatSize(least.bytes), where);
}

Reuses::Reuses(const Trace& trace)
    : trace_(trace), next_(trace.uses.size(), kNoUse), next_larger_(trace.uses.size(), kNoUse) {
  // Backwards, so that a use's followers are known; next_larger by skipping along the followers' own next_larger.
  std::vector<uint32_t> first(trace.key_chunks.size(), kNoUse);  // per key: its earliest use seen so far
  for (uint32_t u = static_cast<uint32_t>(trace.uses.size()); u-- > 0;) {
    const KeyUse& use = trace.uses[u];
    next_[u] = first[use.key];
    uint32_t larger = next_[u];
    while (larger != kNoUse && trace.uses[larger].chunks <= use.chunks) larger = next_larger_[larger];
    next_larger_[u] = larger;
    first[use.key] = u;
  }
}

}  // namespace keymemrt::planner
