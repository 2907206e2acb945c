// SPDX-License-Identifier: Apache-2.0
//
// SolveResidency: see residency.h for why this is optimal and where the certificate comes from.
//
// State: held[e], the number of resident chunks whose next use is e. All of them belong to the key of use e, so "the
// chunks whose next use is farthest" is the largest e with held[e] > 0, found by a heap whose stale entries are
// skipped. Keys of one cost have a heap of their own.
#include <algorithm>
#include <map>
#include <queue>

#include "planner/problem.h"

namespace keymemrt::planner {

namespace {

class Solver {
 public:
  Solver(const Trace& trace, uint64_t budget_bytes)
      : trace_(trace),
        budget_(budget_bytes),
        reuses_(trace),
        held_(trace.uses.size(), 0),
        resident_(trace.key_chunks.size(), 0),
        kind_(trace.key_chunks.size(), 0),
        kinds_(1) {
    if (trace.key_costs.empty()) return;
    std::map<double, uint32_t> kinds;
    for (const double cost : trace.key_costs) kinds.emplace(cost, 0);
    kinds_.resize(kinds.size());
    uint32_t next = 0;
    for (auto& [cost, kind] : kinds) {
      kind = next++;
      kinds_[kind].cost = cost;
    }
    for (size_t key = 0; key < kind_.size(); ++key) kind_[key] = kinds.at(trace.key_costs[key]);
  }

  Plan Run() {
    peak_slots_ = trace_.prologue_slots;
    plan_.steps.reserve(trace_.uses.size());
    for (uint32_t u = 0; u < trace_.uses.size(); ++u) PlanUse(u);
    plan_.bytes_read = plan_.chunks_read * trace_.slot_bytes;
    plan_.peak_bytes = trace_.fixed_bytes + peak_slots_ * trace_.slot_bytes;
    plan_.peak_key_bytes = peak_key_slots_ * trace_.slot_bytes;
    FindCuts();
    return std::move(plan_);
  }

 private:
  // Where chunks were dropped, and the soonest next use among those dropped there.
  struct Drop {
    uint32_t point;
    uint32_t next_use;
  };

  // Keys of one cost, and when chunks of them that are resident are used next: the last on top.
  struct Kind {
    double cost = 1;
    std::priority_queue<uint32_t> farthest;
  };

  void PlanUse(uint32_t u) {
    const KeyUse& use = trace_.uses[u];
    const uint64_t capacity = static_cast<uint64_t>(Capacity(trace_, budget_, u));
    Step step;
    step.evictions_begin = static_cast<uint32_t>(plan_.evictions.size());

    DropDownTo(capacity, 2 * u, kNoUse);
    // Every resident chunk that the use needs has its next use here, and no other chunk does.
    const uint32_t resident_before = resident_[use.key];
    step.hit = held_[u];
    plan_.chunks_read += use.chunks - step.hit;
    resident_[use.key] -= held_[u];
    load_ -= held_[u];
    held_[u] = 0;

    reuses_.ForEach(u, [&](uint32_t next, uint32_t count) {
      if (held_[next] == 0) kinds_[kind_[use.key]].farthest.push(next);
      held_[next] += count;
      resident_[use.key] += count;
      load_ += count;
    });
    DropDownTo(capacity, 2 * u + 1, use.key);
    step.keep = resident_[use.key];
    step.evictions_end = static_cast<uint32_t>(plan_.evictions.size());
    plan_.steps.push_back(step);

    const uint64_t keys = load_ - step.keep + std::max(resident_before, step.keep);
    peak_key_slots_ = std::max(peak_key_slots_, keys);
    peak_slots_ = std::max(peak_slots_, keys + use.other_slots + trace_.ring_slots);
  }

  // When the chunks are used next that are worth least at use u, per use until then. Of one kind these are the ones
  // used last. REQUIRES: some are resident.
  uint32_t LeastWorth(uint32_t u) {
    uint32_t least = kNoUse;
    double worth = 0;
    for (Kind& kind : kinds_) {
      while (!kind.farthest.empty() && held_[kind.farthest.top()] == 0) kind.farthest.pop();
      if (kind.farthest.empty()) continue;
      const uint32_t next = kind.farthest.top();
      const double here = kind.cost / (next - u + 1.0);
      if (least != kNoUse && here >= worth) continue;
      least = next;
      worth = here;
    }
    return least;
  }

  // Drops those worth least until at most `capacity` chunks are resident. Chunks of `own` are not kept after the use;
  // others are evicted before it.
  void DropDownTo(uint64_t capacity, uint32_t point, uint32_t own) {
    if (load_ <= capacity) return;
    uint32_t next_use = kNoUse;
    while (load_ > capacity) {
      next_use = LeastWorth(point / 2);
      const uint32_t key = trace_.uses[next_use].key;
      const uint32_t count = static_cast<uint32_t>(std::min<uint64_t>(load_ - capacity, held_[next_use]));
      held_[next_use] -= count;
      resident_[key] -= count;
      load_ -= count;
      if (key != own) plan_.evictions.push_back({key, count});
    }
    drops_.push_back({point, next_use});
  }

  // From the end: the last point where chunks were dropped is a cut; so is the last one before it where a chunk was
  // dropped that is not used beyond that cut, and so on. Every dropped interval then covers a cut, every kept one at
  // most one, and at a cut the kept ones fill the capacity; hence the bound is met.
  void FindCuts() {
    for (size_t i = drops_.size(); i-- > 0;) {
      if (plan_.cuts.empty() || 2 * uint64_t{drops_[i].next_use} < plan_.cuts.back())
        plan_.cuts.push_back(drops_[i].point);
    }
    std::reverse(plan_.cuts.begin(), plan_.cuts.end());
  }

  const Trace& trace_;
  const uint64_t budget_;
  const Reuses reuses_;
  std::vector<uint32_t> held_;
  std::vector<uint32_t> resident_;  // per key
  uint64_t load_ = 0;               // chunks resident
  std::vector<uint32_t> kind_;      // per key
  std::vector<Kind> kinds_;
  std::vector<Drop> drops_;
  uint64_t peak_slots_ = 0;
  uint64_t peak_key_slots_ = 0;
  Plan plan_;
};

}  // namespace

Result<Plan> SolveResidency(const Trace& trace, uint64_t budget_bytes) {
  KMRT_RETURN_IF_ERROR(CheckBudget(trace, budget_bytes));
  return Solver(trace, budget_bytes).Run();
}

}  // namespace keymemrt::planner
