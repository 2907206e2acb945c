// SPDX-License-Identifier: Apache-2.0
#include "planner/timing.h"

#include <algorithm>

namespace keymemrt::planner {

double ChunkDelay(const TimedRun& run, const Channel& channel, int processors) {
  const double checks = run.threads < processors
                            ? 0
                            : channel.processor_seconds_per_read +
                                  static_cast<double>(run.chunk_bytes) * channel.processor_seconds_per_byte;
  return (channel.handover_seconds + checks) / run.threads;
}

TimePrediction PredictTime(const TimedRun& run, const Channel& channel, int processors) {
  const double service = ReadSeconds(channel, static_cast<double>(run.chunk_bytes));
  const double delay = ChunkDelay(run, channel, processors);

  TimePrediction prediction;
  double now = 0, channel_free = 0;
  const auto read_whole = [&](uint64_t chunks) {
    if (chunks == 0) return;
    const double done = std::max(channel_free, now) + channel.latency_seconds + static_cast<double>(chunks) * service;
    prediction.stall_seconds += done - now;
    prediction.read_seconds += static_cast<double>(chunks) * service;
    now = channel_free = done;
  };
  for (const uint32_t chunks : run.preload_chunks) read_whole(chunks);
  prediction.load_seconds = now;
  prediction.stall_seconds = 0;  // loading is counted by itself

  // When the chunks read last had their turn: until then they take one of the places.
  std::vector<double> turns(std::max<uint32_t>(run.read_ahead, 1), 0);
  const uint64_t at_once = std::clamp<uint64_t>(run.reads_at_once, 1, turns.size());
  uint64_t reads = 0;
  now += run.seconds_before;
  prediction.compute_seconds = run.seconds_before;
  for (const TimedUse& use : run.uses) {
    prediction.compute_seconds += use.seconds + use.seconds_after + use.chunks * delay;
    if (use.whole || use.chunks == 0) {
      read_whole(use.chunks);
      now += use.seconds + use.chunks * delay;
    } else {
      const double step = use.seconds / use.chunks + delay;
      for (uint32_t i = 0; i < use.chunks; ++i) {
        // Asked for when the last of those that are asked for together has its place. Places are freed in order, so a
        // read that could begin earlier has its latency behind it when the channel is.
        const uint64_t last = reads - reads % at_once + at_once - 1;
        const double asked = std::max(turns[last % turns.size()], prediction.load_seconds);
        const double ready = std::max(channel_free, asked + channel.latency_seconds) + service;
        channel_free = ready;
        prediction.read_seconds += service;
        if (ready > now) {
          prediction.stall_seconds += ready - now;
          now = ready;
        }
        turns[reads++ % turns.size()] = now;
        now += step;
      }
    }
    now += use.seconds_after;
  }
  prediction.wall_seconds = now;
  double read = 0, wait = 0;
  const double end = ForEachTurn(run, channel, processors, [&](double turn) {
    read += service;
    wait = std::max(wait, read - turn);
  });
  prediction.lower_bound_seconds = std::max(end + wait, prediction.read_seconds);
  return prediction;
}

}  // namespace keymemrt::planner
