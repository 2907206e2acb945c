// SPDX-License-Identifier: Apache-2.0
//
// Engine: what all runs of one program share, whoever's keys they use: the program, the tables that depend on its
// parameters, the worker threads. Immutable but for the workers, so several executors may use it at once.
#pragma once

#include <memory>
#include <vector>

#include "base/status.h"
#include "base/thread_pool.h"
#include "circuit/linear_transform_plan.h"
#include "lattice/encoding/encoder.h"
#include "lattice/ring/context.h"
#include "planner/trace.h"
#include "program/program.h"
#include "runtime/plan/liveness.h"
#include "runtime/plan/rows.h"

namespace keymemrt::runtime {

struct Engine {
  // `threads` evaluate, the callers' among them: runs at the same time take turns at the others. 0: one per processor.
  // kInvalidArgument: a negative number; CheckedParameters' errors.
  static Result<std::unique_ptr<const Engine>> Create(program::Program program, int threads);

  const scheme::Parameters& parameters() const { return context.parameters(); }
  int threads() const { return workers.size(); }

  const program::Program program;
  const Liveness liveness;
  const std::vector<circuit::LinearTransformPlan> plans;  // of the program's transforms
  const std::vector<PlaintextRow> rows;
  const lattice::Context context;
  const lattice::Encoder encoder;
  mutable ThreadPool workers;
  const planner::Trace trace;  // of a process that has one executor

 private:
  Engine(program::Program the_program, const scheme::Parameters& parameters, int threads);
};

}  // namespace keymemrt::runtime
