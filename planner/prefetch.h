// SPDX-License-Identifier: Apache-2.0
//
// When to begin reading each chunk: as late as possible, and early enough that a run waits no longer than it must.
//
// All chunks take the channels equally long, so reading them in the order of their deadlines, the turns at which they
// are used, is optimal (Jackson's rule): if any order meets all deadlines, this one does, and otherwise no order has a
// smaller largest delay, which is what the run waits in all. Starts are then moved back, from the last chunk to the
// first, as far as deadlines and channels allow; so as few chunks as possible lie in memory ahead of their turn.
#pragma once

#include <cstdint>
#include <vector>

#include "planner/timing.h"

namespace keymemrt::planner {

struct PrefetchSchedule {
  // By chunk read, in order of use: when its reading begins, from the beginning of the run; ascending on each channel,
  // chunk i on channel i modulo `channels`.
  std::vector<double> starts;
  std::vector<double> turns;  // when it is used, waiting included
  double stall_seconds = 0;   // no schedule of the same reads waits less, however much memory it has
  uint32_t ahead = 0;         // chunks being read or waiting for their turn at the same time, at most
};

// Of a run's reads on so many devices alike, with memory for as many chunks as it takes; what is loaded before the run
// is not part of it. Latencies lie before the starts. O(chunks read).
PrefetchSchedule ScheduleReads(const TimedRun& run, const Channel& channel, int channels, int processors);

}  // namespace keymemrt::planner
