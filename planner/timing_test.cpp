// SPDX-License-Identifier: Apache-2.0
#include "planner/timing.h"

#include <gtest/gtest.h>

#include <random>

namespace keymemrt::planner {
namespace {

constexpr Channel kDisk{.bytes_per_second = 100, .latency_seconds = 0, .processor_seconds_per_byte = 0};

TEST(Timing, WithoutReadsIsTheSumOfOperations) {
  const TimedRun run{.seconds_before = 1, .uses = {{2, 3, 0, false}, {4, 5, 0, true}}, .chunk_bytes = 100};
  const TimePrediction prediction = PredictTime(run, kDisk, 2);
  EXPECT_DOUBLE_EQ(prediction.wall_seconds, 15);
  EXPECT_DOUBLE_EQ(prediction.compute_seconds, 15);
  EXPECT_DOUBLE_EQ(prediction.stall_seconds, 0);
}

TEST(Timing, WholeKeysAreWaitedFor) {
  // Three chunks of a second each, after one second of other work; nothing is read ahead.
  const TimedRun run{.seconds_before = 1, .uses = {{2, 3, 3, true}}, .chunk_bytes = 100};
  const TimePrediction prediction = PredictTime(run, kDisk, 2);
  EXPECT_DOUBLE_EQ(prediction.stall_seconds, 3);
  EXPECT_DOUBLE_EQ(prediction.wall_seconds, 9);
  EXPECT_DOUBLE_EQ(prediction.read_seconds, 3);
}

TEST(Timing, LoadingIsNotAStall) {
  const TimedRun run{.seconds_before = 1, .preload_chunks = {3, 1}, .uses = {{2, 3, 0, false}}, .chunk_bytes = 100};
  const TimePrediction prediction = PredictTime(run, kDisk, 2);
  EXPECT_DOUBLE_EQ(prediction.load_seconds, 4);
  EXPECT_DOUBLE_EQ(prediction.stall_seconds, 0);
  EXPECT_DOUBLE_EQ(prediction.wall_seconds, 10);
}

TEST(Timing, ReadingAheadHidesWhatThereIsRoomFor) {
  // Two chunks, used at 10 and 10.5: with two places both are there; with one the second is read from when the first is
  // used.
  TimedRun run{.seconds_before = 10, .read_ahead = 2, .uses = {{1, 0, 2, false}}, .chunk_bytes = 100};
  EXPECT_DOUBLE_EQ(PredictTime(run, kDisk, 2).wall_seconds, 11);
  run.read_ahead = 1;
  EXPECT_DOUBLE_EQ(PredictTime(run, kDisk, 2).wall_seconds, 11.5);
  EXPECT_DOUBLE_EQ(PredictTime(run, kDisk, 2).stall_seconds, 0.5);
}

TEST(Timing, ReadsThatAreAskedForTogetherWaitForTheLastPlace) {
  // Five chunks in four places, read in a second each and used at 10, 10.4, 10.8, 11.2 and 11.6: by itself the fifth is
  // asked for at 10 and there at 11, together with the three after it at 11.2 and there at 12.2.
  TimedRun run{.seconds_before = 10, .read_ahead = 4, .uses = {{2, 0, 5, false}}, .chunk_bytes = 100};
  EXPECT_DOUBLE_EQ(PredictTime(run, kDisk, 2).stall_seconds, 0);
  run.reads_at_once = 4;
  EXPECT_NEAR(PredictTime(run, kDisk, 2).stall_seconds, 0.6, 1e-9);
}

TEST(Timing, ASmallReadTakesTimeTooAndTakingAChunkDelaysEvaluation) {
  const Channel channel{.bytes_per_second = 100, .seconds_per_read = 0.5, .handover_seconds = 0.25};
  const TimedRun run{.read_ahead = 8, .uses = {{0, 0, 4, false}}, .chunk_bytes = 50};
  EXPECT_DOUBLE_EQ(PredictTime(run, channel, 2).read_seconds, 4);
  EXPECT_DOUBLE_EQ(PredictTime(run, channel, 2).compute_seconds, 1);
  EXPECT_DOUBLE_EQ(PredictTime(run, channel, 2).wall_seconds, 4.25);
}

TEST(Timing, ASlowChannelSetsThePace) {
  TimedRun run{.read_ahead = 4, .chunk_bytes = 100};
  for (int i = 0; i < 100; ++i) run.uses.push_back({0.5, 0, 5, false});
  const TimePrediction prediction = PredictTime(run, kDisk, 2);
  EXPECT_DOUBLE_EQ(prediction.read_seconds, 500);
  EXPECT_GE(prediction.wall_seconds, prediction.lower_bound_seconds);
  EXPECT_LT(prediction.wall_seconds, 501);
}

TEST(Timing, CheckingCostsProcessorsThatEvaluationUses) {
  Channel channel{.bytes_per_second = 1e9, .latency_seconds = 0, .processor_seconds_per_byte = 0.01};
  TimedRun run{.read_ahead = 8, .uses = {{4, 0, 2, false}}, .chunk_bytes = 100, .threads = 1};
  EXPECT_NEAR(PredictTime(run, channel, 2).wall_seconds, 4, 1e-6);
  EXPECT_NEAR(PredictTime(run, channel, 1).wall_seconds, 6, 1e-6);
}

TEST(Timing, MoreMemoryOrAFasterChannelIsNeverSlower) {
  std::mt19937_64 random(1);
  const auto number = [&](double most) { return std::uniform_real_distribution<double>(0, most)(random); };
  for (int round = 0; round < 300; ++round) {
    TimedRun run{
        .seconds_before = number(5), .read_ahead = 1 + static_cast<uint32_t>(random() % 6), .chunk_bytes = 100};
    for (int i = 0; i < 20; ++i) {
      run.uses.push_back({number(3), number(3), static_cast<uint32_t>(random() % 5), random() % 4 == 0});
    }
    const Channel channel{.bytes_per_second = 20 + number(200), .latency_seconds = number(0.2)};
    const TimePrediction base = PredictTime(run, channel, 2);
    EXPECT_GE(base.wall_seconds, base.lower_bound_seconds - 1e-9);
    EXPECT_NEAR(base.wall_seconds, base.compute_seconds + base.stall_seconds, 1e-9);
    Channel faster = channel;
    faster.bytes_per_second *= 1.5;
    EXPECT_LE(PredictTime(run, faster, 2).wall_seconds, base.wall_seconds + 1e-9);
    TimedRun roomier = run;
    ++roomier.read_ahead;
    EXPECT_LE(PredictTime(roomier, channel, 2).wall_seconds, base.wall_seconds + 1e-9);
  }
}

}  // namespace
}  // namespace keymemrt::planner
