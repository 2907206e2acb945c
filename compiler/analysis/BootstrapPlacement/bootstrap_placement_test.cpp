// SPDX-License-Identifier: Apache-2.0
// Placements are carried out and counted anew, and no exhaustive search finds fewer bootstraps.

#include "compiler/analysis/BootstrapPlacement/BootstrapPlacement.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <random>

namespace keymemrt::compiler {
namespace {

/// The bootstraps of a program with these changes; nullopt where it runs out of levels.
std::optional<int> carryOut(const PlacementProblem &problem,
                            const std::vector<Placement::Addition> &additions,
                            const std::vector<int> &removals) {
  std::vector<int> levels;
  int bootstraps = 0;
  for (size_t i = 0; i < problem.nodes.size(); ++i) {
    for (const Placement::Addition &addition : additions)
      if (addition.before == static_cast<int>(i)) {
        levels[addition.value] = problem.topLevel;
        ++bootstraps;
      }
    const PlacementNode &node = problem.nodes[i];
    int level = problem.topLevel;
    for (int operand : node.operands)
      level = std::min(level, levels[operand]);
    if (node.isBootstrap && !std::count(removals.begin(), removals.end(), static_cast<int>(i))) {
      level = problem.topLevel;
      ++bootstraps;
    } else if ((level -= node.depth) < 0) {
      return std::nullopt;
    }
    levels.push_back(level);
  }
  return bootstraps;
}

/// By trying everything.
std::optional<int> fewest(const PlacementProblem &problem, PlacementMode mode) {
  std::optional<int> best;
  std::vector<int> levels;
  const std::function<void(size_t, int)> go = [&](size_t i, int bootstraps) {
    if (best && bootstraps >= *best)
      return;
    if (i == problem.nodes.size()) {
      best = bootstraps;
      return;
    }
    const PlacementNode &node = problem.nodes[i];
    const std::vector<int> before = levels;
    const size_t choices = mode == PlacementMode::Add ? size_t{1} << node.operands.size() : 1;
    for (size_t choice = 0; choice < choices; ++choice) {
      int cost = 0;
      bool allowed = true;
      for (size_t k = 0; k < node.operands.size(); ++k)
        if (choice >> k & 1) {
          allowed &= problem.nodes[node.operands[k]].isRefreshable;
          levels[node.operands[k]] = problem.topLevel;
          ++cost;
        }
      int level = problem.topLevel;
      for (int operand : node.operands)
        level = std::min(level, levels[operand]);
      if (allowed && node.isBootstrap) {
        levels.push_back(problem.topLevel);
        go(i + 1, bootstraps + cost + 1);
        levels.pop_back();
      }
      if (allowed && level >= node.depth && (!node.isBootstrap || mode == PlacementMode::Remove)) {
        levels.push_back(level - node.depth);
        go(i + 1, bootstraps + cost);
        levels.pop_back();
      }
      levels = before;
    }
  };
  go(0, 0);
  return best;
}

PlacementProblem randomProblem(std::mt19937_64 &random, bool bootstraps) {
  const auto below = [&](int bound) {
    return static_cast<int>(random() % static_cast<uint64_t>(bound));
  };
  PlacementProblem problem;
  problem.topLevel = 1 + below(4);
  const int count = 4 + below(7);
  for (int i = 0; i < count; ++i) {
    PlacementNode node;
    if (i > 0 && below(8) > 0) {
      node.operands = {i - 1 - below(std::min(i, 4))};
      if (const int other = below(i); below(2) && other != node.operands[0])
        node.operands.push_back(other);
      node.depth = below(std::min(problem.topLevel, 2) + 1);
      node.isRefreshable = below(5) > 0;
    }
    if (bootstraps && node.operands.size() == 1 && below(3) == 0)
      node = {node.operands, 0, true, true};
    problem.nodes.push_back(node);
  }
  problem.results = {count - 1};
  return problem;
}

TEST(BootstrapPlacement, PlacesTheFewest) {
  std::mt19937_64 random(1);
  int placed = 0, impossible = 0;
  for (int i = 0; i < 400; ++i) {
    const PlacementProblem problem = randomProblem(random, i % 2 == 0);
    const Placement placement = placeBootstraps(problem, PlacementMode::Add);
    const std::optional<int> wanted = fewest(problem, PlacementMode::Add);
    ASSERT_EQ(placement.possible, wanted.has_value()) << i;
    if (!wanted) {
      ++impossible;
      continue;
    }
    EXPECT_TRUE(placement.optimal);
    ASSERT_EQ(placement.bootstraps, *wanted) << i;
    ASSERT_EQ(carryOut(problem, placement.additions, {}), wanted) << i;
    EXPECT_TRUE(placement.removals.empty());
    for (const Placement::Addition &addition : placement.additions)
      EXPECT_TRUE(problem.nodes[addition.value].isRefreshable);
    placed += !placement.additions.empty();
  }
  EXPECT_GT(placed, 50);
  EXPECT_GT(impossible, 0);
}

TEST(BootstrapPlacement, RemovesTheMost) {
  std::mt19937_64 random(2);
  int removed = 0;
  for (int i = 0; i < 400; ++i) {
    const PlacementProblem problem = randomProblem(random, true);
    const Placement placement = placeBootstraps(problem, PlacementMode::Remove);
    const std::optional<int> wanted = fewest(problem, PlacementMode::Remove);
    ASSERT_EQ(placement.possible, wanted.has_value()) << i;
    if (!wanted)
      continue;
    ASSERT_EQ(placement.bootstraps, *wanted) << i;
    ASSERT_EQ(carryOut(problem, {}, placement.removals), wanted) << i;
    removed += !placement.removals.empty();
  }
  EXPECT_GT(removed, 50);
}

TEST(BootstrapPlacement, KeepsWhatIsThere) {
  PlacementProblem problem{1, {{}, {{0}, 1}, {{1}, 0, true}, {{2}, 1}}, {3}};
  EXPECT_EQ(placeBootstraps(problem, PlacementMode::Keep).bootstraps, 1);
  problem.nodes.push_back({{3}, 1});
  problem.results = {4};
  EXPECT_FALSE(placeBootstraps(problem, PlacementMode::Keep).possible);
}

/// Residual blocks: one bootstrap before the branch serves both ways, where greedy placement at
/// each way's end takes two.
TEST(BootstrapPlacement, BootstrapsBeforeABranchRatherThanOnBothSides) {
  // 0 -> 1 (depth 2), then 1 -> 2 -> 3 (depth 1 each) and 1 -> 4 (depth 1), joined by 5.
  const PlacementProblem problem{3, {{}, {{0}, 2}, {{1}, 1}, {{2}, 1}, {{1}, 2}, {{3, 4}}}, {5}};
  const Placement placement = placeBootstraps(problem, PlacementMode::Add);
  EXPECT_EQ(placement.bootstraps, 1);
  ASSERT_EQ(placement.additions.size(), 1u);
  EXPECT_EQ(placement.additions[0].value, 1);
}

TEST(BootstrapPlacement, TakesLongNetworks) {
  // 2000 residual blocks of depth 5 at 9 levels.
  PlacementProblem problem;
  problem.topLevel = 9;
  problem.nodes.push_back({});
  for (int block = 0; block < 2000; ++block) {
    const int in = static_cast<int>(problem.nodes.size()) - 1;
    problem.nodes.push_back({{in}, 1});
    problem.nodes.push_back({{in + 1}, 3});
    problem.nodes.push_back({{in + 2}, 1});
    problem.nodes.push_back({{in, in + 3}});
  }
  problem.results = {static_cast<int>(problem.nodes.size()) - 1};
  const Placement placement = placeBootstraps(problem, PlacementMode::Add);
  EXPECT_TRUE(placement.possible && placement.optimal);
  EXPECT_EQ(carryOut(problem, placement.additions, {}), placement.bootstraps);
}

} // namespace
} // namespace keymemrt::compiler
