// SPDX-License-Identifier: Apache-2.0
//
// What a program takes, before any key exists: the facts that `keymemrt explain` tells, as text, JSON and a plot.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "planner/machine.h"
#include "planner/residency.h"
#include "planner/timing.h"
#include "program/program.h"
#include "runtime/plan/policy.h"
#include "runtime/plan/rows.h"
#include "runtime/plan/trace.h"

namespace keymemrt::tools {

// What forecasts are made of.
struct Subject {
  const program::Program& program;
  const scheme::Parameters& parameters;
  const planner::Machine& machine;
  int threads = 1;
  planner::Trace trace;                     // as runtime::MakeTrace makes it
  std::vector<runtime::PlaintextRow> rows;  // as runtime::RowsOf makes them
};

// A run in a mode within a budget.
struct Forecast {
  runtime::Mode mode;
  uint64_t budget = 0;  // 0: as much as it takes
  Result<runtime::Policy> policy;
  // When the policy is ok.
  planner::TimePrediction time;
  uint64_t chunks_hit = 0;
  int disk_bound_threads = 0;  // from so many threads on reading takes longer than computing; 0: not up to kMostThreads
};
inline constexpr int kMostThreads = 1024;

// A set of keys that the model could be compiled with (keymemrt-compile --key-sets), as the compiler foresees it.
struct KeySet {
  int keys = 0;
  uint64_t key_bytes = 0;    // in memory
  uint64_t least_bytes = 0;  // of slots
  double seconds = 0;        // of computing transforms, rotations and relinearizations
  double wall_seconds = 0;   // and of reading each key once meanwhile
};

struct Explanation {
  std::string machine_source;  // for people: where the times come from
  double line_bits_per_second = 0;
  planner::LeastBudget least;
  runtime::SlotsByClass peak;  // beside keys, in any mode
  uint64_t key_store_bytes = 0;
  std::vector<Forecast> forecasts;
  std::vector<KeySet> key_sets;  // of a model, by ascending seconds; of a program none
};

// Every mode without a budget, and mode planned with each of `budgets`.
Explanation Explain(const Subject& subject, const std::vector<uint64_t>& budgets, double line_bits_per_second,
                    std::string machine_source);

std::string ToText(const Subject& subject, const Explanation& explanation);
std::string ToJson(const Subject& subject, const Explanation& explanation);
// Time over budget, from the least feasible one to where every key stays, as SVG.
std::string PlotTime(const Subject& subject, const Explanation& explanation);

}  // namespace keymemrt::tools
