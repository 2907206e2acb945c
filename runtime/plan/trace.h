// SPDX-License-Identifier: Apache-2.0
//
// From a program to what the planner needs to know of it: the uses of keys in order, and the memory that everything
// else takes around each. The figures follow from the executor's and the engine's own rules, so that the predicted
// peaks are the measured ones.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/status.h"
#include "planner/trace.h"
#include "program/program.h"
#include "scheme/parameters.h"

namespace keymemrt::runtime {

// Of the ring: chunks that are read ahead of their uses, several at a time, so that a store's latency is paid once for
// them. A request takes the processor tens of microseconds whatever its size, so small chunks take turns in a ring of 2
// MiB. Each thread of the evaluator holds one chunk more.
constexpr uint32_t ReadAheadSlots(uint64_t chunk_bytes) {
  return static_cast<uint32_t>(std::clamp<uint64_t>((uint64_t{2} << 20) / chunk_bytes, 8, 32));
}

// Slots by the pool's classes. Digits count as ciphertexts; keys are not in it.
struct SlotsByClass {
  uint64_t ciphertexts = 0, plaintexts = 0, scratch = 0;

  uint64_t total() const { return ciphertexts + plaintexts + scratch; }
};
// What each operation takes at its peak, in order, what else is alive included. An upper bound for an encode of numbers
// below 2^16, for rescales on several threads, for steps of transforms, whose plaintexts count as scratch, and for rows
// that are encoded ahead (rows.h), of which there may be fewer; exact for everything else.
std::vector<SlotsByClass> OperationSlots(const program::Program& program, const scheme::Parameters& parameters,
                                         int threads);
// The most of each class, of the inputs and all operations; the three need not be at the same time.
SlotsByClass PeakSlots(const program::Program& program, const scheme::Parameters& parameters, int threads);
// Slots of the inputs.
uint64_t InputSlots(const program::Program& program);

// Bytes outside slots, whatever is run at the same time: code and libraries, the program, tables that depend on the
// parameters, stacks of all but one of `threads`.
uint64_t SharedBytes(const program::Program& program, const scheme::Parameters& parameters, int threads);
// And of each executor: its notes on operations and chunks, stacks of its caller and its readers, what its pool has not
// handed out.
uint64_t ExecutorBytes(const program::Program& program, const scheme::Parameters& parameters);

// Uses are the operations with a key, in order; keys are numbered as in the program. A lifetime also begins
// where another key was used since the key's last use: the imperative mode has one key at a time. REQUIRES:
// Verify(program).ok(), parameters the program's.
planner::Trace MakeTrace(const program::Program& program, const scheme::Parameters& parameters, int threads);

}  // namespace keymemrt::runtime
