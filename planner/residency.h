// SPDX-License-Identifier: Apache-2.0
//
// Residency: which chunks of which keys stay in memory between their uses, so that as few bytes as possible are read
// within a memory budget. Problem (trace.h and a budget), solver, solution checker and lower bound are apart.
//
// The problem. During use u, and until the next one, at most
//     capacity(u) = floor((budget - fixed_bytes) / slot_bytes) - other_slots(u) - ring_slots
// chunks may be resident. A use finds a chunk (a hit) or reads it; what it has read may stay or pass through the ring
// and be forgotten (bypass). Before a use chunks may be given up.
//
// As packing. Keeping a chunk from a use a to its next use b is an interval that covers the points 2a+1 .. 2b, where
// point 2u is the beginning of use u (what is resident must fit beside the use) and 2u+1 its end (what stays must fit
// too). It saves one read. So the plan that reads least keeps the largest set of intervals of which no more than
// capacity(u) cover point 2u or 2u+1. Walking through the points and dropping, where too many cover one, those that end
// last, is optimal whatever the capacities: the dropped interval covers every later point that a kept one covers. This
// is Belady's MIN
// ("A study of replacement algorithms", 1966) with bypass and a capacity that varies. Of one key, the chunk with the
// higher index is never used sooner, so what stays of a key is a prefix.
//
// Certificate. For any set T of points (*cuts*), an interval that covers none of T is kept at best, and of those that
// cover point t at most capacity(t) are; so no plan saves more reads than
//     sum over t in T of capacity(t) + number of intervals that cover no t in T.
// The solver returns a T with which this equals what its plan saves. Whoever doubts the plan evaluates the bound, in a
// few lines, and need not understand the solver.
//
// Costs. Where keys differ in what a missing chunk costs (trace.h), the plan that is best has the intervals of the
// largest sum of costs, and dropping those that end last is best only among chunks of one cost. So of each cost the one
// that ends last is looked at, and of these that one is dropped which saves least per use that it would still be kept
// for. That is no optimum: docs/planner.md says how far from it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "planner/trace.h"

namespace keymemrt::planner {

// A key gives up its last `chunks` resident chunks.
struct Eviction {
  uint32_t key = 0;
  uint32_t chunks = 0;
};

// What happens around one use.
struct Step {
  uint32_t evictions_begin = 0;  // before the use: plan.evictions[evictions_begin, evictions_end)
  uint32_t evictions_end = 0;
  uint32_t hit = 0;   // of the chunks that the use needs, how many are resident then: a prefix; the others are read
  uint32_t keep = 0;  // how many of the key's chunks, a prefix, are resident after the use
};

struct Plan {
  std::vector<Step> steps;  // one per use
  std::vector<Eviction> evictions;
  uint64_t chunks_read = 0;
  uint64_t bytes_read = 0;
  uint64_t peak_bytes = 0;      // of the whole process; at most the budget
  uint64_t peak_key_bytes = 0;  // of resident chunks, the ring not counted
  std::vector<uint32_t> cuts;   // of the certificate: points, ascending
};

// The least budget that any plan keeps, and what sets it.
struct LeastBudget {
  uint64_t bytes = 0;
  int64_t op =
      -1;  // the operation of the use that needs it; -1: what runs before the first use, or nothing but the floor
};
LeastBudget LeastFeasibleBudget(const Trace& trace);

// The plan that reads fewest bytes within `budget_bytes`; no plan reads fewer. O((uses + evictions) (log uses +
// costs)). With key_costs: a plan whose misses cost little. kInfeasible: the message holds the least feasible budget.
// kInvalidArgument: CheckTrace.
Result<Plan> SolveResidency(const Trace& trace, uint64_t budget_bytes);

// Goes through the plan step by step, knowing nothing of how it was made: every chunk given up was resident, every hit
// is, nothing stays that was not there or read, memory is within the budget, and the plan's figures are right. kFailed
// names the step.
Status CheckPlan(const Trace& trace, const Plan& plan, uint64_t budget_bytes);

// Bytes that every plan within the budget reads at least, proved by `cuts` (any points; none: every distinct chunk
// once). REQUIRES: the budget is feasible.
uint64_t ReadLowerBound(const Trace& trace, uint64_t budget_bytes, std::span<const uint32_t> cuts);
// The best such bound: what SolveResidency reads.
Result<uint64_t> ReadLowerBound(const Trace& trace, uint64_t budget_bytes);

// For comparison: what a cache of whole keys (at the level of their use) reads that evicts the least recently used one.
// A key that does not fit beside the use is read and forgotten.
struct LruResult {
  uint64_t uses_missed = 0;
  uint64_t chunks_read = 0;
  uint64_t bytes_read = 0;
};
Result<LruResult> SimulateLru(const Trace& trace, uint64_t budget_bytes);

}  // namespace keymemrt::planner
