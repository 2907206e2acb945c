// SPDX-License-Identifier: Apache-2.0
//
// Admission: shares a number of bytes out among those who come. Nobody is let in whose bytes do not fit beside those of
// all who are in, and nobody overtakes one who waits, so a large one is not kept out by small ones for ever.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <utility>

#include "base/status.h"

namespace keymemrt::runtime {

// Thread-safe. Must outlive its grants.
class Admission {
 public:
  explicit Admission(uint64_t capacity) : capacity_(capacity) {}
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  // Bytes, held until it dies.
  class Grant {
   public:
    Grant(Grant&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)), bytes_(other.bytes_) {}
    Grant& operator=(Grant&&) = delete;
    ~Grant() {
      if (owner_ != nullptr) owner_->Return(bytes_);
    }
    uint64_t bytes() const { return bytes_; }

   private:
    friend class Admission;
    Grant(Admission* owner, uint64_t bytes) : owner_(owner), bytes_(bytes) {}
    Admission* owner_;
    uint64_t bytes_;
  };

  // kInfeasible: more than there is in all. kUnavailable: does not fit now, or others wait, and `wait` is false;
  // otherwise waits for its turn, without end. Messages hold the figures.
  Result<Grant> Take(uint64_t bytes, bool wait);

  uint64_t capacity() const { return capacity_; }
  uint64_t taken() const;
  size_t waiting() const;

 private:
  void Return(uint64_t bytes);

  const uint64_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable returned_;
  uint64_t taken_ = 0;
  uint64_t next_ticket_ = 0;
  std::deque<uint64_t> queue_;  // tickets of those who wait, in order
};

}  // namespace keymemrt::runtime
