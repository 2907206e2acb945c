// SPDX-License-Identifier: Apache-2.0
#include "runtime/executor/cached_keys.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "runtime/plan/trace.h"

namespace keymemrt::runtime {

namespace {

using Clock = Recorder::Clock;

}  // namespace

class CachedKeys::Use : public lattice::KeyUse {
 public:
  Use(CachedKeys& keys, uint32_t key, uint32_t keep) : keys_(keys), key_(key), keep_(keep) {}
  ~Use() override { keys_.Keep(key_, keep_); }

  Result<std::span<const uint64_t>> Chunk(int digit, int limb) override {
    KMRT_ASSIGN_OR_RETURN(const uint64_t* data, keys_.Pin(key_, Index(digit, limb)));
    return std::span<const uint64_t>(data, keys_.pool_.slot_words());
  }
  void Done(int digit, int limb) override { keys_.Unpin(key_, Index(digit, limb)); }

 private:
  uint32_t Index(int digit, int limb) const {
    return static_cast<uint32_t>(keys_.store_.parameters().ChunkIndex(digit, limb));
  }
  CachedKeys& keys_;
  const uint32_t key_;
  const uint32_t keep_;  // after the use
};

CachedKeys::CachedKeys(const KeyStore& store, const Policy& policy, SlotPool& pool, int threads, Recorder* recorder,
                       const std::vector<uint32_t>& chunk_counts, std::vector<size_t> stored)
    : store_(store),
      policy_(policy),
      pool_(pool),
      threads_(threads),
      recorder_(recorder),
      stored_(std::move(stored)),
      cache_(chunk_counts),
      order_(store.parameters(), policy, threads) {
  for (const uint32_t count : chunk_counts) slots_.emplace_back(count);
}

CachedKeys::~CachedKeys() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  room_.notify_all();
  for (std::thread& reader : readers_) reader.join();
}

Result<std::unique_ptr<CachedKeys>> CachedKeys::Create(const program::Program& program, const KeyStore& store,
                                                       const Policy& policy, SlotPool& pool, int threads,
                                                       Recorder* recorder) {
  if (store.parameters().literal() != program.parameters) {
    return Corrupt(
        "{}: made for other parameters ({}) than the program's: make keys for this program with `keymemrt keygen`",
        store.directory(), store.parameters().Describe());
  }
  std::vector<uint32_t> chunk_counts;
  std::vector<size_t> stored;
  for (const program::Key& key : program.keys) {
    const std::string name = key.id.kind == scheme::KeyKind::kRotation
                                 ? fmt::format("rotation key of shift {}", key.shift)
                                 : key.id.ToString();
    const auto found = store.Find(key.id);
    if (!found) {
      return Corrupt("{}: has no {}: the keys are another program's; make keys for this program with `keymemrt keygen`",
                     store.directory(), name);
    }
    if (const int level = store.manifest().keys[*found].level; level < key.level) {
      return Corrupt(
          "{}: has the {} up to level {}, the program needs level {}: make keys for this program with "
          "`keymemrt keygen`",
          store.directory(), name, level, key.level);
    }
    stored.push_back(*found);
    chunk_counts.push_back(static_cast<uint32_t>(store.parameters().ChunkCount(key.level)));
  }
  std::unique_ptr<CachedKeys> keys(
      new CachedKeys(store, policy, pool, threads, recorder, chunk_counts, std::move(stored)));
  for (size_t i = 0; i < program.keys.size(); ++i) keys->index_.emplace(program.keys[i].id, static_cast<uint32_t>(i));
  return keys;
}

Status CachedKeys::Preload() {
  for (uint32_t key = 0; key < slots_.size(); ++key) {
    const uint32_t count = static_cast<uint32_t>(slots_[key].size());
    {
      const std::lock_guard lock(mutex_);
      cache_.SetKeep(key, count);
    }
    KMRT_RETURN_IF_ERROR(LoadPrefix(key, count));
  }
  return Status();
}

void CachedKeys::BeginUse(size_t index) {
  const UseRule& rule = policy_.rules[index];
  for (uint32_t i = rule.evictions_begin; i < rule.evictions_end; ++i) {
    const planner::Eviction& eviction = policy_.evictions[i];
    uint32_t keep;
    {
      const std::lock_guard lock(mutex_);
      keep = cache_.keep(eviction.key);
    }
    Keep(eviction.key, keep - std::min(keep, eviction.chunks));
  }
  const std::lock_guard lock(mutex_);
  next_rule_ = &rule;
  use_ = index;
  asked_.assign(slots_[rule.key].size(), false);
  order_.SkipTo(index);
  if (policy_.read_ahead == 0 || !readers_.empty()) return;
  for (int i = 0; i < kReaders; ++i) readers_.emplace_back([this, i] { ReadAhead(i); });
}

void CachedKeys::ReadAhead(int reader) {
  std::unique_lock lock(mutex_);
  while (true) {
    room_.wait(lock, [this] { return stop_ || cache_.ahead_count() < policy_.read_ahead; });
    if (stop_) return;
    const std::optional<ReadOrder::Item> item = order_.Next();
    if (!item) return;
    if (item->use == use_ && asked_[item->chunk]) continue;
    // Present already: it is still in use, or someone was faster.
    if (!cache_.Prefetch(item->key, item->chunk)) continue;
    lock.unlock();
    Slot slot = pool_.Take(MemoryClass::kKeys);
    uint64_t* const data = slot.data();
    const Clock::time_point start = Clock::now();
    const Status status =
        store_.ReadChunks(stored_[item->key], static_cast<int>(item->chunk), std::span<uint64_t* const>(&data, 1));
    lock.lock();
    if (status.ok()) {
      cache_.Filled(item->key, item->chunk);
      slots_[item->key][item->chunk] = std::move(slot);
      CountRead(reader, item->key, item->chunk, 1, start, Clock::now());
    } else {
      cache_.Failed(item->key, item->chunk);  // whoever needs it reads it again and reports
      slot.Reset();
    }
    lock.unlock();  // so that whoever wakes up need not wait for this thread
    filled_.notify_all();
    lock.lock();
  }
}

Result<std::unique_ptr<lattice::KeyUse>> CachedKeys::Acquire(const scheme::KeyId& id, int level) {
  const auto it = index_.find(id);
  if (it == index_.end()) return InvalidArgument("the program has no {}", id.ToString());
  const uint32_t key = it->second;
  const uint32_t chunks = static_cast<uint32_t>(store_.parameters().ChunkCount(level));
  if (chunks > slots_[key].size()) {
    return InvalidArgument("{} is used at level {}, above the program's", id.ToString(), level);
  }
  UseRule rule;  // nothing is loaded ahead, nothing stays
  {
    const std::lock_guard lock(mutex_);
    if (next_rule_ != nullptr && next_rule_->key == key) rule = *next_rule_;
    next_rule_ = nullptr;
    // During the use what is loaded ahead must stay, and what is there already is not given up before it was used.
    cache_.SetKeep(key, std::max(rule.load, rule.keep));
  }
  auto use = std::make_unique<Use>(*this, key, rule.keep);
  KMRT_RETURN_IF_ERROR(LoadPrefix(key, rule.load));
  return std::unique_ptr<lattice::KeyUse>(std::move(use));
}

Status CachedKeys::LoadPrefix(uint32_t key, uint32_t count) {
  std::vector<uint32_t> missing;
  {
    const std::lock_guard lock(mutex_);
    for (uint32_t chunk = 0; chunk < count; ++chunk) {
      switch (cache_.Pin(key, chunk)) {
        case ChunkCache::Answer::kMiss:
          missing.push_back(chunk);
          break;
        case ChunkCache::Answer::kHit:
        case ChunkCache::Answer::kAhead:
          cache_.Unpin(key, chunk);  // it may stay: SetKeep covers the prefix
          break;
        case ChunkCache::Answer::kBusy:
          break;
      }
    }
  }
  const Clock::time_point start = Clock::now();
  std::vector<Slot> slots;
  for (size_t i = 0; i < missing.size(); ++i) slots.push_back(pool_.Take(MemoryClass::kKeys));
  // Runs of consecutive chunks are one read each.
  Status status;
  size_t done = 0;
  while (done < missing.size() && status.ok()) {
    size_t end = done + 1;
    while (end < missing.size() && missing[end] == missing[end - 1] + 1) ++end;
    std::vector<uint64_t*> run;
    for (size_t i = done; i < end; ++i) run.push_back(slots[i].data());
    status = store_.ReadChunks(stored_[key], static_cast<int>(missing[done]), run);
    if (status.ok()) done = end;
  }
  const std::lock_guard lock(mutex_);
  for (size_t i = 0; i < missing.size(); ++i) {
    if (i >= done) {
      cache_.Failed(key, missing[i]);
      continue;
    }
    cache_.Filled(key, missing[i]);
    cache_.Unpin(key, missing[i]);  // as above
    slots_[key][missing[i]] = std::move(slots[i]);
  }
  if (!missing.empty()) {
    const Clock::time_point end = Clock::now();
    CountStall(key, missing[0], 1, start, end);
    CountRead(Recorder::kNoReader, key, missing[0], static_cast<uint32_t>(done), start, end);
  }
  filled_.notify_all();
  return status;
}

Result<const uint64_t*> CachedKeys::Pin(uint32_t key, uint32_t chunk) {
  Clock::time_point start;
  {
    std::unique_lock lock(mutex_);
    if (chunk < asked_.size()) asked_[chunk] = true;
    ChunkCache::Answer answer = cache_.Pin(key, chunk);
    if (answer == ChunkCache::Answer::kBusy || answer == ChunkCache::Answer::kMiss) start = Clock::now();
    if (answer == ChunkCache::Answer::kBusy) {
      do {
        filled_.wait(lock);
        answer = cache_.Pin(key, chunk);
      } while (answer == ChunkCache::Answer::kBusy);
      if (answer != ChunkCache::Answer::kMiss) CountStall(key, chunk, 1.0 / threads_, start, Clock::now());
    }
    if (answer == ChunkCache::Answer::kAhead) room_.notify_one();
    if (answer == ChunkCache::Answer::kHit) ++traffic_.chunks_hit;
    if (answer != ChunkCache::Answer::kMiss) return slots_[key][chunk].data();
  }
  Slot slot = pool_.Take(MemoryClass::kKeys);
  uint64_t* const data = slot.data();
  const Clock::time_point read = Clock::now();  // later than `start` when someone else's read has failed
  const Status status = store_.ReadChunks(stored_[key], static_cast<int>(chunk), std::span<uint64_t* const>(&data, 1));
  const std::lock_guard lock(mutex_);
  const Clock::time_point end = Clock::now();
  CountStall(key, chunk, 1.0 / threads_, start, end);
  filled_.notify_all();
  if (!status.ok()) {
    cache_.Failed(key, chunk);
    return status;
  }
  CountRead(Recorder::kNoReader, key, chunk, 1, read, end);
  cache_.Filled(key, chunk);
  slots_[key][chunk] = std::move(slot);
  return data;
}

void CachedKeys::Unpin(uint32_t key, uint32_t chunk) {
  Slot gone;  // goes back to the pool after the lock
  const std::lock_guard lock(mutex_);
  if (!cache_.Unpin(key, chunk)) return;
  gone = std::move(slots_[key][chunk]);
  CountGone(key, 1);
}

void CachedKeys::Keep(uint32_t key, uint32_t keep) {
  std::vector<Slot> gone;
  const std::lock_guard lock(mutex_);
  cache_.SetKeep(key, keep);
  for (const uint32_t chunk : cache_.Trim(key)) gone.push_back(std::move(slots_[key][chunk]));
  CountGone(key, gone.size());
}

void CachedKeys::CountRead(int reader, uint32_t key, uint32_t first, uint32_t chunks, Clock::time_point begin,
                           Clock::time_point end) {
  traffic_.chunks_missed += chunks;
  traffic_.bytes_read += chunks * store_.chunk_bytes();
  if (recorder_ != nullptr && chunks != 0) recorder_->Read(reader, key, first, chunks, begin, end);
}

void CachedKeys::CountStall(uint32_t key, uint32_t chunk, double share, Clock::time_point begin,
                            Clock::time_point end) {
  traffic_.stall_seconds += share * std::chrono::duration<double>(end - begin).count();
  if (recorder_ != nullptr) recorder_->Stall(key, chunk, share, begin, end);
}

void CachedKeys::CountGone(uint32_t key, size_t chunks) {
  if (recorder_ != nullptr && chunks != 0) recorder_->Gone(key, static_cast<uint32_t>(chunks), Clock::now());
}

KeyTraffic CachedKeys::traffic() const {
  const std::lock_guard lock(mutex_);
  return traffic_;
}

}  // namespace keymemrt::runtime
