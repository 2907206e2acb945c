// SPDX-License-Identifier: Apache-2.0
//
// How much elementary work a program's operations are, by the engine's own algorithms: what planner/machine.h turns
// into seconds. Counted in limbs, separately for moduli below and above 2^50.
#pragma once

#include <cstdint>
#include <vector>

#include "planner/machine.h"
#include "planner/timing.h"
#include "planner/trace.h"
#include "program/program.h"
#include "runtime/plan/policy.h"
#include "scheme/parameters.h"

namespace keymemrt::runtime {

// By operation, in order; key lifetimes and clears are no work. REQUIRES: Verify(program).ok(), parameters the
// program's.
std::vector<planner::Work> OperationWork(const program::Program& program, const scheme::Parameters& parameters);

// What all keys of the program take in a key store: their chunks as the files have them, narrow residues packed.
uint64_t StoredKeyBytes(const program::Program& program, const scheme::Parameters& parameters,
                        const planner::Trace& trace);

// A run of the program under a policy, for planner::PredictTime. Its rows are encoded ahead while a processor is free
// (runtime/executor/encode_ahead.h). `trace`: as MakeTrace made it, `policy` from it.
planner::TimedRun TimeRun(const program::Program& program, const scheme::Parameters& parameters,
                          const planner::Trace& trace, const Policy& policy, const planner::Machine& machine,
                          int threads);

}  // namespace keymemrt::runtime
