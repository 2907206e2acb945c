// SPDX-License-Identifier: Apache-2.0
#include "planner/prefetch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace keymemrt::planner {
namespace {

constexpr Channel kDisk{.bytes_per_second = 100, .latency_seconds = 0, .processor_seconds_per_byte = 0};

TimedRun RandomRun(std::mt19937_64& random, int uses, uint32_t most_chunks, bool whole) {
  const auto number = [&](double most) { return std::uniform_real_distribution<double>(0, most)(random); };
  TimedRun run{.seconds_before = number(4), .chunk_bytes = 100};  // a second per chunk
  for (int u = 0; u < uses; ++u) {
    run.uses.push_back(
        {number(3), number(2), static_cast<uint32_t>(random() % (most_chunks + 1)), whole && random() % 3 == 0});
  }
  return run;
}

// The least delay of any order in which the channels take the chunks one after the other.
double LeastStall(const std::vector<double>& turns, int channels) {
  std::vector<size_t> order(turns.size());
  std::iota(order.begin(), order.end(), 0);
  double least = std::numeric_limits<double>::max();
  do {
    double worst = 0;
    for (size_t i = 0; i < order.size(); ++i) {
      worst = std::max(worst, static_cast<double>(i / static_cast<size_t>(channels) + 1) - turns[order[i]]);
    }
    least = std::min(least, worst);
  } while (std::next_permutation(order.begin(), order.end()));
  return least;
}

TEST(Prefetch, WaitsNoLongerThanAnyOrderOfReading) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 400; ++round) {
    const TimedRun run = RandomRun(random, 3, 2, true);
    std::vector<double> turns;
    ForEachTurn(run, kDisk, 2, [&](double turn) { turns.push_back(turn); });
    for (const int channels : {1, 2, 3}) {
      EXPECT_NEAR(ScheduleReads(run, kDisk, channels, 2).stall_seconds, turns.empty() ? 0 : LeastStall(turns, channels),
                  1e-9);
    }
  }
}

TEST(Prefetch, StartsAreAsLateAsTurnsAndChannelsAllow) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 300; ++round) {
    const TimedRun run = RandomRun(random, 30, 4, true);
    for (const size_t channels : {1, 2, 4}) {
      const PrefetchSchedule schedule = ScheduleReads(run, kDisk, static_cast<int>(channels), 2);
      for (size_t i = 0; i < schedule.starts.size(); ++i) {
        EXPECT_GE(schedule.starts[i], -1e-9);
        const double end = schedule.starts[i] + 1;
        EXPECT_LE(end, schedule.turns[i] + 1e-9);
        const bool last = i + channels >= schedule.starts.size();
        EXPECT_TRUE(std::abs(end - schedule.turns[i]) < 1e-9 ||
                    (!last && std::abs(end - schedule.starts[i + channels]) < 1e-9))
            << "could begin later";
        if (!last) {
          EXPECT_LE(end, schedule.starts[i + channels] + 1e-9);
        }
      }
    }
  }
}

// The run's own simulation, which reads as soon as there is room, waits as long with room for `ahead` chunks, and one
// that is in use; and never less, whatever the room. So the bound on time is met.
TEST(Prefetch, RoomForWhatIsAheadIsEnough) {
  std::mt19937_64 random(3);
  int tight = 0;
  for (int round = 0; round < 300; ++round) {
    TimedRun run = RandomRun(random, 30, 4, false);
    const PrefetchSchedule schedule = ScheduleReads(run, kDisk, 1, 2);
    run.read_ahead = schedule.ahead + 1;
    const TimePrediction enough = PredictTime(run, kDisk, 2);
    EXPECT_NEAR(enough.stall_seconds, schedule.stall_seconds, 1e-9);
    EXPECT_NEAR(enough.wall_seconds, enough.lower_bound_seconds, 1e-9);
    for (run.read_ahead = 1; run.read_ahead <= schedule.ahead; run.read_ahead *= 2) {
      const TimePrediction less = PredictTime(run, kDisk, 2);
      EXPECT_GE(less.stall_seconds, schedule.stall_seconds - 1e-9);
      tight += less.stall_seconds > schedule.stall_seconds + 1e-9;
    }
  }
  EXPECT_GT(tight, 100);
}

TEST(Prefetch, MoreChannelsWaitLess) {
  std::mt19937_64 random(4);
  for (int round = 0; round < 100; ++round) {
    const TimedRun run = RandomRun(random, 40, 6, true);
    double before = std::numeric_limits<double>::max();
    for (int channels = 1; channels <= 8; ++channels) {
      const double stall = ScheduleReads(run, kDisk, channels, 2).stall_seconds;
      EXPECT_LE(stall, before);
      before = stall;
    }
  }
}

TEST(Prefetch, NothingToReadIsAnEmptySchedule) {
  const PrefetchSchedule schedule = ScheduleReads({.uses = {{1, 1, 0, false}}, .chunk_bytes = 100}, kDisk, 1, 2);
  EXPECT_TRUE(schedule.starts.empty());
  EXPECT_EQ(schedule.stall_seconds, 0);
  EXPECT_EQ(schedule.ahead, 0u);
}

}  // namespace
}  // namespace keymemrt::planner
