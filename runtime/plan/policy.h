// SPDX-License-Identifier: Apache-2.0
//
// Modes. All run on one engine; they differ in what is loaded ahead of a use of a key and in what stays after it, and
// that is what a policy says, use by use. A policy decides how much is read and how much memory is taken, never what is
// computed.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "planner/residency.h"
#include "program/program.h"
#include "scheme/parameters.h"

namespace keymemrt::runtime {

enum class Mode : uint8_t { kPlanned, kStreaming, kResident, kImperative, kPrefetch, kColdStart };
inline constexpr Mode kModes[] = {Mode::kPlanned,    Mode::kStreaming, Mode::kResident,
                                  Mode::kImperative, Mode::kPrefetch,  Mode::kColdStart};
const char* ModeName(Mode mode);  // "planned"
// kInvalidArgument lists the modes that there are.
Result<Mode> ParseMode(std::string_view name);

// Around one use of one key; counts are prefixes of the key's chunks.
struct UseRule {
  uint32_t key = 0;
  uint32_t chunks = 0;                              // needed
  uint32_t hit = 0;                                 // of them, there already
  uint32_t load = 0;                                // loaded as a whole when the use begins
  uint32_t keep = 0;                                // stay after the use
  uint32_t evictions_begin = 0, evictions_end = 0;  // given up before the use: Policy::evictions
};

// Around the encoding of a row whose plaintext is kept for a while (runtime/plan/plaintexts.h).
struct PlaintextRule {
  uint32_t plaintext = program::kNone;
  bool found = false;  // its coefficients are there from an earlier row
  bool keep = false;   // and stay after the operation
};

// What goes before an operation beside what UseRule says.
struct Release {
  uint32_t op = 0;
  uint32_t evictions_begin = 0, evictions_end = 0;  // of keys, where the operation uses none: Policy::evictions
  uint32_t gone_begin = 0, gone_end = 0;            // Policy::plaintexts_gone
};

struct Prediction {
  uint64_t peak_bytes = 0;      // of the process
  uint64_t peak_key_bytes = 0;  // of key chunks, those passing through included
  uint64_t key_bytes_read = 0;
  uint64_t plaintexts_kept = 0;       // rows whose plaintext is there
  uint64_t peak_kept_plaintexts = 0;  // bytes of those that are kept
};

struct Policy {
  Mode mode = Mode::kPlanned;
  bool preload = false;        // every key as a whole before the first operation
  uint32_t read_ahead = 0;     // at most so many chunks are read ahead of their uses
  std::vector<UseRule> rules;  // one per use, in order
  std::vector<planner::Eviction> evictions;
  std::vector<PlaintextRule> plaintexts;  // by row (runtime/plan/rows.h); empty: none is kept
  std::vector<uint32_t> plaintext_slots;  // by plaintext: of its coefficients
  std::vector<uint32_t> plaintexts_gone;
  std::vector<Release> releases;  // by operation
  Prediction predicted;
  uint64_t key_bytes_read_lower_bound = 0;  // no plan within the budget reads less
  uint64_t key_bytes_read_lru = 0;          // for comparison: planner::SimulateLru within it
};

// So many of the reads ahead are asked for at once.
constexpr uint32_t ReadsAtOnce(uint32_t read_ahead) {
  return std::clamp<uint32_t>(read_ahead / 4, 1, 8);
}

// More than any run can take, small enough for the planner's sums.
inline constexpr uint64_t kUnlimitedBudget = uint64_t{1} << 60;

// Keys alone: PlanRun (runtime/plan/plaintexts.h) keeps plaintexts too. `trace`: as MakeTrace makes it. `budget_bytes`:
// of the whole process; 0: as much as it takes. kInfeasible when the mode cannot keep it: the message holds the least
// budget with which it can.
Result<Policy> MakePolicy(const planner::Trace& trace, Mode mode, uint64_t budget_bytes);

}  // namespace keymemrt::runtime
