// SPDX-License-Identifier: Apache-2.0
//
// Which rotation keys a program has, over the whole program at once. Each place of the program that needs keys, a
// *demand*, can be carried out in several ways, its *candidates*: a linear transform in several forms and with several
// baby steps, a rotation by its own key or as two rotations by keys that others need anyway. A key that several demands
// use is stored once, so the choices hang together. Problem, solver and checker are apart; planner/transforms.h makes
// problems of linear transforms.
//
// What is weighed:
//   chunks   of all keys stored: what a client makes, uploads and a server keeps
//   slots    the most that a demand takes beside keys and operand: the memory that no plan can do without
//   seconds  of computing
// The solver returns the choices that no other one is at least as good as in all three. How long a choice runs within a
// memory budget, reading included, is what ForecastChoice says.
//
// Solver. Demand after demand, partial choices (*labels*) are extended by every candidate. Label A makes label B
// superfluous when A is no worse in seconds and slots and, whatever keys the later demands need, in chunks: with a_k,
// b_k chunks of key k had and at most f_k chunks of it needed later, A never stores more than B if
//     sum over k of max over 0 <= c <= f_k of (max(a_k, c) - max(b_k, c)) <= 0.
// What is left at the end is the whole front, unless there were more labels than the limit. Then the choices are those
// that local search finds: least in seconds and chunks weighed against each other in several ways, within several
// limits on slots, by changing one demand at a time or all that need a key to others that do not.
#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "planner/machine.h"
#include "planner/timing.h"
#include "planner/trace.h"

namespace keymemrt::planner {

struct NeededKey {
  uint32_t key = 0;
  uint32_t chunks = 0;  // a prefix of so many, at least 1

  bool operator==(const NeededKey&) const = default;
};

struct Candidate {
  std::vector<NeededKey> keys;  // ascending, no two equal
  std::vector<uint32_t> uses;   // indices into `keys`, in the order of key switches: the trace of one execution
  double seconds = 0;           // of one execution
  uint64_t slots = 0;           // beside keys and operand, at the peak
};

struct Demand {
  std::vector<Candidate> candidates;  // at least one
};

// One execution of a demand. What repeats (layers, bootstraps) is one demand with several steps, decided once.
struct KeySetStep {
  uint32_t demand = 0;
  uint64_t other_slots = 0;  // what the rest of the program holds meanwhile and until the next step
  double seconds_after = 0;  // of the operations until the next step
};

struct KeySetProblem {
  uint64_t slot_bytes = 1;
  uint64_t fixed_bytes = 0, ring_slots = 0;  // as in Trace
  double seconds_before = 0;                 // of the operations before the first step
  uint32_t keys = 0;                         // keys are numbered 0..keys-1
  std::vector<uint32_t> required;            // by key: chunks that are stored in any case; or empty
  std::vector<Demand> demands;
  std::vector<KeySetStep> steps;  // in order of execution
};

// kInvalidArgument, naming the demand: no candidates, keys out of order or range, uses of none, steps of none.
Status CheckProblem(const KeySetProblem& problem);

struct KeySetChoice {
  std::vector<uint32_t> candidates;  // by demand
  uint64_t chunks = 0;               // of all keys
  uint64_t slots = 0;
  double seconds = 0;  // of all steps, without what is between them

  bool operator==(const KeySetChoice&) const = default;
};

struct KeySetFront {
  std::vector<KeySetChoice> choices;  // by ascending seconds
  bool complete = true;               // no choice is missing; false: found by local search
};

// The front; by local search where it takes more than `most_labels` partial choices at a time. kInvalidArgument:
// CheckProblem's.
Result<KeySetFront> SolveKeySet(const KeySetProblem& problem, size_t most_labels = 1000);

// Fewer choices to look at: every one of the front is, within `tolerance` (0.1: ten percent) in each figure, no better
// than one of these. Indices into front.choices, ascending.
std::vector<size_t> Representatives(const KeySetFront& front, double tolerance);

// Chunks stored, by key, under a choice of candidates (by demand, in range).
std::vector<uint32_t> ChunksStored(const KeySetProblem& problem, const std::vector<uint32_t>& candidates);

// Evaluates the choice anew: kFailed when its figures are not those of its candidates.
Status CheckChoice(const KeySetProblem& problem, const KeySetChoice& choice);

// A run under a choice, in mode planned: residency by SolveResidency, time by PredictTime.
struct ChoiceForecast {
  uint64_t least_bytes = 0;  // the least feasible budget
  uint64_t peak_bytes = 0;   // of the process, within the budget
  uint64_t key_bytes_stored = 0;
  uint64_t key_bytes_read = 0;
  TimePrediction time;
};
// `budget_bytes` 0: as much as it takes to read each chunk once. kInfeasible: the message holds the least budget.
Result<ChoiceForecast> ForecastChoice(const KeySetProblem& problem, const KeySetChoice& choice, uint64_t budget_bytes,
                                      const Machine& machine, int threads);

// What a choice is to be best at; what is equal in that is decided by the others, time first.
enum class Optimize : uint8_t {
  kTime,    // within the budget
  kMemory,  // the least feasible budget
  kUpload,  // bytes of keys
};
// The best choice that runs within the budget (0: any), an index into front.choices. kInfeasible: none does; the
// message holds the least budget with which one would.
Result<size_t> PickChoice(const KeySetProblem& problem, const KeySetFront& front, Optimize optimize,
                          uint64_t budget_bytes, const Machine& machine, int threads);

}  // namespace keymemrt::planner
