// SPDX-License-Identifier: Apache-2.0
//
// Recorder: what happened when in a run, for traces and reports. Its memory is bounded and known beforehand, whatever
// the length of the run. Nothing here locks: each group of calls below comes from a place that one thread at a time is
// in anyway, and groups share nothing.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <numeric>
#include <span>
#include <thread>
#include <vector>

#include "base/slot_pool.h"
#include "runtime/telemetry/series.h"

namespace keymemrt::runtime {

class Recorder {
 public:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;

  // Of a program with so many operations and keys.
  Recorder(size_t operations, size_t keys);
  // What it occupies at most. Run options count it in the budget.
  uint64_t bytes() const;

  // The executor's thread. Begin forgets an earlier run. Every other time given lies between the two.
  void Begin();
  void End();
  void Operation(size_t index, Time begin, Time end);

  // The slot pool's observer.
  void Memory(const std::array<uint64_t, kMemoryClasses>& bytes);

  // The key source, under its lock. Ends and times do not go back.
  static constexpr int kNoReader = -1;
  // Chunks of a key were read and are in memory: by reader number `reader`, or on the spot by the calling thread of the
  // evaluator.
  void Read(int reader, uint32_t key, uint32_t first_chunk, uint32_t chunks, Time begin, Time end);
  // The calling thread of the evaluator waited for a chunk. `share`: how much of the evaluation it is.
  void Stall(uint32_t key, uint32_t chunk, double share, Time begin, Time end);
  // So many chunks of the key left memory.
  void Gone(uint32_t key, uint32_t chunks, Time time);

  // What was recorded. Times are nanoseconds since Begin.
  struct Span {
    int64_t begin = 0, end = 0;
  };
  struct Event {
    enum class Kind : uint8_t { kRead, kStall };
    Span span;
    uint32_t key = 0, first_chunk = 0, chunks = 0;
    Kind kind = Kind::kRead;
    bool reader = false;  // whose `thread` it is: readers and the evaluator's threads are numbered apart
    uint16_t thread = 0;
  };
  struct MemoryColumn {
    std::array<uint64_t, kMemoryClasses> highest{};  // of each class
    std::array<uint64_t, kMemoryClasses> at_peak{};  // when the sum was highest
    void Join(const MemoryColumn& later) {
      for (size_t i = 0; i < kMemoryClasses; ++i) highest[i] = std::max(highest[i], later.highest[i]);
      if (later.Sum() > Sum()) at_peak = later.at_peak;
    }
    uint64_t Sum() const { return std::accumulate(at_peak.begin(), at_peak.end(), uint64_t{0}); }
  };
  struct ChunksColumn {
    uint32_t most = 0;
    void Join(const ChunksColumn& later) { most = std::max(most, later.most); }
  };
  struct StallColumn {
    double seconds = 0;  // of the evaluation
    void Join(const StallColumn& later) { seconds += later.seconds; }
  };
  int64_t end() const { return end_; }
  // By operation; an operation that did not run has an end of 0.
  std::span<const Span> operations() const { return operations_; }
  // Sorted by their begin. When there were too many, the shortest are missing: none longer than shortest_kept().
  std::span<const Event> events() const { return events_; }
  int64_t shortest_kept() const { return shortest_kept_; }
  const Series<MemoryColumn>& memory() const { return memory_; }
  // By key: chunks in memory.
  std::span<const Series<ChunksColumn>> resident() const { return resident_; }
  const Series<StallColumn>& stalls() const { return stalls_; }

 private:
  int64_t Since(Time time) const { return std::chrono::nanoseconds(time - start_).count(); }
  int64_t Now() const { return Since(Clock::now()); }
  uint16_t ThisThread();
  void Add(const Event& event);

  Time start_;
  int64_t end_ = 0;
  std::vector<Span> operations_;
  Series<MemoryColumn> memory_;
  std::vector<Event> events_;
  int64_t shortest_kept_ = 0;
  std::vector<std::thread::id> threads_;  // of the evaluator, as far as they have waited
  std::vector<Series<ChunksColumn>> resident_;
  Series<StallColumn> stalls_;
};

}  // namespace keymemrt::runtime
