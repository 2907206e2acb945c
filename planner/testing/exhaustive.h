// SPDX-License-Identifier: Apache-2.0
//
// The optimum of a small residency problem by going through every state: all subsets of chunks, prefix or not, before
// and after every use. Shares nothing with the solver.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include "planner/trace.h"

namespace keymemrt::planner {

// The fewest chunk reads of any policy, with costs the least sum of theirs, of a trace whose keys have at most 16
// chunks together and whose costs are whole numbers. REQUIRES: feasible.
inline uint64_t ExhaustiveReads(const Trace& trace, uint64_t budget_bytes) {
  std::vector<uint32_t> base;  // of each key's chunks among the bits of a state
  uint32_t bits = 0;
  for (uint32_t chunks : trace.key_chunks) {
    base.push_back(bits);
    bits += chunks;
  }
  constexpr uint64_t kUnreachable = uint64_t{1} << 60;
  const uint32_t states = uint32_t{1} << bits;
  std::vector<uint64_t> reads(states, kUnreachable), next(states);  // per set of resident chunks: fewest reads so far
  reads[0] = 0;
  const uint64_t slots = (budget_bytes - trace.fixed_bytes) / trace.slot_bytes;
  for (const KeyUse& use : trace.uses) {
    const uint32_t needed = ((uint32_t{1} << use.chunks) - 1) << base[use.key];
    const uint64_t each = trace.key_costs.empty() ? 1 : static_cast<uint64_t>(trace.key_costs[use.key]);
    const uint64_t capacity = slots - use.other_slots - trace.ring_slots;
    // Give chunks up: from a set to all its subsets, one chunk at a time.
    for (uint32_t bit = 0; bit < bits; ++bit) {
      for (uint32_t s = 0; s < states; ++s) {
        if (s >> bit & 1) reads[s ^ uint32_t{1} << bit] = std::min(reads[s ^ uint32_t{1} << bit], reads[s]);
      }
    }
    // Read what is missing; keep any part of it that fits beside what is there during the use.
    std::fill(next.begin(), next.end(), kUnreachable);
    for (uint32_t s = 0; s < states; ++s) {
      if (reads[s] == kUnreachable || static_cast<uint64_t>(std::popcount(s)) > capacity) continue;
      const uint32_t missing = needed & ~s;
      const uint64_t cost = reads[s] + each * static_cast<uint64_t>(std::popcount(missing));
      for (uint32_t kept = missing;; kept = (kept - 1) & missing) {
        if (static_cast<uint64_t>(std::popcount(s | kept)) <= capacity) next[s | kept] = std::min(next[s | kept], cost);
        if (kept == 0) break;
      }
    }
    std::swap(reads, next);
  }
  return *std::min_element(reads.begin(), reads.end());
}

}  // namespace keymemrt::planner
