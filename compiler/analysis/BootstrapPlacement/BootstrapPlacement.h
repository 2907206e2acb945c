// SPDX-License-Identifier: Apache-2.0
// Where to bootstrap a straight-line program, as a problem of its own: no IR, no scheme.
//
// A program is a list of nodes that define one ciphertext each. A bootstrap costs 1 and puts a
// value at the top level for every use from then on; a higher level is never worse. By dynamic
// programming over the list: the state after a node is the levels of all values that are still to
// be used, and of two states the one with no fewer bootstraps and no higher level anywhere is
// dropped. Residual joins are values that stay alive, nothing more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace keymemrt::compiler {

struct PlacementNode {
  std::vector<int> operands; // earlier nodes, no two equal; none: an input, at the top level
  int depth = 0;             // levels from the lowest operand to the result
  bool isBootstrap = false;  // the result is at the top level, of one operand
  bool isRefreshable = true; // may be bootstrapped (not: three components)
};

struct PlacementProblem {
  int topLevel = 0;
  std::vector<PlacementNode> nodes; // in program order
  std::vector<int> results;         // nodes that must live to the end
};

struct Placement {
  bool possible = false;
  /// No placement with fewer exists. Not so where so many values are alive at once that states had
  /// to be dropped.
  bool optimal = true;
  int bootstraps = 0; // those of the program included
  /// Value `value` is bootstrapped before node `before`, for it and all later uses.
  struct Addition {
    int value;
    int before;
    bool operator==(const Addition &) const = default;
  };
  std::vector<Addition> additions; // by `before`
  std::vector<int> removals;       // bootstraps of the program that can go; ascending
};

enum class PlacementMode {
  Keep,   // only whether the levels suffice
  Add,    // bootstraps where they are needed
  Remove, // as few as suffice of those that are there
};

/// `mostStates`: at most so many are kept after each node.
Placement placeBootstraps(const PlacementProblem &problem, PlacementMode mode,
                          size_t mostStates = 2000);

} // namespace keymemrt::compiler
