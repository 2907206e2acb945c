// SPDX-License-Identifier: Apache-2.0
#include "planner/memory.h"

#include <gtest/gtest.h>

namespace keymemrt::planner {
namespace {

// Two keys of 10 and 20 chunks; slots of 8 bytes, a floor of 1000 bytes, a ring of 4 slots.
Trace Example() {
  Trace trace;
  trace.slot_bytes = 8;
  trace.fixed_bytes = 1000;
  trace.ring_slots = 4;
  trace.prologue_slots = 3;
  trace.key_chunks = {10, 20};
  trace.uses = {{.op = 1, .key = 0, .chunks = 10, .other_slots = 5},
                {.op = 2, .key = 1, .chunks = 12, .other_slots = 6},
                {.op = 3, .key = 0, .chunks = 7, .other_slots = 9}};
  return trace;
}

TEST(Memory, ResidentIsAllKeysBesideTheMostOther) {
  const ModeCost cost = ResidentCost(Example());
  EXPECT_EQ(cost.peak_bytes, 1000u + 8 * (30 + 9));
  EXPECT_EQ(cost.peak_key_bytes, 8u * 30);
  EXPECT_EQ(cost.key_bytes_read, 8u * 30);
}

TEST(Memory, ImperativeIsTheLargestUse) {
  const ModeCost cost = ImperativeCost(Example());
  EXPECT_EQ(cost.peak_bytes, 1000u + 8 * (12 + 6));
  EXPECT_EQ(cost.peak_key_bytes, 8u * 12);
  EXPECT_EQ(cost.key_bytes_read, 8u * (10 + 12 + 7));
}

TEST(Memory, ImperativeFollowsLifetimes) {
  Trace trace = Example();
  trace.uses[2].opens_lifetime = false;  // key 0 stays from its first use to its second
  ModeCost cost = ImperativeCost(trace);
  EXPECT_EQ(cost.peak_bytes, 1000u + 8 * (10 + 12 + 6));
  EXPECT_EQ(cost.peak_key_bytes, 8u * 22);
  EXPECT_EQ(cost.key_bytes_read, 8u * (10 + 12));
  // It is loaded with what its most demanding use needs, and dropped after its last.
  std::swap(trace.uses[0].chunks, trace.uses[2].chunks);
  EXPECT_EQ(ImperativeCost(trace).key_bytes_read, 8u * (10 + 12));
  trace.uses.push_back({.op = 4, .key = 1, .chunks = 20, .other_slots = 1});
  EXPECT_EQ(ImperativeCost(trace).peak_key_bytes, 8u * 22);
  EXPECT_EQ(ImperativeCost(trace).key_bytes_read, 8u * (10 + 12 + 20));
}

TEST(Memory, StreamingIsOtherAndTheRing) {
  const ModeCost cost = StreamingCost(Example());
  EXPECT_EQ(cost.peak_bytes, 1000u + 8 * (9 + 4));
  EXPECT_EQ(cost.peak_key_bytes, 0u);
  EXPECT_EQ(cost.key_bytes_read, 8u * (10 + 12 + 7));
  Trace trace = Example();
  trace.prologue_slots = 50;
  EXPECT_EQ(StreamingCost(trace).peak_bytes, 1000u + 8 * 50);
}

TEST(Memory, PlannedLiesBetweenStreamingAndResident) {
  const Trace trace = Example();
  const uint64_t least = LeastFeasibleBudget(trace).bytes;
  EXPECT_EQ(PlannedCost(SolveResidency(trace, least).value()).peak_bytes, StreamingCost(trace).peak_bytes);
  const ModeCost cost = PlannedCost(SolveResidency(trace, least + 8 * 3).value());
  EXPECT_LE(cost.peak_bytes, least + 8 * 3);
  EXPECT_LT(cost.key_bytes_read, StreamingCost(trace).key_bytes_read);
  EXPECT_EQ(PlannedCost(SolveResidency(trace, 1 << 20).value()).key_bytes_read, 8u * (10 + 12));
}

}  // namespace
}  // namespace keymemrt::planner
