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

struct Prediction {
  uint64_t peak_bytes = 0;      // of the process
  uint64_t peak_key_bytes = 0;  // of key chunks, those passing through included
  uint64_t key_bytes_read = 0;
};

struct Policy {
  Mode mode = Mode::kPlanned;
  bool preload = false;        // every key as a whole before the first operation
  uint32_t read_ahead = 0;     // at most so many chunks are read ahead of their uses
  std::vector<UseRule> rules;  // one per use, in order
  std::vector<planner::Eviction> evictions;
  Prediction predicted;
  uint64_t key_bytes_read_lower_bound = 0;  // no plan within the budget reads less
  uint64_t key_bytes_read_lru = 0;          // for comparison: planner::SimulateLru within it
};

// So many of the reads ahead are asked for at once.
constexpr uint32_t ReadsAtOnce(uint32_t read_ahead) {
  return std::clamp<uint32_t>(read_ahead / 4, 1, 8);
}

// `trace`: as MakeTrace makes it. `budget_bytes`: of the whole process; 0: as much as it takes. kInfeasible when the
// mode cannot keep it: the message holds the least budget with which it can.
Result<Policy> MakePolicy(const planner::Trace& trace, Mode mode, uint64_t budget_bytes);

}  // namespace keymemrt::runtime
