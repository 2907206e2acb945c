// SPDX-License-Identifier: Apache-2.0
//
// CachedKeys: the evaluator's key source on a key store and a chunk cache, driven by a policy. A thread asks for what
// will be missed ahead of its use, several chunks at a time. What is not there when it is needed is read on the spot,
// in memory set aside for it, so an evaluator always makes progress, whatever policy and that thread do: it can wait
// for nothing but a read under way.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "base/slot_pool.h"
#include "lattice/keys/key_source.h"
#include "program/program.h"
#include "runtime/executor/chunk_cache.h"
#include "runtime/executor/read_order.h"
#include "runtime/keystore/key_store.h"
#include "runtime/plan/policy.h"
#include "runtime/telemetry/recorder.h"

namespace keymemrt::runtime {

struct KeyTraffic {
  uint64_t bytes_read = 0;         // in memory
  uint64_t stored_bytes_read = 0;  // of the files
  uint64_t chunks_hit = 0;         // asked for and in memory from an earlier use, or loaded before the first
  uint64_t chunks_missed = 0;      // read
  double stall_seconds = 0;        // of evaluation, waiting for reads: summed over threads, divided by their number
};

class CachedKeys : public lattice::KeySource {
 public:
  // All arguments must outlive the object; `recorder` may be null. kCorrupt when the store lacks a key of the program,
  // or has it at too low a level.
  static Result<std::unique_ptr<CachedKeys>> Create(const program::Program& program, const KeyStore& store,
                                                    const Policy& policy, SlotPool& pool, int threads,
                                                    Recorder* recorder);

  ~CachedKeys() override;

  // Loads every key as a whole. Before the first use.
  Status Preload();
  // Announces use `index` of the policy: the next Acquire is this one. Gives up what the policy gives up before it.
  void BeginUse(size_t index);
  // Gives up chunks that stay, between two uses.
  void GiveUp(std::span<const planner::Eviction> evictions);

  const lattice::Seed& a_seed() const override { return store_.manifest().a_seed; }
  Result<std::unique_ptr<lattice::KeyUse>> Acquire(const scheme::KeyId& id, int level) override;

  KeyTraffic traffic() const;

 private:
  class Use;
  CachedKeys(const KeyStore& store, const Policy& policy, SlotPool& pool, int threads, Recorder* recorder,
             const std::vector<uint32_t>& chunk_counts, std::vector<size_t> stored);

  // Reads on the spot, waited for together; guarded by mutex_.
  struct Waited {
    size_t left = 0;
    Status status;  // the first failure
  };

  // Loads what is missing of the key's first `count` chunks; counts them as missed, those there as neither.
  Status LoadPrefix(uint32_t key, uint32_t count);
  Result<const uint64_t*> Pin(uint32_t key, uint32_t chunk);
  void Unpin(uint32_t key, uint32_t chunk);
  // Asks for what comes next, as long as there is room.
  void ReadAhead();
  // Whether there is room for as many reads ahead as are asked for at once, which takes the processor little more than
  // one of them. REQUIRES: mutex_ held.
  bool HasRoom() const { return cache_.ahead_count() + ReadsAtOnce(policy_.read_ahead) <= policy_.read_ahead; }
  // HasRoom, and not what is read next is there for an earlier use, but for chunks that have gone since: as many as are
  // asked for at once. REQUIRES: mutex_ held.
  bool MayReadAhead() const {
    return HasRoom() && (!held_ || held_->use <= use_ || gone_ >= ReadsAtOnce(policy_.read_ahead));
  }
  // The read of a chunk that the cache says is loading. `waited`: who waits for it; null: it is read ahead.
  ReadQueue::Wanted ReadOf(uint32_t key, uint32_t chunk, uint64_t slack, Waited* waited);
  // Of the store's thread: it has been read.
  void HasRead(uint32_t key, uint32_t chunk, Waited* waited, const ReadQueue::Answer& answer);
  // Sets what may stay of the key, and lets go of the rest.
  void Keep(uint32_t key, uint32_t keep);

  // What follows is for the accounts. REQUIRES: mutex_ held, and since before `end` was taken.
  void CountRead(int lane, uint32_t key, uint32_t first, uint32_t chunks, Recorder::Time begin, Recorder::Time end);
  void CountStall(uint32_t key, uint32_t chunk, double share, Recorder::Time begin, Recorder::Time end);
  void CountGone(uint32_t key, size_t chunks);

  const KeyStore& store_;
  const Policy& policy_;
  SlotPool& pool_;
  const int threads_;
  Recorder* const recorder_;
  const std::vector<size_t> stored_;  // by key of the program: its number in the store
  std::map<scheme::KeyId, uint32_t> index_;

  mutable std::mutex mutex_;        // guards what follows
  std::condition_variable filled_;  // a read has ended
  std::condition_variable room_;    // MayReadAhead, or stop_, or the key that the reader looks for may have come
  ChunkCache cache_;
  std::vector<std::vector<Slot>> slots_;  // by key and chunk: of ready ones and those being read
  const UseRule* next_rule_ = nullptr;
  size_t use_ = 0;           // announced last
  std::vector<bool> asked_;  // chunks that it has asked for: nobody reads them ahead any more
  KeyTraffic traffic_;
  ReadOrder order_;
  std::optional<ReadOrder::Item> held_;  // next in order_, but there for an earlier use
  uint32_t gone_ = 0;                    // chunks that have gone since then
  size_t reads_ = 0;                     // under way
  bool looking_ = false;                 // the reader waits for a key to come
  bool stop_ = false;
  std::thread reader_;
};

}  // namespace keymemrt::runtime
