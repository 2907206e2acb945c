// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <charconv>
#include <optional>

#include "program/testing/builder.h"
#include "runtime/plan/liveness.h"
#include "runtime/plan/plaintexts.h"
#include "runtime/plan/policy.h"
#include "runtime/plan/shapes.h"
#include "runtime/plan/trace.h"
#include "runtime/plan/work.h"

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

// --- Plaintexts that are encoded more than once.

// So many rounds: a rotation, then a product with the same mask, at the same level and scale.
Program Masked(int rounds, int32_t rotation_step = 0) {
  ProgramBuilder builder(program::TestParameters(10, 2), "masked");
  const uint32_t mask = builder.Constant({1, 0, 1, 1});
  const uint32_t x = builder.Input("x", 512, 512);
  std::optional<uint32_t> sum;
  for (int i = 0; i < rounds; ++i) {
    const uint32_t rotated = builder.Rotate(x, 1 + i % 3);
    const uint32_t plaintext = builder.EncodeConstant(mask, i * rotation_step, 2, 0x1p35);
    const uint32_t product = builder.MulPlain(rotated, plaintext);
    sum = sum ? builder.Add(*sum, product) : product;
  }
  builder.Output("y", *sum, 512);
  return builder.Finish();
}

std::vector<PlaintextRow> RowsIn(const Program& program) {
  return RowsOf(program, TransformPlans(program, program.CheckedParameters().value()));
}
RepeatedPlaintexts RepeatedIn(const Program& program) {
  return FindRepeatedPlaintexts(program, program.CheckedParameters().value(), RowsIn(program));
}

TEST(Plaintexts, EqualRowsAreOnePlaintext) {
  const RepeatedPlaintexts same = RepeatedIn(Masked(5));
  EXPECT_EQ(same.slots, (std::vector<uint32_t>{2})) << "numbers below 2^16 at a scale of 2^35 may take two slots";
  EXPECT_EQ(same.periods, (std::vector<int64_t>{4}));
  EXPECT_EQ(same.uses.size(), 5u);
  // Rotated by a multiple of their number, values are what they were; by less, others.
  EXPECT_EQ(RepeatedIn(Masked(5, 4)).uses.size(), 5u);
  EXPECT_EQ(RepeatedIn(Masked(5, 2)).slots.size(), 2u);
  EXPECT_EQ(RepeatedIn(Masked(4, 1)).slots.size(), 0u);
  EXPECT_EQ(RepeatedIn(Masked(1)).uses.size(), 0u);
}

TEST(Plaintexts, BootstrapsShareTheirDiagonals) {
  const auto parameters = program::TestParameters(10, 2);
  ProgramBuilder builder(parameters, "transforms");
  const circuit::DftStage stage{.log_slots = 9, .radices = {5, 4}, .stage = 0};
  const uint32_t transform =
      builder.Transform({.source = program::DiagonalSource::kDft, .stage = stage, .baby_step = 1, .scale = 0x1p30});
  const uint32_t x = builder.Input("x", 512, 512);
  const uint32_t a = builder.ApplyTransform(builder.Rotate(x, 3), transform);
  const uint32_t b = builder.ApplyTransform(builder.Rotate(x, 5), transform);
  builder.Output("a", a, 512);
  builder.Output("b", b, 512);
  const Program program = builder.Finish();
  const RepeatedPlaintexts repeated = RepeatedIn(program);
  EXPECT_EQ(repeated.slots.size(), stage.Rotations().size());
  EXPECT_EQ(repeated.uses.size(), 2 * stage.Rotations().size());
}

// Follows a policy as an executor does; at every operation what is kept, and all else, must fit.
void Follow(const Program& program, const planner::Trace& trace, const std::vector<uint64_t>& slots_by_op,
            const std::vector<PlaintextRow>& rows, const RepeatedPlaintexts& plaintexts, const Policy& policy,
            uint64_t budget) {
  std::vector<uint32_t> keys(trace.key_chunks.size(), 0);
  std::vector<bool> kept(policy.plaintext_slots.size(), false);
  size_t rule = 0, release = 0, row = 0;
  uint64_t read = 0, saved = 0, peak = 0;
  const auto evict = [&](uint32_t begin, uint32_t end) {
    for (uint32_t i = begin; i < end; ++i) {
      ASSERT_GE(keys[policy.evictions[i].key], policy.evictions[i].chunks);
      keys[policy.evictions[i].key] -= policy.evictions[i].chunks;
    }
  };
  for (uint32_t op = 0; op < program.ops.size(); ++op) {
    if (release < policy.releases.size() && policy.releases[release].op == op) {
      const Release& its = policy.releases[release++];
      evict(its.evictions_begin, its.evictions_end);
      for (uint32_t i = its.gone_begin; i < its.gone_end; ++i) kept[policy.plaintexts_gone[i]] = false;
    }
    uint64_t using_key = 0;
    uint32_t used = 0, keep = 0;
    if (UsesKey(program.ops[op])) {
      const UseRule& its = policy.rules[rule++];
      evict(its.evictions_begin, its.evictions_end);
      used = its.key;
      keep = its.keep;
      ASSERT_EQ(its.hit, std::min(keys[used], its.chunks));
      read += its.chunks - its.hit;
      using_key = std::max(keys[used], keep) - keys[used];
    }
    std::vector<uint32_t> dropped;
    for (; row < rows.size() && rows[row].op == op; ++row) {
      const PlaintextRule& its = policy.plaintexts[row];
      if (its.plaintext == program::kNone) continue;
      ASSERT_LE(its.found, kept[its.plaintext]);
      saved += its.found;
      kept[its.plaintext] = its.keep || its.found;
      if (!its.keep) dropped.push_back(its.plaintext);
    }
    uint64_t slots = slots_by_op[op] + (rule > 0 ? trace.ring_slots : 0) + using_key;
    for (const uint32_t chunks : keys) slots += chunks;
    for (size_t i = 0; i < kept.size(); ++i) slots += kept[i] ? plaintexts.slots[i] : 0;
    peak = std::max(peak, trace.fixed_bytes + slots * trace.slot_bytes);
    for (const uint32_t plaintext : dropped) kept[plaintext] = false;
    if (using_key + keep > 0 || (rule > 0 && UsesKey(program.ops[op]))) keys[used] = keep;
  }
  EXPECT_EQ(rule, policy.rules.size());
  EXPECT_EQ(release, policy.releases.size());
  EXPECT_LE(peak, budget);
  EXPECT_LE(peak, policy.predicted.peak_bytes);
  EXPECT_EQ(read * trace.slot_bytes, policy.predicted.key_bytes_read);
  EXPECT_EQ(saved, policy.predicted.plaintexts_kept);
}

TEST(Plaintexts, ShareTheBudgetWithKeys) {
  const Program program = Masked(24, 1);
  const scheme::Parameters parameters = program.CheckedParameters().value();
  const std::vector<PlaintextRow> rows = RowsIn(program);
  const RepeatedPlaintexts plaintexts = RepeatedIn(program);
  ASSERT_EQ(plaintexts.slots.size(), 4u);
  const planner::Trace trace = TraceOf(program);
  std::vector<uint64_t> slots_by_op;
  for (const SlotsByClass& slots : OperationSlots(program, parameters, 1)) slots_by_op.push_back(slots.total());
  const uint64_t least = planner::LeastFeasibleBudget(trace).bytes;
  uint64_t most_read = 0, most_saved = 0;
  for (const double cost : {1e-9, 1.0, 1e9}) {
    const MissCosts costs{.chunk = 1, .plaintexts = std::vector<double>(4, cost)};
    uint64_t saved_before = 0;
    for (uint64_t slots = 0; slots <= 60; ++slots) {
      SCOPED_TRACE(fmt::format("cost {}, {} slots", cost, slots));
      const uint64_t budget = least + slots * trace.slot_bytes;
      const auto policy = ShareMemory(trace, slots_by_op, rows.size(), plaintexts, costs, budget);
      ASSERT_TRUE(policy.ok()) << policy.status().message();
      Follow(program, trace, slots_by_op, rows, plaintexts, *policy, budget);
      const uint64_t alone = MakePolicy(trace, Mode::kPlanned, budget)->predicted.key_bytes_read;
      EXPECT_GE(policy->predicted.key_bytes_read, alone);
      if (cost < 1e-6) {
        EXPECT_EQ(policy->predicted.key_bytes_read, alone) << "plaintexts get what keys leave";
      }
      if (cost > 1e6) {
        EXPECT_GE(policy->predicted.plaintexts_kept, saved_before);
      }
      saved_before = policy->predicted.plaintexts_kept;
      most_read = std::max(most_read, policy->predicted.key_bytes_read - alone);
      most_saved = std::max(most_saved, saved_before);
    }
  }
  EXPECT_GT(most_read, 0u) << "dear plaintexts displace keys";
  EXPECT_EQ(most_saved, 20u) << "each is encoded once";
  // Not within less.
  EXPECT_EQ(ShareMemory(trace, slots_by_op, rows.size(), plaintexts, {1, {1, 1, 1, 1}}, least - 1).status().code(),
            ErrorCode::kInfeasible);
}

TEST(Plaintexts, ARunKeepsThemWhereItIsFasterSo) {
  const Program program = Masked(12);
  const scheme::Parameters parameters = program.CheckedParameters().value();
  const std::vector<PlaintextRow> rows = RowsIn(program);
  const planner::Trace trace = TraceOf(program, 2);
  planner::Machine machine = planner::DefaultMachine();
  const auto saved = [&](Mode mode, uint64_t budget) {
    const auto policy = PlanRun({program, parameters, trace, rows, machine, 2}, mode, budget);
    EXPECT_TRUE(policy.ok()) << policy.status().message();
    return policy->predicted.plaintexts_kept;
  };
  EXPECT_EQ(saved(Mode::kPlanned, 0), 11u);
  EXPECT_EQ(saved(Mode::kStreaming, 0), 0u);
  EXPECT_EQ(saved(Mode::kPlanned, planner::LeastFeasibleBudget(trace).bytes), 0u);
  // Where encoding costs nothing there is nothing to gain.
  for (planner::RingRates& rates : machine.rings) rates.embedding = 0;
  EXPECT_EQ(saved(Mode::kPlanned, 0), 0u);
}

TEST(TimeRun, RowsAreEncodedAheadWhereAProcessorIsFree) {
  const Program program = Masked(40, 1);
  const scheme::Parameters parameters = program.CheckedParameters().value();
  const planner::Trace trace = TraceOf(program);
  const Policy policy = MakePolicy(trace, Mode::kStreaming, 0).value();
  const size_t rows = RowsIn(program).size();
  const auto computing = [&](double embedding, int processors, int threads) {
    planner::Machine machine = planner::DefaultMachine();
    machine.processors = processors;
    machine.rings = {planner::RatesOf(machine, parameters.log_n())};
    machine.rings[0].embedding = embedding;
    const planner::TimedRun run = TimeRun(program, parameters, trace, policy, machine, threads);
    double sum = run.seconds_before;
    for (const planner::TimedUse& use : run.uses) sum += use.seconds + use.seconds_after;
    return sum;
  };
  const double rest = computing(0, 2, 1);
  // Of 4 values in a ring of 2^10: a share of a whole embedding.
  const double all = computing(1, 1, 1) - rest, one = all / static_cast<double>(rows);
  EXPECT_GT(all, 0);
  const auto embeddings = [&](double seconds, int processors, int threads) {
    return computing(seconds / one, processors, threads) - rest;
  };
  // Nobody is free: evaluation encodes all.
  EXPECT_NEAR(embeddings(1, 1, 1), static_cast<double>(rows), 1e-6);
  // An encode is one thread's.
  EXPECT_NEAR(computing(1 / one, 2, 2) - computing(0, 2, 2), static_cast<double>(rows), 1e-6);
  // Short ones are all ready but the first, which is needed at once.
  EXPECT_LE(embeddings(1e-7, 2, 1), 2e-7);
  // Of long ones evaluation encodes at least half, and those of which it finds somebody busy with one.
  EXPECT_GE(embeddings(1, 2, 1), static_cast<double>(rows) / 2 - 1);
  EXPECT_LE(embeddings(1, 2, 1), static_cast<double>(rows) + 1e-6);
}

TEST(Policy, ModesHaveNames) {
  for (const Mode mode : kModes) EXPECT_EQ(ParseMode(ModeName(mode)).value(), mode);
  const Status status = ParseMode("speculative").status();
  EXPECT_EQ(status.code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("streaming"));
}

}  // namespace
}  // namespace keymemrt::runtime
