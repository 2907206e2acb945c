// SPDX-License-Identifier: Apache-2.0
#include "base/thread_pool.h"

namespace keymemrt {

ThreadPool::ThreadPool(int threads) {
  for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { Work(); });
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  start_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
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
  start_.notify_all();
  while (next_ < count_) {
    const int i = next_++;
    ++running_;
    lock.unlock();
    body(i);
    lock.lock();
    --running_;
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
