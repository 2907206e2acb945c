// SPDX-License-Identifier: Apache-2.0
//
// The memory model: what a run takes in each mode, of the whole process, and what it reads. The same trace describes
// the program to the planner and to the executor's accounts, so prediction and run can be compared byte by byte.
#pragma once

#include <cstdint>

#include "planner/residency.h"

namespace keymemrt::planner {

struct ModeCost {
  uint64_t peak_bytes = 0;      // of the process: fixed bytes and slots of every class
  uint64_t peak_key_bytes = 0;  // of key chunks; those passing through the ring are not counted
  uint64_t key_bytes_read = 0;
};

// Every key as a whole from before the first use to the end.
ModeCost ResidentCost(const Trace& trace);
// Each key's lifetime: loaded when it opens, with as many chunks as its uses need at most, dropped after its last use.
ModeCost ImperativeCost(const Trace& trace);
// Nothing stays: every chunk of every use passes through the ring.
ModeCost StreamingCost(const Trace& trace);
// By the plan.
ModeCost PlannedCost(const Plan& plan);

}  // namespace keymemrt::planner
