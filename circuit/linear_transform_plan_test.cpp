// SPDX-License-Identifier: Apache-2.0
#include "circuit/linear_transform_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <random>
#include <set>

namespace keymemrt::circuit {
namespace {

using Form = LinearTransformForm;

std::vector<int64_t> Range(int64_t first, int64_t count, int64_t stride = 1) {
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < count; ++i) indices.push_back(first + i * stride);
  return indices;
}

LinearTransformPlan Plan(const std::vector<int64_t>& indices, int64_t slots, Form form, int64_t baby_step = 0) {
  auto plan = LinearTransformPlan::Make(indices, slots, form, baby_step);
  EXPECT_TRUE(plan.ok()) << plan.status().message();
  return *plan;
}

int64_t Modulo(int64_t x, int64_t m) {
  return (x % m + m) % m;
}

// Carries the plan out on positions instead of ciphertexts: a rotated input is the sum of its rotations, a block or sum
// maps its rows to their positions. Every row must end at its index, and the rotations must be those of plan.rotations.
void CheckPlan(const LinearTransformPlan& plan, const std::vector<int64_t>& indices) {
  using Kind = LinearTransformStep::Kind;
  using Positions = std::map<size_t, int64_t>;
  const bool chained_babies = plan.form == Form::kMinimumKey;
  const bool chained_giants = chained_babies || plan.form == Form::kHorner;
  std::vector<int64_t> made;
  std::vector<Positions> blocks(plan.giants.size());
  Positions sum;
  const auto rotate = [&](Positions& positions, int64_t shift) {
    for (auto& [row, position] : positions) position = (position + shift) % plan.slots;
  };
  int64_t input = 0;
  Kind before = Kind::kBegin;
  ASSERT_EQ(plan.steps.front(), LinearTransformStep{Kind::kBegin});
  ASSERT_EQ(plan.steps.back(), LinearTransformStep{Kind::kFinish});
  for (size_t i = 1; i + 1 < plan.steps.size(); ++i) {
    const LinearTransformStep& step = plan.steps[i];
    ASSERT_GE(step.kind, before);
    before = step.kind;
    if (step.shift != 0) made.push_back(step.shift);
    if (step.kind == Kind::kBaby) {
      input = chained_babies ? (input + step.shift) % plan.slots : step.shift;
      for (const auto& term : plan.terms) {
        if (term.baby != step.index) continue;
        EXPECT_TRUE(blocks[static_cast<size_t>(term.giant)].emplace(term.row, input).second);
      }
      continue;
    }
    ASSERT_EQ(step.kind, Kind::kGiant);
    Positions block;
    if (step.index >= 0) std::swap(block, blocks[static_cast<size_t>(step.index)]);
    rotate(chained_giants ? sum : block, step.shift);
    for (const auto& [row, position] : block) EXPECT_TRUE(sum.emplace(row, position).second);
  }
  EXPECT_EQ(made, plan.rotations);
  for (const Positions& block : blocks) EXPECT_TRUE(block.empty());
  ASSERT_EQ(sum.size(), indices.size());
  for (const auto& [row, end] : sum) EXPECT_EQ(end, Modulo(indices[row], plan.slots)) << row;
  const std::set<int64_t> keys(plan.rotations.begin(), plan.rotations.end());
  EXPECT_EQ(plan.keys, std::vector<int64_t>(keys.begin(), keys.end()));
  EXPECT_FALSE(keys.contains(0));
}

TEST(LinearTransformPlanTest, ReachesEveryIndexOfRandomSets) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 300; ++round) {
    const int64_t slots = int64_t{1} << (4 + random() % 9);
    std::vector<int64_t> indices(1 + random() % 60);
    const int64_t span = 1 + static_cast<int64_t>(random() % static_cast<uint64_t>(2 * slots));
    const int64_t stride = 1 + static_cast<int64_t>(random() % 5);
    const int64_t shift = static_cast<int64_t>(random() % 100) - 50;
    for (int64_t& index : indices) {
      index = stride * (static_cast<int64_t>(random() % static_cast<uint64_t>(span))) + shift;
      if (random() % 2) index = -index;
    }
    for (const Form form : kLinearTransformForms) {
      SCOPED_TRACE(fmt::format("round {} form {} slots {}", round, ToString(form), slots));
      CheckPlan(Plan(indices, slots, form), indices);
      const int64_t forced = 1 + static_cast<int64_t>(random() % 20);
      const LinearTransformPlan plan = Plan(indices, slots, form, forced);
      EXPECT_EQ(plan.baby_step, forced);
      CheckPlan(plan, indices);
    }
  }
}

// 128 = 16 * 8 by hand.
TEST(LinearTransformPlanTest, CountsOf128DenseDiagonals) {
  const std::vector<int64_t> indices = Range(0, 128);
  const auto plan = [&](Form form) { return Plan(indices, 4096, form, 16); };
  const LinearTransformPlan bsgs = plan(Form::kBabyStepGiantStep);
  EXPECT_EQ(bsgs.key_switches(), 15 + 7);
  EXPECT_EQ(bsgs.keys.size(), 22u);
  EXPECT_EQ(bsgs.mod_ups, 1 + 7);
  EXPECT_EQ(bsgs.mod_downs, 2 * 22);
  const LinearTransformPlan hoisted = plan(Form::kDoubleHoisted);
  EXPECT_EQ(hoisted.rotations, bsgs.rotations);
  EXPECT_EQ(hoisted.mod_ups, 1 + 7);
  EXPECT_EQ(hoisted.mod_downs, 7 + 2);
  const LinearTransformPlan horner = plan(Form::kHorner);
  EXPECT_EQ(horner.key_switches(), 22);
  EXPECT_EQ(horner.keys, Range(1, 16));
  EXPECT_EQ(horner.mod_ups, 1 + 7);
  EXPECT_EQ(horner.mod_downs, 7 + 2);
  const LinearTransformPlan minimum = plan(Form::kMinimumKey);
  EXPECT_EQ(minimum.key_switches(), 22);
  EXPECT_EQ(minimum.keys, (std::vector<int64_t>{1, 16}));
  EXPECT_EQ(minimum.mod_ups, 22);
  EXPECT_EQ(minimum.mod_downs, 2 * 15 + 6 + 2);
}

TEST(LinearTransformPlanTest, TheOnlyIndexZeroNeedsNoKeyAndNoDivision) {
  for (const Form form : kLinearTransformForms) {
    for (const std::vector<int64_t>& indices : {std::vector<int64_t>{0}, {512}, {-512, 0}}) {
      const LinearTransformPlan plan = Plan(indices, 512, form);
      CheckPlan(plan, indices);
      EXPECT_TRUE(plan.keys.empty());
      EXPECT_EQ(plan.mod_ups, 0);
      EXPECT_EQ(plan.mod_downs, 0);
      EXPECT_FALSE(plan.ExtendedBlocks());
    }
  }
}

TEST(LinearTransformPlanTest, ASingleDiagonalIsOneRotation) {
  for (const Form form : kLinearTransformForms) {
    const LinearTransformPlan plan = Plan({-3}, 512, form);
    CheckPlan(plan, {-3});
    EXPECT_EQ(plan.rotations, std::vector<int64_t>{509});
    EXPECT_EQ(plan.mod_downs, 2);
  }
}

// Around zero, across the wrap, a Horner chain must not walk around the whole circle.
TEST(LinearTransformPlanTest, NegativeIndicesDoNotLengthenChains) {
  const std::vector<int64_t> indices = Range(-64, 128);
  const LinearTransformPlan horner = Plan(indices, 32768, Form::kHorner, 16);
  EXPECT_EQ(horner.key_switches(), 15 + 7);
  EXPECT_EQ(horner.keys.size(), 15u + 2);  // the gap from the last block below zero to the first above it
  const LinearTransformPlan minimum = Plan(indices, 32768, Form::kMinimumKey, 16);
  EXPECT_EQ(minimum.key_switches(), 1 + 15 + 7);
  EXPECT_EQ(minimum.keys, (std::vector<int64_t>{1, 16, 32768 - 64}));
  const LinearTransformPlan hoisted = Plan(indices, 32768, Form::kDoubleHoisted, 16);
  EXPECT_EQ(hoisted.key_switches(), 15 + 7);
}

TEST(LinearTransformPlanTest, StridesAreSeen) {
  // Multiples of 784: as cheap as a dense set.
  for (const Form form : kLinearTransformForms) {
    const LinearTransformPlan strided = Plan(Range(0, 16, 784), 1 << 15, form),
                              dense = Plan(Range(0, 16), 1 << 15, form);
    EXPECT_EQ(strided.key_switches(), dense.key_switches());
    EXPECT_EQ(strided.keys.size(), dense.keys.size());
  }
  // A 3x3 convolution on rows of 28: columns are babies, rows giants.
  std::vector<int64_t> indices;
  for (const int64_t row : {-28, 0, 28}) {
    for (const int64_t column : {-1, 0, 1}) indices.push_back(row + column);
  }
  for (const Form form : kLinearTransformForms) {
    for (const int64_t baby_step : {0, 28}) {
      const LinearTransformPlan plan = Plan(indices, 1 << 12, form, baby_step);
      CheckPlan(plan, indices);
      // Eight hoisted babies modulo QP are cheaper than a giant more.
      EXPECT_LE(plan.key_switches(), baby_step == 0 ? 8 : 5) << ToString(form);
    }
  }
  EXPECT_LE(Plan(indices, 1 << 12, Form::kBabyStepGiantStep).key_switches(), 5);
  const LinearTransformPlan minimum = Plan(indices, 1 << 12, Form::kMinimumKey);
  EXPECT_LE(minimum.key_switches(), 5);
  EXPECT_LE(minimum.keys.size(), 3u);
}

TEST(LinearTransformPlanTest, ChainsOfOneKeyStepByTheGcd) {
  // Blocks 0, 6, 10 of 16: a giant step of 32, five times.
  std::vector<int64_t> indices;
  for (const int64_t block : {0, 6, 10}) {
    for (const int64_t i : Range(0, 16)) indices.push_back(16 * block + i);
  }
  const LinearTransformPlan minimum = Plan(indices, 2048, Form::kMinimumKey, 16);
  CheckPlan(minimum, indices);
  EXPECT_EQ(minimum.giant_unit, 32);
  EXPECT_EQ(minimum.key_switches(), 15 + 5);
  // Horner's go from block to block.
  const LinearTransformPlan horner = Plan(indices, 2048, Form::kHorner, 16);
  CheckPlan(horner, indices);
  EXPECT_EQ(horner.key_switches(), 15 + 2);
  EXPECT_EQ(std::set<int64_t>(horner.rotations.begin() + 15, horner.rotations.end()), (std::set<int64_t>{64, 96}));
}

// Three rows of a kernel in each of 16 channel blocks: two keys take a chain through all of them.
TEST(LinearTransformPlanTest, GroupsOfGiantsAreTwoGaps) {
  std::vector<int64_t> indices;
  for (int64_t block = 0; block < 16; ++block) {
    for (const int64_t row : {0, 32, 64}) {
      for (const int64_t column : {0, 1, 2}) indices.push_back(1024 * block + row + column);
    }
  }
  const LinearTransformPlan plan = Plan(indices, 32768, Form::kHorner, 32);
  CheckPlan(plan, indices);
  EXPECT_EQ(plan.key_switches(), 2 + 47);
  EXPECT_EQ(plan.keys, (std::vector<int64_t>{1, 2, 32, 1024 - 64}));
}

// Whatever the indices, the chain costs nothing: not a rotation more, not a key more.
TEST(LinearTransformPlanTest, HornerTakesNoMoreThanDoubleHoisting) {
  std::mt19937_64 random(8);
  for (int round = 0; round < 300; ++round) {
    std::vector<int64_t> indices(1 + random() % 60);
    const uint64_t span = 1 + random() % 2048;
    for (int64_t& index : indices) index = static_cast<int64_t>(random() % span) - static_cast<int64_t>(random() % 50);
    const int64_t baby_step = 1 + static_cast<int64_t>(random() % 64);
    const LinearTransformPlan horner = Plan(indices, 2048, Form::kHorner, baby_step);
    const LinearTransformPlan hoisted = Plan(indices, 2048, Form::kDoubleHoisted, baby_step);
    // One more at most: where no index is a multiple of the step, all of its babies are rotated, or the last sum is.
    EXPECT_LE(horner.key_switches(), hoisted.key_switches() + 1);
    EXPECT_LE(horner.keys.size(), hoisted.keys.size() + 1);
  }
}

TEST(LinearTransformPlanTest, ChosenBabyStepsAreNoDearerThanForcedOnes) {
  for (const Form form : kLinearTransformForms) {
    const LinearTransformPlan chosen = Plan(Range(0, 128), 4096, form);
    EXPECT_LE(chosen.key_switches(), 40) << ToString(form);
    if (form == Form::kMinimumKey) {
      for (int64_t step = 1; step <= 128; step *= 2) {
        EXPECT_LE(chosen.key_switches(), Plan(Range(0, 128), 4096, form, step).key_switches());
      }
    }
  }
  // A cheaper baby makes for more of them.
  EXPECT_GE(Plan(Range(0, 1024), 4096, Form::kDoubleHoisted).baby_step,
            Plan(Range(0, 1024), 4096, Form::kBabyStepGiantStep).baby_step);
}

TEST(LinearTransformPlanTest, IndicesOfAnySizeAreTakenModuloTheSlots) {
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min(), kMost = std::numeric_limits<int64_t>::max();
  for (const Form form : kLinearTransformForms) {
    // Modulo 512: 0, 509, 511.
    const LinearTransformPlan plan = Plan({kLeast, kMost - 2, kMost}, 512, form);
    EXPECT_EQ(plan.rotations, Plan({0, 509, 511}, 512, form).rotations) << ToString(form);
  }
}

TEST(LinearTransformPlanTest, RefusesWhatItCannotPlan) {
  const std::vector<int64_t> some = {1, 2};
  EXPECT_EQ(LinearTransformPlan::Make({}, 512, Form::kHorner).status().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(LinearTransformPlan::Make(some, 500, Form::kHorner).status().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(LinearTransformPlan::Make(some, 0, Form::kHorner).status().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(LinearTransformPlan::Make(some, 512, Form::kHorner, -1).status().code(), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace keymemrt::circuit
