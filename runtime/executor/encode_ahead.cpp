// SPDX-License-Identifier: Apache-2.0
#include "runtime/executor/encode_ahead.h"

#include <sched.h>

#include <utility>

namespace keymemrt::runtime {

using lattice::RoundedCoefficients;
using Answer = lattice::TermsAhead::Answer;

EncodeAhead::EncodeAhead(const Engine& engine, WeightSource* weights, SlotPool& pool, std::vector<bool> known)
    : engine_(engine), reader_(engine, weights), pool_(pool), taken_(std::move(known)) {
  taken_.resize(engine.rows.size(), false);
  if (!engine_.rows.empty()) thread_ = std::thread([this] { Run(); });
}

EncodeAhead::~EncodeAhead() {
  Stop();
}

void EncodeAhead::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  room_.notify_one();
  if (thread_.joinable()) thread_.join();
}

Answer EncodeAhead::Take(size_t row, RoundedCoefficients& coefficients) {
  const std::lock_guard lock(mutex_);
  if (working_ && row == next_) return Answer::kBusy;
  taken_[row] = true;
  const auto it = ready_.find(row);
  if (it == ready_.end()) return Answer::kYours;
  coefficients = std::move(it->second);
  coefficients.pieces.SetClass(MemoryClass::kScratch);  // as whoever encodes it himself has it
  ready_slots_ -= static_cast<uint64_t>(coefficients.pieces.limbs());
  ready_.erase(it);
  ++taken_ready_;
  room_.notify_one();
  return Answer::kReady;
}

void EncodeAhead::Insist(size_t row) {
  const std::lock_guard lock(mutex_);
  taken_[row] = true;
}

uint64_t EncodeAhead::taken_ready() const {
  const std::lock_guard lock(mutex_);
  return taken_ready_;
}

void EncodeAhead::Run() {
  // Only what evaluation leaves of the processors. A refusal costs speed only.
  const sched_param none{};
  sched_setscheduler(0, SCHED_IDLE, &none);
  std::unique_lock lock(mutex_);
  while (true) {
    while (next_ < taken_.size() && taken_[next_]) ++next_;
    if (next_ == taken_.size()) return;
    const PlaintextRow& row = engine_.rows[next_];
    const uint64_t slots = CoefficientSlots(engine_.program, engine_.program.ops[row.op]);
    if (!stop_ && ready_slots_ != 0 && ready_slots_ + slots > kRowsAheadSlots) {
      room_.wait(lock);
      continue;
    }
    if (stop_) return;
    working_ = true;
    lock.unlock();
    Result<RoundedCoefficients> coefficients = reader_.Encode(row, pool_);
    lock.lock();
    working_ = false;
    if (!coefficients.ok()) return;  // whoever needs the row meets the error again, and reports it
    if (taken_[next_]) {
      const Result<RoundedCoefficients> late =
          std::move(coefficients);  // gone before it is asked whether there is room
      continue;
    }
    coefficients->pieces.SetClass(MemoryClass::kPlaintexts);
    ready_slots_ += static_cast<uint64_t>(coefficients->pieces.limbs());
    ready_.emplace(next_++, std::move(coefficients).value());
  }
}

}  // namespace keymemrt::runtime
