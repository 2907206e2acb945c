// SPDX-License-Identifier: Apache-2.0
//
// Plaintexts that a program encodes more than once: the diagonals of CoeffToSlot and SlotToCoeff in every bootstrap,
// masks, constants. What is worth keeping of one are its rounded coefficients (lattice::RoundedCoefficients): one slot,
// two at large scales, whatever the level, which save what an encoding takes once. The limbs, made of them at each use,
// would take tens of slots to save not much more.
#pragma once

#include <cstdint>
#include <vector>

#include "planner/machine.h"
#include "planner/trace.h"
#include "program/program.h"
#include "runtime/plan/policy.h"
#include "runtime/plan/rows.h"
#include "scheme/parameters.h"

namespace keymemrt::runtime {

// Of how many values a plaintext's row is, repeated through the slots.
int64_t PeriodOf(const program::Program& program, const program::Op& encode);
int64_t PeriodOf(const program::Program& program, const program::Transform& transform, size_t row);

struct RepeatedPlaintexts {
  std::vector<uint32_t> slots;   // by plaintext: of its coefficients, at most
  std::vector<int64_t> periods;  // by plaintext
  struct Use {
    uint32_t op = 0;
    uint32_t row = 0;  // among RowsOf's
    uint32_t plaintext = 0;
  };
  // By operation. The uses of a plaintext are in different operations, at least two; those before the first use of a
  // key are left out, as are those after the first of the same operation.
  std::vector<Use> uses;
};
RepeatedPlaintexts FindRepeatedPlaintexts(const program::Program& program, const scheme::Parameters& parameters,
                                          const std::vector<PlaintextRow>& rows);

// What a chunk of a key and a plaintext cost that are not there, in seconds.
struct MissCosts {
  double chunk = 0;
  std::vector<double> plaintexts;  // by plaintext: of each of its slots
};
// Which chunks of keys and which plaintexts share the budget: rules, releases and predictions of a policy of mode
// planned. `trace` and `slots_by_op` as MakeTrace makes them. kInfeasible: as planner::SolveResidency of the trace.
Result<Policy> ShareMemory(const planner::Trace& trace, const std::vector<uint64_t>& slots_by_op, size_t rows,
                           const RepeatedPlaintexts& plaintexts, const MissCosts& costs, uint64_t budget_bytes);

// What a run is planned for.
struct PlannedProgram {
  const program::Program& program;
  const scheme::Parameters& parameters;
  const planner::Trace& trace;            // MakeTrace's
  const std::vector<PlaintextRow>& rows;  // RowsOf's
  const planner::Machine& machine;
  int threads = 1;
};
// MakePolicy's, and in mode planned plaintexts are kept in the same budget where the run is predicted to be faster so:
// of several exchange rates between reading and encoding the one with which it ends first. Errors: MakePolicy's.
Result<Policy> PlanRun(const PlannedProgram& what, Mode mode, uint64_t budget_bytes);

}  // namespace keymemrt::runtime
