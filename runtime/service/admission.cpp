// SPDX-License-Identifier: Apache-2.0
#include "runtime/service/admission.h"

#include "base/size.h"

namespace keymemrt::runtime {

Result<Admission::Grant> Admission::Take(uint64_t bytes, bool wait) {
  if (bytes > capacity_) {
    return Infeasible("{} ({} bytes) are needed, {} ({} bytes) is all that there is: allow that much more",
                      FormatSize(bytes), bytes, FormatSize(capacity_), capacity_);
  }
  std::unique_lock lock(mutex_);
  if (!wait && (!queue_.empty() || bytes > capacity_ - taken_)) {
    return Unavailable("{} ({} bytes) are needed, {} ({} bytes) of {} are free now and {} wait for memory",
                       FormatSize(bytes), bytes, FormatSize(capacity_ - taken_), capacity_ - taken_,
                       FormatSize(capacity_), queue_.size());
  }
  const uint64_t ticket = next_ticket_++;
  queue_.push_back(ticket);
  returned_.wait(lock, [&] { return queue_.front() == ticket && bytes <= capacity_ - taken_; });
  queue_.pop_front();
  taken_ += bytes;
  lock.unlock();
  returned_.notify_all();  // the next one may fit as well
  return Grant(this, bytes);
}

void Admission::Return(uint64_t bytes) {
  {
    const std::lock_guard lock(mutex_);
    taken_ -= bytes;
  }
  returned_.notify_all();
}

uint64_t Admission::taken() const {
  const std::lock_guard lock(mutex_);
  return taken_;
}

size_t Admission::waiting() const {
  const std::lock_guard lock(mutex_);
  return queue_.size();
}

}  // namespace keymemrt::runtime
