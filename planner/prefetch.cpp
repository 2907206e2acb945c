// SPDX-License-Identifier: Apache-2.0
#include "planner/prefetch.h"

#include <algorithm>

namespace keymemrt::planner {

PrefetchSchedule ScheduleReads(const TimedRun& run, const Channel& channel, int channels, int processors) {
  const double service = ReadSeconds(channel, static_cast<double>(run.chunk_bytes));
  const size_t devices = static_cast<size_t>(std::max(channels, 1));
  PrefetchSchedule schedule;
  // Forwards: when each is used at the earliest, everything being read without a pause.
  ForEachTurn(run, channel, processors, [&](double turn) {
    const double ready = static_cast<double>(schedule.turns.size() / devices + 1) * service;
    schedule.stall_seconds = std::max(schedule.stall_seconds, ready - turn);
    schedule.turns.push_back(turn + schedule.stall_seconds);
  });
  // Backwards: as late as the turn and the channel's next chunk allow.
  const size_t count = schedule.turns.size();
  schedule.starts.resize(count);
  for (size_t i = count; i-- > 0;) {
    const double next = i + devices < count ? schedule.starts[i + devices] : schedule.turns[i];
    schedule.starts[i] = std::min(schedule.turns[i], next) - service;
  }
  // At the start of each, those started and not used yet. Starts ascend as turns do.
  size_t used = 0;
  for (size_t i = 0; i < count; ++i) {
    while (used < i && schedule.turns[used] <= schedule.starts[i]) ++used;
    schedule.ahead = std::max(schedule.ahead, static_cast<uint32_t>(i + 1 - used));
  }
  return schedule;
}

}  // namespace keymemrt::planner
