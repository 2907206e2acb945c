// SPDX-License-Identifier: Apache-2.0
#include "runtime/plan/policy.h"

#include <algorithm>

#include "base/size.h"
#include "planner/memory.h"
#include "runtime/plan/trace.h"

namespace keymemrt::runtime {

namespace {

Policy EmptyPolicy(const planner::Trace& trace, Mode mode) {
  Policy policy;
  policy.mode = mode;
  for (const planner::KeyUse& use : trace.uses) policy.rules.push_back({.key = use.key, .chunks = use.chunks});
  return policy;
}

Prediction Predict(const planner::Trace& trace, const planner::ModeCost& cost, bool ring) {
  const uint64_t ring_bytes = ring && !trace.uses.empty() ? trace.ring_slots * trace.slot_bytes : 0;
  return {cost.peak_bytes, cost.peak_key_bytes + ring_bytes, cost.key_bytes_read};
}

Policy ResidentPolicy(const planner::Trace& trace) {
  Policy policy = EmptyPolicy(trace, Mode::kResident);
  policy.preload = true;
  for (UseRule& rule : policy.rules) rule.keep = trace.key_chunks[rule.key];
  policy.predicted = Predict(trace, planner::ResidentCost(trace), false);
  return policy;
}

// A key's uses from its loading to its dropping: neighbours in the order of uses (MakeTrace).
struct Lifetime {
  size_t begin, end;
  uint32_t chunks;  // the most that one of the uses needs
};

std::vector<Lifetime> Lifetimes(const planner::Trace& trace) {
  std::vector<Lifetime> lifetimes;
  for (size_t u = 0; u < trace.uses.size(); ++u) {
    if (u == 0 || trace.uses[u].opens_lifetime) lifetimes.push_back({u, u, 0});
    lifetimes.back().end = u + 1;
    lifetimes.back().chunks = std::max(lifetimes.back().chunks, trace.uses[u].chunks);
  }
  return lifetimes;
}

Policy ImperativePolicy(const planner::Trace& trace) {
  Policy policy = EmptyPolicy(trace, Mode::kImperative);
  // The first use of a lifetime loads what any of its uses needs, the last one drops it.
  for (const Lifetime& lifetime : Lifetimes(trace)) {
    for (size_t u = lifetime.begin; u < lifetime.end; ++u)
      policy.rules[u].load = policy.rules[u].keep = lifetime.chunks;
    policy.rules[lifetime.end - 1].keep = 0;
  }
  policy.predicted = Predict(trace, planner::ImperativeCost(trace), false);
  return policy;
}

// As imperative, but nothing is waited for as a whole: chunks are read in the order of their uses, up to the largest
// key ahead.
Policy PrefetchPolicy(const planner::Trace& trace) {
  Policy policy = EmptyPolicy(trace, Mode::kPrefetch);
  for (const Lifetime& lifetime : Lifetimes(trace)) {
    uint32_t there = 0;
    for (size_t u = lifetime.begin; u < lifetime.end; ++u) {
      UseRule& rule = policy.rules[u];
      rule.hit = std::min(there, rule.chunks);
      rule.keep = lifetime.chunks;
      there = std::max(there, rule.chunks);
    }
    policy.rules[lifetime.end - 1].keep = 0;
    policy.read_ahead = std::max(policy.read_ahead, lifetime.chunks);
  }
  // What is ahead of its use comes on top of the key in use, at any time.
  const uint64_t ahead = policy.read_ahead * trace.slot_bytes;
  policy.predicted = Predict(trace, planner::ImperativeCost(trace), false);
  policy.predicted.peak_bytes += ahead;
  policy.predicted.peak_key_bytes += ahead;
  return policy;
}

Policy StreamingPolicy(const planner::Trace& trace) {
  Policy policy = EmptyPolicy(trace, Mode::kStreaming);
  policy.read_ahead = ReadAheadSlots(trace.slot_bytes);
  policy.predicted = Predict(trace, planner::StreamingCost(trace), true);
  return policy;
}

Result<Policy> PlannedPolicy(const planner::Trace& trace, uint64_t budget_bytes) {
  KMRT_ASSIGN_OR_RETURN(planner::Plan plan, planner::SolveResidency(trace, budget_bytes));
  Policy policy = EmptyPolicy(trace, Mode::kPlanned);
  for (size_t u = 0; u < plan.steps.size(); ++u) {
    policy.rules[u].hit = plan.steps[u].hit;
    policy.rules[u].keep = plan.steps[u].keep;
    policy.rules[u].evictions_begin = plan.steps[u].evictions_begin;
    policy.rules[u].evictions_end = plan.steps[u].evictions_end;
  }
  policy.read_ahead = ReadAheadSlots(trace.slot_bytes);
  policy.predicted = Predict(trace, planner::PlannedCost(plan), true);
  policy.evictions = std::move(plan.evictions);
  return policy;
}

}  // namespace

const char* ModeName(Mode mode) {
  switch (mode) {
    case Mode::kPlanned:
      return "planned";
    case Mode::kStreaming:
      return "streaming";
    case Mode::kResident:
      return "resident";
    case Mode::kImperative:
      return "imperative";
    case Mode::kPrefetch:
      return "prefetch";
    case Mode::kColdStart:
      return "cold-start";
  }
  return "unknown";
}

Result<Mode> ParseMode(std::string_view name) {
  std::string names;
  for (const Mode mode : kModes) {
    if (name == ModeName(mode)) return mode;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", ModeName(mode));
  }
  return InvalidArgument("there is no mode '{}': one of {} expected", name, names);
}

Result<Policy> MakePolicy(const planner::Trace& trace, Mode mode, uint64_t budget_bytes) {
  KMRT_RETURN_IF_ERROR(planner::CheckTrace(trace));
  const uint64_t budget = budget_bytes == 0 ? kUnlimitedBudget : budget_bytes;
  Policy policy;
  switch (mode) {
    case Mode::kResident:
      policy = ResidentPolicy(trace);
      break;
    case Mode::kImperative:
      policy = ImperativePolicy(trace);
      break;
    case Mode::kPrefetch:
      policy = PrefetchPolicy(trace);
      break;
    case Mode::kStreaming:
      policy = StreamingPolicy(trace);
      break;
    case Mode::kPlanned:
    case Mode::kColdStart: {  // which keys stay does not depend on when they come
      KMRT_ASSIGN_OR_RETURN(policy, PlannedPolicy(trace, budget));
      policy.mode = mode;
      break;
    }
  }
  if (policy.predicted.peak_bytes > budget) {
    return Infeasible("mode '{}' needs {} ({} bytes) of memory, more than the budget of {}: allow that much{}",
                      ModeName(mode), FormatSize(policy.predicted.peak_bytes), policy.predicted.peak_bytes,
                      FormatSize(budget), mode == Mode::kStreaming ? "" : ", or take mode 'planned'");
  }
  // Another mode's peak may lie below what a plan would want to keep ready, so the bound is that of the larger of both.
  const uint64_t enough = std::max(budget, planner::LeastFeasibleBudget(trace).bytes);
  KMRT_ASSIGN_OR_RETURN(policy.key_bytes_read_lower_bound, planner::ReadLowerBound(trace, enough));
  KMRT_ASSIGN_OR_RETURN(const planner::LruResult lru, planner::SimulateLru(trace, enough));
  policy.key_bytes_read_lru = lru.bytes_read;
  return policy;
}

}  // namespace keymemrt::runtime
