// SPDX-License-Identifier: Apache-2.0
#include "planner/key_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <set>
#include <tuple>

#include "planner/residency.h"

namespace keymemrt::planner {
namespace {

using ::testing::HasSubstr;

using Figures = std::tuple<double, uint64_t, uint64_t>;  // seconds, chunks, slots

// Seconds are whole numbers, so that sums are exact in any order.
KeySetProblem RandomProblem(std::mt19937_64& random, uint32_t keys, uint32_t demands, uint32_t candidates) {
  const auto below = [&](uint64_t n) { return static_cast<uint32_t>(random() % n); };
  KeySetProblem problem;
  problem.slot_bytes = 8;
  problem.fixed_bytes = below(100);
  problem.ring_slots = below(3);
  problem.keys = keys;
  if (below(3) == 0) {
    for (uint32_t k = 0; k < keys; ++k) problem.required.push_back(below(3) == 0 ? below(5) : 0);
  }
  for (uint32_t d = 0; d < demands; ++d) {
    Demand& demand = problem.demands.emplace_back();
    for (uint32_t c = 1 + below(candidates); c > 0; --c) {
      Candidate& candidate = demand.candidates.emplace_back();
      const uint32_t chunks = 1 + below(6);  // of its level
      for (uint32_t k = 0; k < keys; ++k) {
        if (below(3) == 0) candidate.keys.push_back({k, chunks});
      }
      for (uint32_t k = 0; k < candidate.keys.size(); ++k) {
        candidate.uses.insert(candidate.uses.end(), 1 + below(3), k);
      }
      candidate.seconds = below(20);
      candidate.slots = below(8);
    }
  }
  for (uint32_t s = demands + below(5); s > 0; --s) {
    problem.steps.push_back({.demand = below(demands), .other_slots = below(6), .seconds_after = double(below(3))});
  }
  return problem;
}

// Every combination of candidates, as it is.
std::vector<KeySetChoice> AllChoices(const KeySetProblem& problem) {
  std::vector<KeySetChoice> all;
  std::vector<uint32_t> candidates(problem.demands.size(), 0);
  for (;;) {
    KeySetChoice choice{.candidates = candidates};
    std::vector<uint32_t> stored(problem.keys, 0);
    for (uint32_t k = 0; k < problem.required.size(); ++k) stored[k] = problem.required[k];
    for (size_t d = 0; d < candidates.size(); ++d) {
      for (const auto& [key, chunks] : problem.demands[d].candidates[candidates[d]].keys) {
        stored[key] = std::max(stored[key], chunks);
      }
    }
    choice.chunks = std::accumulate(stored.begin(), stored.end(), uint64_t{0});
    for (const KeySetStep& step : problem.steps) {
      const Candidate& candidate = problem.demands[step.demand].candidates[candidates[step.demand]];
      choice.seconds += candidate.seconds;
      choice.slots = std::max(choice.slots, candidate.slots + step.other_slots);
    }
    all.push_back(choice);
    size_t d = 0;
    while (d < candidates.size() && ++candidates[d] == problem.demands[d].candidates.size()) candidates[d++] = 0;
    if (d == candidates.size()) return all;
  }
}

std::set<Figures> FrontOf(const std::vector<KeySetChoice>& choices) {
  std::set<Figures> front;
  for (const KeySetChoice& a : choices) {
    const bool dominated = std::any_of(choices.begin(), choices.end(), [&](const KeySetChoice& b) {
      return b.seconds <= a.seconds && b.chunks <= a.chunks && b.slots <= a.slots &&
             std::tie(b.seconds, b.chunks, b.slots) != std::tie(a.seconds, a.chunks, a.slots);
    });
    if (!dominated) front.insert({a.seconds, a.chunks, a.slots});
  }
  return front;
}

TEST(KeySet, IsTheFrontOfAllCombinationsOnSmallProblems) {
  std::mt19937_64 random(21);
  size_t points = 0;
  for (int i = 0; i < 3000; ++i) {
    SCOPED_TRACE(i);
    const KeySetProblem problem = RandomProblem(random, 2 + random() % 6, 1 + random() % 4, 5);
    const Result<KeySetFront> front = SolveKeySet(problem);
    ASSERT_TRUE(front.ok()) << front.status().message();
    EXPECT_TRUE(front->complete);
    std::set<Figures> figures;
    for (const KeySetChoice& choice : front->choices) {
      const Status status = CheckChoice(problem, choice);
      EXPECT_TRUE(status.ok()) << status.message();
      EXPECT_TRUE(figures.insert({choice.seconds, choice.chunks, choice.slots}).second) << "the same choice twice";
    }
    ASSERT_EQ(figures, FrontOf(AllChoices(problem)));
    points += figures.size();
  }
  EXPECT_GT(points, 6000u);
}

TEST(KeySet, LocalSearchComesCloseToTheFront) {
  // Between seconds and chunks, by several exchange rates: against the whole front, which 20,000 labels find.
  std::mt19937_64 random(22);
  double worst = 1;
  int incomplete = 0;
  for (int i = 0; i < 10; ++i) {
    const KeySetProblem problem = RandomProblem(random, 16, 7, 6);
    const KeySetFront whole = SolveKeySet(problem, 20000).value(), few = SolveKeySet(problem, 12).value();
    ASSERT_TRUE(whole.complete);
    incomplete += !few.complete;
    for (const double exchange : {0.1, 1.0, 10.0}) {
      const auto best = [&](const KeySetFront& front) {
        double best = std::numeric_limits<double>::max();
        for (const KeySetChoice& choice : front.choices) {
          best = std::min(best, choice.seconds + exchange * static_cast<double>(choice.chunks));
        }
        return best;
      };
      EXPECT_LE(best(whole), best(few));
      worst = std::max(worst, best(few) / best(whole));
    }
  }
  EXPECT_GT(incomplete, 5);
  fmt::print("local search: at most {:.3f} of the best\n", worst);
  EXPECT_LT(worst, 1.03);
}

TEST(KeySet, RepresentativesCoverTheFront) {
  std::mt19937_64 random(23);
  for (int i = 0; i < 100; ++i) {
    const KeySetFront front = SolveKeySet(RandomProblem(random, 10, 5, 6)).value();
    const std::vector<size_t> few = Representatives(front, 0.1);
    EXPECT_EQ(Representatives(front, 0).size(), front.choices.size());
    for (const KeySetChoice& choice : front.choices) {
      EXPECT_TRUE(std::any_of(few.begin(), few.end(), [&](size_t k) {
        const KeySetChoice& other = front.choices[k];
        return other.seconds <= 1.1 * choice.seconds && double(other.chunks) <= 1.1 * double(choice.chunks) &&
               double(other.slots) <= 1.1 * double(choice.slots);
      }));
    }
  }
}

TEST(KeySet, ASharedStrideBeatsTheBestOfEachAlone) {
  // Two demands, each a little faster with keys of its own.
  KeySetProblem problem;
  problem.keys = 3;
  const auto candidate = [](uint32_t key, double seconds) {
    return Candidate{.keys = {{key, 10}}, .uses = {0}, .seconds = seconds};
  };
  problem.demands = {{{candidate(0, 1.0), candidate(2, 1.1)}}, {{candidate(1, 1.0), candidate(2, 1.1)}}};
  problem.steps = {{.demand = 0}, {.demand = 1}};
  const KeySetFront front = SolveKeySet(problem).value();
  ASSERT_EQ(front.choices.size(), 2u);
  EXPECT_EQ(front.choices[0].chunks, 20u);
  EXPECT_EQ(front.choices[1].chunks, 10u);
  EXPECT_EQ(front.choices[1].candidates, (std::vector<uint32_t>{1, 1}));
}

TEST(KeySet, ARequiredKeyCostsNothing) {
  KeySetProblem problem;
  problem.keys = 2;
  problem.required = {0, 10};
  problem.demands = {{{Candidate{.keys = {{0, 10}}, .uses = {0}, .seconds = 1},
                       Candidate{.keys = {{1, 10}}, .uses = {0, 0}, .seconds = 2}}}};  // two rotations by key 1
  problem.steps = {{.demand = 0}};
  const KeySetFront front = SolveKeySet(problem).value();
  ASSERT_EQ(front.choices.size(), 2u);
  EXPECT_EQ(front.choices[1].chunks, 10u);
}

TEST(KeySet, WhatRepeatsIsDecidedOnceAndPaidEachTime) {
  KeySetProblem problem;
  problem.keys = 2;
  problem.demands = {{{Candidate{.keys = {{0, 5}, {1, 5}}, .uses = {0, 1}, .seconds = 1},
                       Candidate{.keys = {{0, 5}}, .uses = {0, 0}, .seconds = 3}}}};
  problem.steps.assign(19, {.demand = 0});
  const KeySetFront front = SolveKeySet(problem).value();
  ASSERT_EQ(front.choices.size(), 2u);
  EXPECT_EQ(front.choices[0].seconds, 19);
  EXPECT_EQ(front.choices[1].seconds, 57);
}

TEST(KeySet, RefusesProblemsAndChoicesThatAreNone) {
  std::mt19937_64 random(3);
  const KeySetProblem good = RandomProblem(random, 4, 3, 3);
  const auto code = [&](auto falsify) {
    KeySetProblem problem = good;
    falsify(problem);
    return SolveKeySet(problem).status().code();
  };
  EXPECT_EQ(code([](KeySetProblem& p) { p.demands[0].candidates.clear(); }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code([](KeySetProblem& p) { p.demands[0].candidates[0].keys = {{4, 1}}; }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code([](KeySetProblem& p) { p.demands[0].candidates[0].keys = {{1, 0}}; }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code([](KeySetProblem& p) {
              p.demands[0].candidates[0].keys = {{1, 1}, {0, 1}};
            }),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(code([](KeySetProblem& p) { p.demands[0].candidates[0].uses = {7}; }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code([](KeySetProblem& p) { p.steps.push_back({.demand = 3}); }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code([](KeySetProblem& p) { p.required = {1}; }), ErrorCode::kInvalidArgument);

  const KeySetChoice choice = SolveKeySet(good)->choices[0];
  const auto refused = [&](auto falsify) {
    KeySetChoice wrong = choice;
    falsify(wrong);
    return CheckChoice(good, wrong).code() == ErrorCode::kFailed;
  };
  EXPECT_TRUE(refused([](KeySetChoice& c) { ++c.chunks; }));
  EXPECT_TRUE(refused([](KeySetChoice& c) { ++c.slots; }));
  EXPECT_TRUE(refused([](KeySetChoice& c) { c.seconds += 1; }));
  EXPECT_TRUE(refused([](KeySetChoice& c) { c.candidates.pop_back(); }));
  EXPECT_TRUE(refused([](KeySetChoice& c) { c.candidates[0] = 99; }));
}

Machine SlowDisk() {
  Machine machine = DefaultMachine();
  machine.store = {.bytes_per_second = 8, .latency_seconds = 0, .processor_seconds_per_byte = 0};  // a chunk a second
  return machine;
}

// One demand, ten times: eight keys and fast, or one key and slower.
KeySetProblem FastOrSmall() {
  KeySetProblem problem;
  problem.slot_bytes = 8;
  problem.ring_slots = 2;
  problem.keys = 8;
  Candidate fast{.seconds = 8, .slots = 3}, small{.keys = {{0, 4}}, .seconds = 14, .slots = 5};
  for (uint32_t k = 0; k < 8; ++k) {
    fast.keys.push_back({k, 4});
    fast.uses.push_back(k);
    small.uses.push_back(0);
  }
  problem.demands = {{{fast, small}}};
  problem.steps.assign(10, {.demand = 0, .other_slots = 1});
  return problem;
}

TEST(KeySet, ForecastsCountReading) {
  const KeySetProblem problem = FastOrSmall();
  const KeySetFront front = SolveKeySet(problem).value();
  ASSERT_EQ(front.choices.size(), 2u);
  const ChoiceForecast fast = ForecastChoice(problem, front.choices[0], 0, SlowDisk(), 1).value();
  EXPECT_EQ(fast.key_bytes_stored, 8u * 32);
  EXPECT_EQ(fast.key_bytes_read, 8u * 32);
  EXPECT_EQ(fast.least_bytes, 8u * (1 + 3 + 2));
  EXPECT_EQ(fast.peak_bytes, 8u * (1 + 3 + 2 + 32));
  EXPECT_NEAR(fast.time.compute_seconds, 80, 1e-9);
  const ChoiceForecast least = ForecastChoice(problem, front.choices[0], fast.least_bytes, SlowDisk(), 1).value();
  EXPECT_EQ(least.key_bytes_read, 8u * 320);
  EXPECT_GE(least.time.wall_seconds, 320);
  EXPECT_EQ(ForecastChoice(problem, front.choices[0], fast.least_bytes - 1, SlowDisk(), 1).status().code(),
            ErrorCode::kInfeasible);
}

TEST(KeySet, PicksByBudgetAndWish) {
  const KeySetProblem problem = FastOrSmall();
  const KeySetFront front = SolveKeySet(problem).value();
  const auto pick = [&](Optimize optimize, uint64_t slots) {
    return front.choices[PickChoice(problem, front, optimize, 8 * slots, SlowDisk(), 1).value()].candidates[0];
  };
  EXPECT_EQ(pick(Optimize::kTime, 0), 0u);
  EXPECT_EQ(pick(Optimize::kTime, 12), 1u) << "one key stays where eight do not fit";
  EXPECT_EQ(pick(Optimize::kMemory, 0), 0u) << "it takes fewer slots beside its keys";
  EXPECT_EQ(pick(Optimize::kUpload, 0), 1u);
  EXPECT_EQ(pick(Optimize::kUpload, 7), 0u) << "the other does not fit";
  const Status status = PickChoice(problem, front, Optimize::kTime, 8 * 5, SlowDisk(), 1).status();
  EXPECT_EQ(status.code(), ErrorCode::kInfeasible);
  EXPECT_THAT(status.message(), HasSubstr("48 bytes"));
  EXPECT_EQ(pick(Optimize::kTime, 6), 0u) << "the least feasible budget works";
}

}  // namespace
}  // namespace keymemrt::planner
