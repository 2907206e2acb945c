// SPDX-License-Identifier: Apache-2.0
#include "planner/residency.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cmath>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <map>
#include <random>
#include <sstream>

#include "planner/testing/exhaustive.h"

namespace keymemrt::planner {
namespace {

using ::testing::HasSubstr;

// A trace of uses (key, chunks, other slots) with slots of one byte and nothing else, so that a budget is a number of
// slots.
struct Use {
  uint32_t key, chunks;
  uint64_t other = 0;
};
Trace MakeTrace(std::vector<uint32_t> key_chunks, const std::vector<Use>& uses) {
  Trace trace;
  trace.slot_bytes = 1;
  trace.key_chunks = std::move(key_chunks);
  for (const Use& use : uses) {
    trace.uses.push_back({.op = static_cast<uint32_t>(10 * trace.uses.size()),
                          .key = use.key,
                          .chunks = use.chunks,
                          .other_slots = use.other});
  }
  return trace;
}

// The plan, checked, with its certificate: the bound must prove it optimal.
Plan Solve(const Trace& trace, uint64_t budget) {
  const auto plan = SolveResidency(trace, budget);
  EXPECT_TRUE(plan.ok()) << plan.status().message();
  const Status status = CheckPlan(trace, *plan, budget);
  EXPECT_TRUE(status.ok()) << status.message();
  EXPECT_LE(plan->peak_bytes, budget);
  EXPECT_EQ(ReadLowerBound(trace, budget, plan->cuts), plan->bytes_read);
  return *plan;
}

Trace RandomTrace(std::mt19937_64& random, uint32_t keys, uint32_t chunks, uint32_t uses, uint32_t other, bool levels) {
  const auto below = [&](uint64_t n) { return static_cast<uint32_t>(random() % n); };
  Trace trace;
  trace.slot_bytes = 8;
  trace.fixed_bytes = below(20);
  trace.ring_slots = below(3);
  for (uint32_t k = 0; k < keys; ++k) trace.key_chunks.push_back(1 + below(chunks));
  for (uint32_t u = 0; u < uses; ++u) {
    const uint32_t key = below(keys);
    const uint32_t most = trace.key_chunks[key];
    trace.uses.push_back(
        {.op = u, .key = key, .chunks = levels ? 1 + below(most) : most, .other_slots = below(other + 1)});
  }
  return trace;
}

TEST(Residency, ReadsTheOptimumOnSmallInstances) {
  std::mt19937_64 random(4711);
  int with_partial_hits = 0, with_varying_capacity = 0;
  for (int i = 0; i < 6000; ++i) {
    const uint32_t keys = 2 + static_cast<uint32_t>(random() % 3);
    const uint32_t chunks = keys == 4 ? 2 : 3;
    const uint32_t other = static_cast<uint32_t>(random() % 2 * 3);
    const Trace trace = RandomTrace(random, keys, chunks, 3 + static_cast<uint32_t>(random() % 10), other, i % 3 != 0);
    const uint64_t budget = LeastFeasibleBudget(trace).bytes + random() % 60;
    SCOPED_TRACE(i);
    const Plan plan = Solve(trace, budget);
    ASSERT_EQ(plan.chunks_read, ExhaustiveReads(trace, budget));
    // Weak duality: no cuts whatever prove more than the optimum.
    std::vector<uint32_t> cuts;
    for (uint64_t c = random() % 4; c-- > 0;)
      cuts.push_back(static_cast<uint32_t>(random() % (2 * trace.uses.size() + 4)));
    EXPECT_LE(ReadLowerBound(trace, budget, cuts), plan.bytes_read);
    for (size_t u = 0; u < plan.steps.size(); ++u) {
      if (plan.steps[u].hit > 0 && plan.steps[u].hit < trace.uses[u].chunks) {
        ++with_partial_hits;
        break;
      }
    }
    with_varying_capacity += other != 0;
  }
  EXPECT_GT(with_partial_hits, 500);
  EXPECT_GT(with_varying_capacity, 2000);
}

// Of what the misses of a plan cost.
uint64_t CostOf(const Trace& trace, const Plan& plan) {
  uint64_t cost = 0;
  for (size_t u = 0; u < plan.steps.size(); ++u) {
    const KeyUse& use = trace.uses[u];
    cost += (use.chunks - plan.steps[u].hit) * static_cast<uint64_t>(trace.key_costs[use.key]);
  }
  return cost;
}

TEST(Residency, CostsAreNearTheOptimumOnSmallInstances) {
  std::mt19937_64 random(815);
  uint64_t planned = 0, blind = 0, least = 0;  // summed over all instances; blind: by a plan that knows no costs
  int optimal = 0, differ = 0;
  double worst = 1;
  for (int i = 0; i < 4000; ++i) {
    const uint32_t keys = 3 + static_cast<uint32_t>(random() % 3);
    Trace trace = RandomTrace(random, keys, keys == 3 ? 4 : 2, 4 + static_cast<uint32_t>(random() % 16), 2, i % 2 == 0);
    const uint64_t budget = LeastFeasibleBudget(trace).bytes + random() % 60;
    const Plan plain = SolveResidency(trace, budget).value();
    constexpr double kCosts[] = {1, 3, 10};
    for (uint32_t key = 0; key < keys; ++key) trace.key_costs.push_back(kCosts[random() % 3]);
    const auto plan = SolveResidency(trace, budget);
    ASSERT_TRUE(plan.ok()) << plan.status().message();
    ASSERT_TRUE(CheckPlan(trace, *plan, budget).ok());
    const uint64_t optimum = ExhaustiveReads(trace, budget), cost = CostOf(trace, *plan);
    ASSERT_GE(cost, optimum);
    planned += cost;
    blind += CostOf(trace, plain);
    least += optimum;
    optimal += cost == optimum;
    differ += CostOf(trace, plain) != optimum;
    worst = std::max(worst, static_cast<double>(cost) / static_cast<double>(optimum));
  }
  const double over = static_cast<double>(planned) / static_cast<double>(least);
  fmt::print("{} of 4000 optimal; above it {:.2f} % in all, {:.0f} % at worst; without costs {:.1f} %\n", optimal,
             (over - 1) * 100, (worst - 1) * 100, (static_cast<double>(blind) / static_cast<double>(least) - 1) * 100);
  EXPECT_GT(differ, 500) << "the instances say something";
  EXPECT_LT(over, 1.02);
  EXPECT_GT(optimal, 3000);
}

TEST(Residency, EqualCostsChangeNothing) {
  std::mt19937_64 random(31);
  for (int i = 0; i < 200; ++i) {
    Trace trace = RandomTrace(random, 6, 9, 60, 5, i % 2 == 0);
    const uint64_t budget = LeastFeasibleBudget(trace).bytes + random() % 200;
    const Plan plain = Solve(trace, budget);
    trace.key_costs.assign(trace.key_chunks.size(), 0.25);
    EXPECT_EQ(Solve(trace, budget).chunks_read, plain.chunks_read);
  }
}

TEST(Residency, WhatCostsMoreStaysUnlessItIsUsedMuchLater) {
  // One slot. Key 1 is dear and used twice; key 0 is cheap and used in between, often.
  const auto hits = [](double cost) {
    Trace trace = MakeTrace({1, 1}, {{1, 1}, {0, 1}, {0, 1}, {0, 1}, {0, 1}, {1, 1}});
    trace.key_costs = {1, cost};
    const Plan plan = SolveResidency(trace, 1).value();
    EXPECT_TRUE(CheckPlan(trace, plan, 1).ok());
    return std::pair(plan.steps[2].hit, plan.steps[5].hit);
  };
  EXPECT_EQ(hits(1.5), std::pair(1u, 0u)) << "three cheap reads are saved";
  EXPECT_EQ(hits(40), std::pair(0u, 1u)) << "one dear read is";
}

TEST(Residency, NeverWorseThanLruAndMonotoneInTheBudget) {
  std::mt19937_64 random(99);
  for (int i = 0; i < 60; ++i) {
    const Trace trace = RandomTrace(random, 12, 20, 300, 15, i % 2 == 0);
    uint64_t before = ~uint64_t{0};
    for (uint64_t budget = LeastFeasibleBudget(trace).bytes; budget < 3000; budget += 97) {
      const Plan plan = Solve(trace, budget);
      EXPECT_LE(plan.bytes_read, SimulateLru(trace, budget)->bytes_read);
      EXPECT_LE(plan.bytes_read, before);
      before = plan.bytes_read;
    }
    EXPECT_EQ(before, DistinctChunksUsed(trace) * trace.slot_bytes) << "with room for all, each chunk is read once";
  }
}

TEST(Residency, TheLeastBudgetWorksAndOneByteLessDoesNot) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 300; ++i) {
    Trace trace = RandomTrace(random, 4, 5, 12, 9, true);
    trace.prologue_slots = random() % 12;
    const LeastBudget least = LeastFeasibleBudget(trace);
    Solve(trace, least.bytes);
    if (least.bytes == 0) continue;
    const Status status = SolveResidency(trace, least.bytes - 1).status();
    EXPECT_EQ(status.code(), ErrorCode::kInfeasible);
    EXPECT_THAT(status.message(), HasSubstr(fmt::format("{} bytes", least.bytes)));
    EXPECT_EQ(SimulateLru(trace, least.bytes - 1).status().code(), ErrorCode::kInfeasible);
  }
}

TEST(Residency, SaysWhichOperationSetsTheLeastBudget) {
  Trace trace = MakeTrace({4, 4}, {{0, 4, 1}, {1, 4, 7}, {0, 4, 2}});
  trace.fixed_bytes = 100;
  trace.ring_slots = 3;
  EXPECT_EQ(LeastFeasibleBudget(trace).bytes, 110u);
  EXPECT_EQ(LeastFeasibleBudget(trace).op, 10);
  EXPECT_THAT(SolveResidency(trace, 50).status().message(), HasSubstr("operation 10"));
  trace.prologue_slots = 20;
  EXPECT_EQ(LeastFeasibleBudget(trace).bytes, 120u);
  EXPECT_EQ(LeastFeasibleBudget(trace).op, -1);
}

TEST(Residency, AnEmptyTraceHasAnEmptyPlan) {
  const Plan plan = Solve(MakeTrace({3}, {}), 0);
  EXPECT_TRUE(plan.steps.empty());
  EXPECT_EQ(plan.bytes_read, 0u);
}

TEST(Residency, RefusesTracesThatAreNone) {
  const auto code = [](const Trace& trace) { return SolveResidency(trace, 1000).status().code(); };
  EXPECT_EQ(code(MakeTrace({3}, {{1, 1}})), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(MakeTrace({3}, {{0, 4}})), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(MakeTrace({3}, {{0, 0}})), ErrorCode::kInvalidArgument);
  Trace trace = MakeTrace({3}, {{0, 1}});
  trace.slot_bytes = 0;
  EXPECT_EQ(code(trace), ErrorCode::kInvalidArgument);
  trace.slot_bytes = 1;
  trace.uses[0].other_slots = ~uint64_t{0};
  EXPECT_EQ(code(trace), ErrorCode::kInvalidArgument);
  trace = MakeTrace({3, 3}, {{0, 1}});
  for (const std::vector<double>& costs : {std::vector<double>{1}, {1, 0}, {1, -1}, {1, NAN}, {1, INFINITY}}) {
    trace.key_costs = costs;
    EXPECT_EQ(code(trace), ErrorCode::kInvalidArgument);
  }
}

// Every way to falsify a plan is noticed.
TEST(CheckPlan, RefusesFalsifiedPlans) {
  const Trace trace = MakeTrace({3, 3, 2}, {{0, 3}, {1, 3}, {2, 2}, {0, 2, 2}, {1, 3}, {0, 3}, {2, 2, 1}, {1, 1}});
  const uint64_t budget = 5;
  const Plan good = Solve(trace, budget);
  ASSERT_FALSE(good.evictions.empty());
  const auto refused = [&](auto falsify, const char* why) {
    Plan plan = good;
    falsify(plan);
    const Status status = CheckPlan(trace, plan, budget);
    EXPECT_EQ(status.code(), ErrorCode::kFailed) << why;
    EXPECT_THAT(status.message(), HasSubstr(why));
  };
  refused([](Plan& p) { p.steps.pop_back(); }, "steps for");
  refused([](Plan& p) { p.steps[0].hit = 1; }, "hit");
  refused([](Plan& p) { p.steps[0].keep = 4; }, "keeps");
  refused([](Plan& p) { ++p.evictions[0].chunks; }, "");
  refused([](Plan& p) { p.evictions[0].key = 9; }, "has fewer");
  refused([](Plan& p) { p.evictions[0].chunks = 0; }, "");
  refused([](Plan& p) { --p.chunks_read; }, "reads");
  refused([](Plan& p) { ++p.bytes_read; }, "reads");
  refused([](Plan& p) { --p.peak_bytes; }, "peak");
  refused([](Plan& p) { ++p.peak_key_bytes; }, "peak");
  refused([](Plan& p) { p.evictions.push_back({0, 0}); }, "evictions of no step");
  refused([](Plan& p) { p.steps[1].evictions_begin += 1; }, "do not follow");
  // A plan of a larger budget does not fit.
  const Plan larger = Solve(trace, 8);
  EXPECT_THAT(CheckPlan(trace, larger, budget).message(), HasSubstr("fit"));
}

// --- A trace of the shape of a bootstrapped network (whole keys of one chunk each).

struct Row {
  uint64_t capacity, min_misses, lru_misses;
};
// The table of the trace's README.
constexpr Row kTable[] = {{1, 1748, 1824}, {4, 1571, 1786}, {8, 1423, 1710}, {16, 1127, 1634},
                          {24, 831, 1463}, {32, 668, 1328}, {40, 524, 1138}, {48, 380, 1043},
                          {60, 164, 740},  {70, 116, 153},  {80, 80, 80}};

struct Line {
  std::string key;
  uint32_t limbs;
};

// bootstrapped.csv, from $KMRT_TRACES or beside the checkout; empty when it is nowhere.
std::vector<Line> ReadBootstrappedCsv() {
  const char* folder = std::getenv("KMRT_TRACES");
  std::ifstream file(std::string(folder != nullptr ? folder : KMRT_SHARED_TRACES) + "/bootstrapped.csv");
  std::vector<Line> lines;
  std::string line;
  std::getline(file, line);  // the header
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    std::string position, key, limbs;
    std::getline(fields, position, ',');
    std::getline(fields, key, ',');
    std::getline(fields, limbs, ',');
    lines.push_back({key, static_cast<uint32_t>(std::stoul(limbs))});
  }
  return lines;
}

// The like of it, made here: 19 times 24 rotations of a layer, 10 relinearizations, and the seven matrices of a
// bootstrap, each at its level.
std::vector<Line> GenerateBootstrapped() {
  std::vector<Line> lines;
  for (int layer = 0; layer < 19; ++layer) {
    for (int r = 0; r < 24; ++r) lines.push_back({fmt::format("conv{}", (layer * 5 + r) % 32), 8});
    for (int matrix = 0; matrix < 7; ++matrix) {
      if (matrix == 4) {
        for (uint32_t r = 0; r < 10; ++r) lines.push_back({"relin", 20 - r});
      }
      const uint32_t limbs = matrix < 4 ? 25 - static_cast<uint32_t>(matrix) : 15 - static_cast<uint32_t>(matrix);
      for (int r = 0; r < 13; ++r) lines.push_back({fmt::format("boot{}", matrix % 4 * 8 + r), limbs});
    }
  }
  return lines;
}

Trace ToTrace(const std::vector<Line>& lines, const std::function<uint32_t(uint32_t)>& chunks, uint32_t key_chunks) {
  std::map<std::string, uint32_t> keys;
  std::vector<Use> uses;
  for (const Line& line : lines) {
    const uint32_t key = keys.emplace(line.key, static_cast<uint32_t>(keys.size())).first->second;
    uses.push_back({key, chunks(line.limbs)});
  }
  return MakeTrace(std::vector<uint32_t>(keys.size(), key_chunks), uses);
}

class Bootstrapped : public ::testing::Test {
 protected:
  void SetUp() override {
    lines_ = ReadBootstrappedCsv();
    given_ = !lines_.empty();
    if (!given_) lines_ = GenerateBootstrapped();
  }
  // N = 2^16, 25 + 5 limbs, digits of 5: chunks of a key at `limbs` live limbs.
  static uint32_t Chunks(uint32_t limbs) { return (limbs + 4) / 5 * (limbs + 5); }
  static constexpr uint32_t kWhole = 5 * 30;

  std::vector<Line> lines_;
  bool given_ = false;  // the trace of the table, not the one made here
};

TEST_F(Bootstrapped, WholeKeysMissAsTheTableSays) {
  const Trace trace = ToTrace(
      lines_, [](uint32_t) { return 1; }, 1);
  if (given_) {
    ASSERT_EQ(trace.uses.size(), 2356u);
    ASSERT_EQ(trace.key_chunks.size(), 80u);
  }
  fmt::print("trace: {}, {} uses of {} keys\ncapacity  MIN misses  LRU misses\n",
             given_ ? "bootstrapped.csv" : "generated", trace.uses.size(), trace.key_chunks.size());
  for (const Row& row : kTable) {
    const Plan plan = Solve(trace, row.capacity);
    const LruResult lru = SimulateLru(trace, row.capacity).value();
    fmt::print("{:8}  {:10}  {:10}\n", row.capacity, plan.chunks_read, lru.uses_missed);
    EXPECT_LE(plan.chunks_read, lru.uses_missed);
    if (given_) {
      EXPECT_EQ(plan.chunks_read, row.min_misses);
      EXPECT_EQ(lru.uses_missed, row.lru_misses);
    }
  }
}

TEST_F(Bootstrapped, ChunksReadFewerBytesThanWholeKeys) {
  const Trace keys = ToTrace(
      lines_, [](uint32_t) { return 1; }, 1);
  const Trace chunks = ToTrace(
      lines_, [](uint32_t) { return kWhole; }, kWhole);
  const Trace levels = ToTrace(lines_, Chunks, kWhole);
  fmt::print("GB read (a chunk: 0.5 MiB)\ncapacity   keys  chunks  chunks of the level  LRU by level\n");
  const auto gigabytes = [](uint64_t count) { return static_cast<double>(count) * 524288e-9; };
  for (const Row& row : kTable) {
    const uint64_t by_key = Solve(keys, row.capacity).chunks_read * kWhole;
    const uint64_t by_chunk = Solve(chunks, row.capacity * kWhole).chunks_read;
    const uint64_t by_level = Solve(levels, row.capacity * kWhole).chunks_read;
    const uint64_t lru = SimulateLru(levels, row.capacity * kWhole)->chunks_read;
    fmt::print("{:8}  {:5.1f}  {:6.1f}  {:19.1f}  {:12.1f}\n", row.capacity, gigabytes(by_key), gigabytes(by_chunk),
               gigabytes(by_level), gigabytes(lru));
    EXPECT_LE(by_chunk, by_key);
    EXPECT_LT(by_level, by_chunk);
    EXPECT_LE(by_level, lru);
  }
  // Between two whole numbers of keys, chunks use what whole keys leave idle.
  EXPECT_LT(Solve(chunks, 16 * kWhole + kWhole / 2).chunks_read, Solve(chunks, 16 * kWhole).chunks_read);
}

// The most that this process has occupied so far, everything before this test included.
uint64_t PeakRssBytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
}

TEST(Residency, PlansAHundredThousandUsesInUnderTwoSecondsAnd500Megabytes) {
  std::mt19937_64 random(7);
  const Trace trace = RandomTrace(random, 300, 150, 100000, 500, true);
  for (uint64_t budget : {uint64_t{4096}, uint64_t{60000}, uint64_t{150000}}) {
    const std::clock_t start = std::clock();
    const auto plan = SolveResidency(trace, budget);
    const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    ASSERT_TRUE(plan.ok()) << plan.status().message();
    ASSERT_TRUE(CheckPlan(trace, *plan, budget).ok());
    EXPECT_EQ(ReadLowerBound(trace, budget, plan->cuts), plan->bytes_read);
    fmt::print("budget {:6}: {:.3f} s, {} evictions, {} of {} chunks read\n", budget, seconds, plan->evictions.size(),
               plan->chunks_read, ChunksUsed(trace));
    EXPECT_LT(seconds, 2);
  }
  fmt::print("peak of the process: {:.0f} MB\n", static_cast<double>(PeakRssBytes()) / 1e6);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // whose shadow memory counts too
  EXPECT_LT(PeakRssBytes(), 500'000'000u);
#endif
}

}  // namespace
}  // namespace keymemrt::planner
