// SPDX-License-Identifier: Apache-2.0
// Where to bootstrap; see BootstrapPlacement.h.

#include "compiler/analysis/BootstrapPlacement/BootstrapPlacement.h"

#include <algorithm>
#include <memory>
#include <numeric>

namespace keymemrt::compiler {

namespace {

/// What was decided on the way to a state, newest first.
struct Decision {
  bool isRemoval;
  int node; // removed, or before which
  int value;
  std::shared_ptr<const Decision> before;
};

struct State {
  std::vector<int> levels; // of the values alive, in the order of `alive`
  int bootstraps = 0;
  std::shared_ptr<const Decision> decisions;
};

/// Whether `a` makes `b` superfluous.
bool dominates(const State &a, const State &b) {
  return a.bootstraps <= b.bootstraps &&
         std::equal(a.levels.begin(), a.levels.end(), b.levels.begin(), std::greater_equal<>());
}

class Solver {
public:
  Solver(const PlacementProblem &problem, PlacementMode mode, size_t mostStates)
      : problem(problem), mode(mode), mostStates(mostStates), lastUse(problem.nodes.size(), -1) {
    for (size_t i = 0; i < problem.nodes.size(); ++i)
      for (int operand : problem.nodes[i].operands)
        lastUse[operand] = static_cast<int>(i);
    for (int result : problem.results)
      lastUse[result] = static_cast<int>(problem.nodes.size());
  }

  Placement run() {
    states = {State()};
    for (size_t i = 0; i < problem.nodes.size() && !states.empty(); ++i)
      step(static_cast<int>(i));
    if (states.empty())
      return placement;
    const State &best =
        *std::min_element(states.begin(), states.end(), [](const State &a, const State &b) {
          return a.bootstraps < b.bootstraps;
        });
    placement.possible = true;
    placement.bootstraps = best.bootstraps;
    for (const Decision *decision = best.decisions.get(); decision;
         decision = decision->before.get())
      if (decision->isRemoval)
        placement.removals.push_back(decision->node);
      else
        placement.additions.push_back({decision->value, decision->node});
    std::reverse(placement.removals.begin(), placement.removals.end());
    std::reverse(placement.additions.begin(), placement.additions.end());
    return std::move(placement);
  }

private:
  void step(int number) {
    const PlacementNode &node = problem.nodes[number];
    std::vector<size_t> positions; // of operands among those alive
    for (int operand : node.operands)
      positions.push_back(std::find(alive.begin(), alive.end(), operand) - alive.begin());
    std::vector<State> next;
    for (const State &state : states)
      refresh(state, node, number, positions, 0, next);

    std::vector<size_t> staying;
    std::vector<int> aliveAfter;
    for (size_t i = 0; i < alive.size(); ++i)
      if (lastUse[alive[i]] > number) {
        staying.push_back(i);
        aliveAfter.push_back(alive[i]);
      }
    const bool used = lastUse[number] > number;
    if (used)
      aliveAfter.push_back(number);
    for (State &state : next) {
      std::vector<int> levels;
      for (size_t i : staying)
        levels.push_back(state.levels[i]);
      if (used)
        levels.push_back(state.levels.back());
      state.levels = std::move(levels);
    }
    alive = std::move(aliveAfter);
    states = prune(std::move(next));
  }

  /// Every choice of bootstraps of the operands from number `i` on, then the node itself.
  void refresh(const State &state, const PlacementNode &node, int number,
               const std::vector<size_t> &positions, size_t i, std::vector<State> &next) {
    if (i == positions.size())
      return execute(state, node, number, positions, next);
    refresh(state, node, number, positions, i + 1, next);
    const int operand = node.operands[i];
    if (mode != PlacementMode::Add || !problem.nodes[operand].isRefreshable ||
        problem.nodes[operand].isBootstrap || node.isBootstrap ||
        state.levels[positions[i]] == problem.topLevel)
      return;
    State refreshed = state;
    refreshed.levels[positions[i]] = problem.topLevel;
    ++refreshed.bootstraps;
    refreshed.decisions = std::make_shared<const Decision>(
        Decision{false, number, operand, std::move(refreshed.decisions)});
    refresh(refreshed, node, number, positions, i + 1, next);
  }

  void execute(const State &state, const PlacementNode &node, int number,
               const std::vector<size_t> &positions, std::vector<State> &next) {
    int level = problem.topLevel;
    for (size_t position : positions)
      level = std::min(level, state.levels[position]);
    if (!node.isBootstrap) {
      if (level < node.depth)
        return;
      next.push_back(state);
      next.back().levels.push_back(level - node.depth);
      return;
    }
    next.push_back(state);
    next.back().levels.push_back(problem.topLevel);
    ++next.back().bootstraps;
    if (mode != PlacementMode::Remove)
      return;
    next.push_back(state);
    next.back().levels.push_back(level);
    next.back().decisions = std::make_shared<const Decision>(
        Decision{true, number, number, std::move(next.back().decisions)});
  }

  std::vector<State> prune(std::vector<State> candidates) {
    // Fewest bootstraps first, and among equals the highest levels: nothing later dominates
    // something earlier.
    std::sort(candidates.begin(), candidates.end(), [](const State &a, const State &b) {
      if (a.bootstraps != b.bootstraps)
        return a.bootstraps < b.bootstraps;
      return std::accumulate(a.levels.begin(), a.levels.end(), 0) >
             std::accumulate(b.levels.begin(), b.levels.end(), 0);
    });
    std::vector<State> kept;
    for (State &candidate : candidates) {
      // Bootstrapping all that is alive would cost no more than this.
      if (mode == PlacementMode::Add && !kept.empty() &&
          candidate.bootstraps >
              kept.front().bootstraps + static_cast<int>(candidate.levels.size()))
        break;
      if (std::any_of(kept.begin(), kept.end(),
                      [&](const State &other) { return dominates(other, candidate); }))
        continue;
      if (kept.size() == mostStates) {
        placement.optimal = false;
        break;
      }
      kept.push_back(std::move(candidate));
    }
    return kept;
  }

  const PlacementProblem &problem;
  const PlacementMode mode;
  const size_t mostStates;
  std::vector<int> lastUse; // by node
  std::vector<int> alive;
  std::vector<State> states;
  Placement placement;
};

} // namespace

/// Whether the levels suffice for a program as it is.
static bool suffices(const PlacementProblem &problem) {
  std::vector<int> levels;
  for (const PlacementNode &node : problem.nodes) {
    int level = problem.topLevel;
    for (int operand : node.operands)
      level = std::min(level, levels[operand]);
    if (!node.isBootstrap && level < node.depth)
      return false;
    levels.push_back(node.isBootstrap ? problem.topLevel : level - node.depth);
  }
  return true;
}

Placement placeBootstraps(const PlacementProblem &problem, PlacementMode mode, size_t mostStates) {
  // Without a choice there is no state to keep, of which each is as large as what is alive.
  const auto bootstraps = std::count_if(problem.nodes.begin(), problem.nodes.end(),
                                        [](const PlacementNode &node) { return node.isBootstrap; });
  if (mode == PlacementMode::Keep || (mode == PlacementMode::Remove && bootstraps == 0) ||
      (mode == PlacementMode::Add && suffices(problem))) {
    Placement placement;
    placement.possible = suffices(problem);
    placement.bootstraps = placement.possible ? static_cast<int>(bootstraps) : 0;
    return placement;
  }
  return Solver(problem, mode, mostStates).run();
}

} // namespace keymemrt::compiler
