// SPDX-License-Identifier: Apache-2.0
#include "base/thread_pool.h"

#include <chrono>

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace keymemrt {

namespace {

// To wake a thread up takes tens of microseconds, as long as a loop over the limbs of a small ring: so whoever waits
// looks for a moment before it sleeps.
template <typename Condition>
void Spin(const Condition& condition) {
  constexpr auto kMoment = std::chrono::microseconds(50);
  const auto end = std::chrono::steady_clock::now() + kMoment;
  while (std::chrono::steady_clock::now() < end) {
    for (int i = 0; i < 32; ++i) {
      if (condition()) return;
#ifdef __x86_64__
      _mm_pause();
#endif
    }
  }
}

}  // namespace

ThreadPool::ThreadPool(int threads) {
  for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { Work(); });
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    ++loops_;
  }
  start_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    const uint64_t seen = loops_;
    if (!stop_ && next_ >= count_) {
      lock.unlock();
      Spin([this, seen] { return loops_.load(std::memory_order_relaxed) != seen; });
      lock.lock();
    }
    start_.wait(lock, [this] { return stop_ || next_ < count_; });
    if (stop_) return;
    while (next_ < count_) {
      const int i = next_++;
      ++running_;
      const auto* body = body_;
      lock.unlock();
      (*body)(i);
      lock.lock();
      --running_;
    }
    if (running_ == 0) done_.notify_all();
  }
}

void ThreadPool::ParallelFor(int count, const std::function<void(int)>& body) {
  if (count <= 0) return;
  if (workers_.empty() || count == 1) {
    for (int i = 0; i < count; ++i) body(i);
    return;
  }
  const std::lock_guard turn(turn_);
  std::unique_lock lock(mutex_);
  body_ = &body;
  next_ = 0;
  count_ = count;
  ++loops_;
  start_.notify_all();
  while (next_ < count_) {
    const int i = next_++;
    ++running_;
    lock.unlock();
    body(i);
    lock.lock();
    --running_;
  }
  if (running_ != 0) {
    lock.unlock();
    Spin([this] { return running_.load(std::memory_order_relaxed) == 0; });
    lock.lock();
  }
  done_.wait(lock, [this] { return running_ == 0; });
  count_ = 0;
  next_ = 0;
}

void ParallelFor(ThreadPool* pool, int count, const std::function<void(int)>& body) {
  if (pool != nullptr) {
    pool->ParallelFor(count, body);
  } else {
    for (int i = 0; i < count; ++i) body(i);
  }
}

}  // namespace keymemrt
