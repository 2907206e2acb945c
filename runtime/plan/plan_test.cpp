// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <charconv>

#include "program/testing/builder.h"
#include "runtime/plan/liveness.h"
#include "runtime/plan/policy.h"
#include "runtime/plan/trace.h"

namespace keymemrt::runtime {
namespace {

using program::Opcode;
using program::Program;
using program::ProgramBuilder;
using testing::HasSubstr;

// Rotates by 1, 2, 1 at the top, then by 1 one level down; keys of shift 1 and 2.
Program FourRotations(uint32_t merge_window = 0) {
  ProgramBuilder builder(program::TestParameters(10, 2), "four");
  const uint32_t x = builder.Input("x", 512, 512);
  const uint32_t a = builder.Rotate(x, 1);
  const uint32_t b = builder.Rotate(a, 2);
  const uint32_t c = builder.Rotate(b, 1);
  const uint32_t d = builder.Rotate(builder.LevelReduce(c, 1), 1);
  builder.Output("y", d, 512);
  return builder.Finish(merge_window);
}

planner::Trace TraceOf(const Program& program, int threads = 1) {
  return MakeTrace(program, program.CheckedParameters().value(), threads);
}

TEST(Liveness, AnOperandIsConsumedByItsLastUse) {
  ProgramBuilder builder(program::TestParameters(10, 2));
  const uint32_t x = builder.Input("x", 512, 512);
  const uint32_t y = builder.Negate(x);  // x is used again
  const uint32_t z = builder.Add(x, y);  // x is not; y is second
  const uint32_t w = builder.Add(z, z);  // both operands are the same
  const uint32_t v = builder.Negate(w);  // w is an output
  builder.Output("w", w, 1);
  builder.Output("v", v, 1);
  const Program program = builder.Finish();
  const Liveness liveness(program);
  std::vector<bool> consumes;
  for (size_t i = 0; i < program.ops.size(); ++i) {
    if (program.ops[i].opcode != Opcode::kClear) consumes.push_back(liveness.Consumes(i));
  }
  EXPECT_EQ(consumes, (std::vector<bool>{false, true, false, false}));
}

TEST(Trace, ListsEveryUseOfAKey) {
  const Program program = FourRotations();
  const scheme::Parameters parameters = program.CheckedParameters().value();
  const planner::Trace trace = TraceOf(program);
  ASSERT_TRUE(planner::CheckTrace(trace).ok());
  EXPECT_EQ(trace.slot_bytes, 8192u);
  EXPECT_EQ(trace.ring_slots, 1u + ReadAheadSlots(trace.slot_bytes));
  ASSERT_EQ(trace.uses.size(), 4u);
  std::vector<uint32_t> keys, chunks;
  for (const planner::KeyUse& use : trace.uses) {
    keys.push_back(use.key);
    chunks.push_back(use.chunks);
    EXPECT_EQ(program.ops[use.op].opcode, Opcode::kRotate);
  }
  const uint32_t top = static_cast<uint32_t>(parameters.ChunkCount(2)),
                 lower = static_cast<uint32_t>(parameters.ChunkCount(1));
  EXPECT_EQ(keys, (std::vector<uint32_t>{0, 1, 0, 0}));
  EXPECT_EQ(chunks, (std::vector<uint32_t>{top, top, top, lower}));
  EXPECT_EQ(trace.key_chunks, (std::vector<uint32_t>{top, top}));
}

TEST(Trace, ALifetimeEndsWhereAnotherKeyIsUsed) {
  // One load of key 0 may span all its uses; only the last two are neighbours.
  std::vector<bool> opens;
  for (const planner::KeyUse& use : TraceOf(FourRotations(100)).uses) opens.push_back(use.opens_lifetime);
  EXPECT_EQ(opens, (std::vector<bool>{true, true, true, false}));
  opens.clear();
  for (const planner::KeyUse& use : TraceOf(FourRotations(0)).uses) opens.push_back(use.opens_lifetime);
  EXPECT_EQ(opens, (std::vector<bool>{true, true, true, true}));
}

TEST(Trace, SharedBytesGrowWithTablesAndThreads) {
  const Program small = FourRotations();
  const scheme::Parameters parameters = small.CheckedParameters().value();
  EXPECT_GT(SharedBytes(small, parameters, 4), SharedBytes(small, parameters, 1));
  const Program large = program::RandomProgram(1, {.log_n = 13});
  // Seven limbs' tables at least, of N words each.
  EXPECT_GT(SharedBytes(large, large.CheckedParameters().value(), 1),
            SharedBytes(small, parameters, 1) + 4 * 5 * 65536);
}

TEST(Policy, ResidentLoadsAllAndKeepsAll) {
  const planner::Trace trace = TraceOf(FourRotations());
  const Policy policy = MakePolicy(trace, Mode::kResident, 0).value();
  EXPECT_TRUE(policy.preload);
  for (const UseRule& rule : policy.rules) EXPECT_EQ(rule.keep, trace.key_chunks[rule.key]);
  EXPECT_EQ(policy.predicted.peak_key_bytes, (trace.key_chunks[0] + trace.key_chunks[1]) * trace.slot_bytes);
}

TEST(Policy, ImperativeHasOneKeyAtATime) {
  const planner::Trace trace = TraceOf(FourRotations(100));
  const Policy policy = MakePolicy(trace, Mode::kImperative, 0).value();
  EXPECT_FALSE(policy.preload);
  const uint32_t top = trace.key_chunks[0];
  std::vector<uint32_t> load, keep;
  for (const UseRule& rule : policy.rules) {
    load.push_back(rule.load);
    keep.push_back(rule.keep);
  }
  EXPECT_EQ(load, (std::vector<uint32_t>{top, top, top, top}));
  EXPECT_EQ(keep, (std::vector<uint32_t>{0, 0, top, 0})) << "the two neighbouring uses share one load";
  EXPECT_EQ(policy.predicted.peak_key_bytes, top * trace.slot_bytes);
  EXPECT_EQ(policy.predicted.key_bytes_read, 3 * top * trace.slot_bytes);
}

TEST(Policy, PrefetchHasTheKeyInUseAndOneAhead) {
  const planner::Trace trace = TraceOf(FourRotations(100));
  const Policy policy = MakePolicy(trace, Mode::kPrefetch, 0).value();
  const Policy imperative = MakePolicy(trace, Mode::kImperative, 0).value();
  const uint32_t top = trace.key_chunks[0];
  std::vector<uint32_t> hit, load, keep;
  for (const UseRule& rule : policy.rules) {
    hit.push_back(rule.hit);
    load.push_back(rule.load);
    keep.push_back(rule.keep);
  }
  EXPECT_EQ(hit, (std::vector<uint32_t>{0, 0, 0, trace.uses[3].chunks})) << "the neighbouring uses share one load";
  EXPECT_EQ(load, (std::vector<uint32_t>{0, 0, 0, 0})) << "nothing is waited for as a whole";
  EXPECT_EQ(keep, (std::vector<uint32_t>{0, 0, top, 0}));
  EXPECT_EQ(policy.read_ahead, top);
  EXPECT_EQ(policy.predicted.peak_key_bytes, 2 * top * trace.slot_bytes);
  EXPECT_EQ(policy.predicted.key_bytes_read, imperative.predicted.key_bytes_read);
  EXPECT_EQ(policy.predicted.peak_bytes, imperative.predicted.peak_bytes + top * trace.slot_bytes);
}

TEST(Policy, PrefetchOfALifetimeThatGrowsReadsEachChunkOnce) {
  // A lower level first, then the top: the second use finds what the first has read.
  ProgramBuilder builder(program::TestParameters(10, 2));
  const uint32_t x = builder.Input("x", 512, 512);
  const uint32_t low = builder.Rotate(builder.LevelReduce(x, 0), 1);
  const uint32_t high = builder.Rotate(x, 1);
  builder.Output("low", low, 1);
  builder.Output("high", high, 1);
  const planner::Trace trace = TraceOf(builder.Finish(100));
  ASSERT_EQ(trace.uses.size(), 2u);
  ASSERT_LT(trace.uses[0].chunks, trace.uses[1].chunks);
  const Policy policy = MakePolicy(trace, Mode::kPrefetch, 0).value();
  EXPECT_EQ(policy.rules[0].keep, trace.uses[1].chunks);
  EXPECT_EQ(policy.rules[1].hit, trace.uses[0].chunks);
  EXPECT_EQ(policy.predicted.key_bytes_read, trace.uses[1].chunks * trace.slot_bytes);
}

TEST(Policy, StreamingKeepsNothing) {
  const planner::Trace trace = TraceOf(FourRotations(), 2);
  const Policy policy = MakePolicy(trace, Mode::kStreaming, 0).value();
  for (const UseRule& rule : policy.rules) EXPECT_EQ(rule.load + rule.keep, 0u);
  EXPECT_EQ(policy.predicted.peak_key_bytes, (2 + ReadAheadSlots(trace.slot_bytes)) * trace.slot_bytes)
      << "what is read ahead, and one chunk for each thread";
  EXPECT_EQ(policy.predicted.key_bytes_read, planner::ChunksUsed(trace) * trace.slot_bytes);
}

TEST(Policy, PlannedWithoutABudgetReadsEachChunkOnce) {
  const planner::Trace trace = TraceOf(FourRotations());
  const Policy policy = MakePolicy(trace, Mode::kPlanned, 0).value();
  EXPECT_EQ(policy.predicted.key_bytes_read, planner::DistinctChunksUsed(trace) * trace.slot_bytes);
  EXPECT_EQ(policy.key_bytes_read_lower_bound, policy.predicted.key_bytes_read);
}

TEST(Policy, ATooSmallBudgetNamesTheLeastOneWhichThenWorks) {
  const planner::Trace trace = TraceOf(FourRotations());
  for (const Mode mode : kModes) {
    SCOPED_TRACE(ModeName(mode));
    const auto refused = MakePolicy(trace, mode, 1 << 20);
    ASSERT_EQ(refused.status().code(), ErrorCode::kInfeasible);
    // The message holds the least budget in bytes.
    uint64_t least = 0;
    const std::string& message = refused.status().message();
    for (size_t i = 0; i < message.size(); ++i) {
      if (i > 0 && std::isdigit(message[i - 1])) continue;
      uint64_t number = 0;
      const auto [end, error] = std::from_chars(message.data() + i, message.data() + message.size(), number);
      if (error == std::errc() && number > least) least = number;
    }
    ASSERT_GT(least, uint64_t{1} << 20) << message;
    const auto policy = MakePolicy(trace, mode, least);
    ASSERT_TRUE(policy.ok()) << policy.status().message();
    EXPECT_LE(policy->predicted.peak_bytes, least);
    EXPECT_EQ(MakePolicy(trace, mode, least - 1).status().code(), ErrorCode::kInfeasible);
  }
}

TEST(Policy, ModesHaveNames) {
  for (const Mode mode : kModes) EXPECT_EQ(ParseMode(ModeName(mode)).value(), mode);
  const Status status = ParseMode("speculative").status();
  EXPECT_EQ(status.code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("streaming"));
}

}  // namespace
}  // namespace keymemrt::runtime
