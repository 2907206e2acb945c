// SPDX-License-Identifier: Apache-2.0
//
// Runs a compiled program on ciphertexts, with the keys on disk, within a memory budget.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/slot_pool.h"
#include "base/status.h"
#include "lattice/ring/poly.h"
#include "planner/machine.h"
#include "runtime/executor/engine.h"
#include "runtime/executor/weights.h"
#include "runtime/keystore/key_store.h"
#include "runtime/plan/policy.h"
#include "runtime/telemetry/recorder.h"
#include "runtime/telemetry/stats.h"

namespace keymemrt::runtime {

struct RunOptions {
  Mode mode = Mode::kPlanned;
  uint64_t budget_bytes = 0;  // of a process with this executor alone; 0: as much as it takes
  // Called after each operation, on the calling thread.
  std::function<void(size_t done, size_t total)> progress;
  // Filled by each run, which also counts its memory; null: nothing is recorded. Must outlive the executor.
  Recorder* recorder = nullptr;
  // What is kept in memory depends on what reading and encoding take.
  planner::Machine machine = planner::DefaultMachine();
};

// One program on one client's keys: planned once, run any number of times, one run at a time. Executors of one engine
// may run at the same time.
class Executor {
 public:
  // What will be in memory when, and what that takes in a process with this executor alone. kInfeasible: the budget is
  // too small, the message holds the least one.
  static Result<Policy> Plan(const Engine& engine, const RunOptions& options);

  // Plans, and takes the memory of the plan's peak from the system, so that no run waits for that. `engine` and `store`
  // must outlive the executor. Errors: Plan's; kCorrupt: the store lacks keys of the
  // program, or is of other parameters.
  static Result<std::unique_ptr<Executor>> Create(const Engine& engine, const KeyStore& store,
                                                  const RunOptions& options);
  ~Executor();

  // Where inputs must live, and outputs do.
  SlotPool& pool();
  const scheme::Parameters& parameters() const;

  // Consumes the inputs. `weights` may be null when the program has none (kInvalidArgument otherwise).
  // kInvalidArgument: a wrong number of inputs; kCorrupt: an input of another level, scale or number of parts than the
  // program's, or a damaged chunk of a key; else what `weights` ends in. Messages name the operation's place in the
  // user's model.
  Result<std::vector<lattice::Ciphertext>> Run(WeightSource* weights, std::vector<lattice::Ciphertext> inputs);

  // Of the last run.
  const Stats& stats() const;

 private:
  struct Impl;
  explicit Executor(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace keymemrt::runtime
