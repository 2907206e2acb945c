// SPDX-License-Identifier: Apache-2.0
//
// EncodeAhead: a program's cleartext rows, encoded before the operations that need them come, in time that nobody else
// wants. A thread of the lowest priority takes one row after the other in the program's order, a few ahead of the
// evaluator and no further, so that weights stay on disk; whoever needs a row that is not ready encodes it himself, so
// nobody waits for that thread.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "base/slot_pool.h"
#include "lattice/linear/linear_transform.h"
#include "runtime/executor/rows.h"
#include "runtime/plan/rows.h"

namespace keymemrt::runtime {

class EncodeAhead {
 public:
  // `known`: rows that need not be encoded, by their number; or empty. The other arguments must outlive the object.
  EncodeAhead(const Engine& engine, WeightSource* weights, SlotPool& pool, std::vector<bool> known = {});
  ~EncodeAhead();
  EncodeAhead(const EncodeAhead&) = delete;
  EncodeAhead& operator=(const EncodeAhead&) = delete;

  // Ends the thread: it takes no more slots, and the pool's figures are final as far as it is concerned.
  void Stop();

  // As TermsAhead: `row` counts those of engine.rows. Asked for in their order, operation by operation.
  lattice::TermsAhead::Answer Take(size_t row, lattice::RoundedCoefficients& coefficients);
  void Insist(size_t row);
  // Rows that were ready when they were asked for.
  uint64_t taken_ready() const;

 private:
  void Run();

  const Engine& engine_;
  RowReader reader_;
  SlotPool& pool_;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable room_;
  std::vector<bool> taken_;  // rows that the evaluator has, or encodes
  size_t next_ = 0;          // nobody is asked to encode a row before it
  bool working_ = false;     // on row next_
  std::map<size_t, lattice::RoundedCoefficients> ready_;
  uint64_t ready_slots_ = 0;
  uint64_t taken_ready_ = 0;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace keymemrt::runtime
