// SPDX-License-Identifier: Apache-2.0
//
// How long a run takes: operations one after the other, and beside them a channel that reads chunks of keys in the
// order of their uses, no further ahead than memory allows. Where a chunk is not there when its turn comes, the run
// stalls.
#pragma once

#include <cstdint>
#include <vector>

#include "planner/machine.h"

namespace keymemrt::planner {

// One use of a key.
struct TimedUse {
  double seconds = 0;        // of the operation that uses the key, its chunks being there
  double seconds_after = 0;  // of the operations from there to the next use
  uint32_t chunks = 0;       // that must be read for it
  // Whether reading begins only with the use, which waits for all of them; else they are read ahead, each is waited for
  // at its turn, and their turns come evenly over the operation.
  bool whole = false;
};

struct TimedRun {
  double seconds_before = 0;             // of the operations before the first use
  std::vector<uint32_t> preload_chunks;  // read before everything, key by key, each waited for
  uint32_t read_ahead = 1;               // chunks that may be read or wait for their turn, at most; at least 1
  uint32_t reads_at_once = 1;            // of them are asked for together, as soon as there is room
  std::vector<TimedUse> uses;
  uint64_t chunk_bytes = 0;
  int threads = 1;
};

struct TimePrediction {
  double wall_seconds = 0;  // loading included
  double load_seconds = 0;  // of the preload
  double stall_seconds = 0;
  double compute_seconds = 0;  // what a run would take if every chunk were there
  double read_seconds = 0;     // of the channel
  // No schedule of the same operations and reads is faster, with any memory to read ahead: for each chunk, reading all
  // that are used before it and then computing what comes after its turn. At least computing, and at least reading.
  double lower_bound_seconds = 0;
};

// Processor time of a chunk that delays evaluation: its handover, and its checks and copies unless evaluation leaves a
// processor free.
double ChunkDelay(const TimedRun& run, const Channel& channel, int processors);

// Calls f(when) for each chunk that is read, in order of use, with its turn's time in a run that waits for nothing
// (from the first operation on). Returns when such a run ends.
template <typename F>
double ForEachTurn(const TimedRun& run, const Channel& channel, int processors, F f) {
  const double delay = ChunkDelay(run, channel, processors);
  double now = run.seconds_before;
  for (const TimedUse& use : run.uses) {
    const double step = use.chunks == 0 || use.whole ? 0 : use.seconds / use.chunks + delay;
    for (uint32_t i = 0; i < use.chunks; ++i) {
      f(now);
      now += step;
    }
    now += (use.chunks == 0 || use.whole ? use.seconds + use.chunks * delay : 0) + use.seconds_after;
  }
  return now;
}

// O(chunks read).
TimePrediction PredictTime(const TimedRun& run, const Channel& channel, int processors);

}  // namespace keymemrt::planner
