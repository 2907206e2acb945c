// SPDX-License-Identifier: Apache-2.0
//
// A fixed set of workers for loops over limbs.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace keymemrt {

class ThreadPool {
 public:
  // `threads` >= 1 in all, the caller's among them: ThreadPool(1) starts none.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const { return static_cast<int>(workers_.size()) + 1; }

  // Calls body(i) for every i in [0, count), on the workers and the caller; returns when all have returned. Calls from
  // several threads take turns. body must not call ParallelFor of the same pool.
  void ParallelFor(int count, const std::function<void(int)>& body);

 private:
  void Work();

  std::vector<std::thread> workers_;
  std::mutex turn_;  // one loop at a time
  std::mutex mutex_;
  std::condition_variable start_, done_;
  const std::function<void(int)>* body_ = nullptr;
  int next_ = 0, count_ = 0;
  std::atomic<int> running_ = 0;     // changed under mutex_
  std::atomic<uint64_t> loops_ = 0;  // begun, and one for the end; changed under mutex_
  bool stop_ = false;
};

// Runs on the pool, or on the caller when there is none.
void ParallelFor(ThreadPool* pool, int count, const std::function<void(int)>& body);

}  // namespace keymemrt
