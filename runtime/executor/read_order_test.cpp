// SPDX-License-Identifier: Apache-2.0
#include "runtime/executor/read_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program/testing/builder.h"

namespace keymemrt::runtime {
namespace {

// Q of four limbs, P of one, so four digits at level 3: limbs 0..3 and, special, 4.
scheme::Parameters TestParameters() {
  return scheme::Parameters::Create(program::TestParameters(10, 3), scheme::Security::kInsecure).value();
}

std::vector<std::pair<uint32_t, uint32_t>> All(ReadOrder order) {
  std::vector<std::pair<uint32_t, uint32_t>> items;
  while (const auto item = order.Next()) items.emplace_back(item->key, item->chunk);
  return items;
}

TEST(ReadOrder, FollowsTheEvaluator) {
  const scheme::Parameters parameters = TestParameters();
  Policy policy;
  policy.rules = {{.key = 2, .chunks = static_cast<uint32_t>(parameters.ChunkCount(1))}};
  std::vector<std::pair<uint32_t, uint32_t>> expected;
  for (const int limb : {4, 0, 1}) {
    for (int digit = 0; digit < parameters.DigitCount(1); ++digit) {
      expected.emplace_back(2, parameters.ChunkIndex(digit, limb));
    }
  }
  EXPECT_EQ(All(ReadOrder([&](uint32_t) -> const scheme::Parameters& { return parameters; }, policy, 1)), expected);
  // Two threads take two limbs side by side.
  expected.clear();
  for (const auto& limbs : {std::vector<int>{4, 0}, {1}}) {
    for (int digit = 0; digit < parameters.DigitCount(1); ++digit) {
      for (const int limb : limbs) expected.emplace_back(2, parameters.ChunkIndex(digit, limb));
    }
  }
  EXPECT_EQ(All(ReadOrder([&](uint32_t) -> const scheme::Parameters& { return parameters; }, policy, 2)), expected);
}

TEST(ReadOrder, LeavesOutWhatIsThere) {
  const scheme::Parameters parameters = TestParameters();
  const uint32_t chunks = static_cast<uint32_t>(parameters.ChunkCount(3));
  Policy policy;
  policy.rules = {{.key = 0, .chunks = chunks, .hit = chunks}, {.key = 1, .chunks = chunks, .hit = chunks - 2}};
  EXPECT_THAT(All(ReadOrder([&](uint32_t) -> const scheme::Parameters& { return parameters; }, policy, 1)),
              testing::UnorderedElementsAre(std::pair(1u, chunks - 2), std::pair(1u, chunks - 1)));
}

TEST(ReadOrder, SkipsUsesThatHaveBegun) {
  const scheme::Parameters parameters = TestParameters();
  const uint32_t chunks = static_cast<uint32_t>(parameters.ChunkCount(0));
  Policy policy;
  policy.rules = {{.key = 0, .chunks = chunks}, {.key = 1, .chunks = chunks}, {.key = 2, .chunks = chunks}};
  ReadOrder order([&](uint32_t) -> const scheme::Parameters& { return parameters; }, policy, 1);
  EXPECT_EQ(order.Next()->key, 0u);
  order.SkipTo(2);
  EXPECT_EQ(order.Next()->key, 2u);
  order.SkipTo(1);  // never backwards
  EXPECT_EQ(All(order).size(), chunks - 1);
}

}  // namespace
}  // namespace keymemrt::runtime
