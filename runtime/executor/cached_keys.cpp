// SPDX-License-Identifier: Apache-2.0
#include "runtime/executor/cached_keys.h"

#include <algorithm>
#include <chrono>
#include <utility>

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
    return static_cast<uint32_t>(keys_.store_.parameters(keys_.stored_[key_]).ChunkIndex(digit, limb));
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
      order_([this](uint32_t key) -> const scheme::Parameters& { return store_.parameters(stored_[key]); }, policy,
             threads) {
  for (const uint32_t count : chunk_counts) slots_.emplace_back(count);
}

CachedKeys::~CachedKeys() {
  std::unique_lock lock(mutex_);
  stop_ = true;
  room_.notify_all();
  lock.unlock();
  if (reader_.joinable()) reader_.join();
  lock.lock();
  filled_.wait(lock, [this] { return reads_ == 0; });
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
    chunk_counts.push_back(static_cast<uint32_t>(store.parameters(*found).ChunkCount(key.level)));
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

void CachedKeys::GiveUp(std::span<const planner::Eviction> evictions) {
  for (const planner::Eviction& eviction : evictions) {
    uint32_t keep;
    {
      const std::lock_guard lock(mutex_);
      keep = cache_.keep(eviction.key);
    }
    Keep(eviction.key, keep - std::min(keep, eviction.chunks));
  }
}

void CachedKeys::BeginUse(size_t index) {
  const UseRule& rule = policy_.rules[index];
  GiveUp(std::span(policy_.evictions).subspan(rule.evictions_begin, rule.evictions_end - rule.evictions_begin));
  const std::lock_guard lock(mutex_);
  next_rule_ = &rule;
  use_ = index;
  asked_.assign(slots_[rule.key].size(), false);
  order_.SkipTo(index);
  if (looking_ || held_) room_.notify_one();
  if (policy_.read_ahead == 0 || reader_.joinable()) return;
  reader_ = std::thread([this] { ReadAhead(); });
}

void CachedKeys::ReadAhead() {
  std::unique_lock lock(mutex_);
  std::vector<ReadQueue::Wanted> wanted;
  std::optional<ReadOrder::Item> item;
  do {
    room_.wait(lock, [this] { return stop_ || MayReadAhead(); });
    if (stop_) return;
    held_.reset();
    std::optional<size_t> missing;
    while (!missing && !held_ && cache_.ahead_count() < policy_.read_ahead && (item = order_.Next())) {
      if (item->use == use_ && asked_[item->chunk]) continue;
      if (!store_.Has(stored_[item->key])) {
        missing = stored_[item->key];
        order_.Return();  // still on its way, and later uses' keys are no more urgent
        continue;
      }
      if (item->use > use_ && !cache_.absent(item->key, item->chunk)) {
        held_ = item;
        gone_ = 0;
        order_.Return();
        continue;
      }
      const uint64_t slack = cache_.ahead_count();
      // Present already: it is still in use, or the evaluator was faster.
      if (!cache_.Prefetch(item->key, item->chunk)) continue;
      ++reads_;
      wanted.push_back(ReadOf(item->key, item->chunk, slack, nullptr));
    }
    const size_t use = use_;
    lock.unlock();  // reading and looking take time, and who has read for this object needs the lock
    store_.reads().Read(wanted);
    wanted.clear();
    if (missing) store_.Look(*missing);
    lock.lock();
    if (missing && !store_.Has(*missing) && use == use_ && !stop_) {
      looking_ = true;  // the next use, and the key when it has been waited for, make this thread look again
      room_.wait(lock);
      looking_ = false;
    }
  } while (item);
}

ReadQueue::Wanted CachedKeys::ReadOf(uint32_t key, uint32_t chunk, uint64_t slack, Waited* waited) {
  // Nobody else looks at the place of a chunk that is loading.
  Slot& slot = slots_[key][chunk];
  slot = pool_.Take(MemoryClass::kKeys);
  return store_.ReadOf(
      stored_[key], static_cast<int>(chunk), slot.data(), slack,
      [this, key, chunk, waited](const ReadQueue::Answer& answer) { HasRead(key, chunk, waited, answer); });
}

void CachedKeys::HasRead(uint32_t key, uint32_t chunk, Waited* waited, const ReadQueue::Answer& answer) {
  Status status = answer.status;
  if (status.ok()) status = store_.Finish(stored_[key], static_cast<int>(chunk), slots_[key][chunk].data());
  bool awaited = true;
  {
    const std::lock_guard lock(mutex_);
    if (status.ok()) {
      cache_.Filled(key, chunk);
      if (waited == nullptr) CountRead(answer.lane, key, chunk, 1, answer.begin, Clock::now());
    } else {
      cache_.Failed(key, chunk);  // of what was read ahead, whoever needs it reads it again and reports
      slots_[key][chunk].Reset();
      room_.notify_one();
    }
    if (waited != nullptr) {
      awaited = --waited->left == 0;  // to wake somebody up takes longer than to check a small chunk
      if (waited->status.ok()) waited->status = std::move(status);
    }
  }
  if (awaited) filled_.notify_all();  // without the lock, so that whoever wakes up need not wait for this thread
  const std::lock_guard lock(mutex_);
  if (--reads_ == 0 && stop_) filled_.notify_all();
}

Result<std::unique_ptr<lattice::KeyUse>> CachedKeys::Acquire(const scheme::KeyId& id, int level) {
  const auto it = index_.find(id);
  if (it == index_.end()) return InvalidArgument("the program has no {}", id.ToString());
  const uint32_t key = it->second;
  const uint32_t chunks = static_cast<uint32_t>(store_.parameters(stored_[key]).ChunkCount(level));
  if (chunks > slots_[key].size()) {
    return InvalidArgument("{} is used at level {}, above the program's", id.ToString(), level);
  }
  if (!store_.Has(stored_[key])) {
    const Clock::time_point start = Clock::now();
    KMRT_RETURN_IF_ERROR(store_.Await(stored_[key]));
    const std::lock_guard lock(mutex_);
    CountStall(key, 0, 1, start, Clock::now());
    room_.notify_one();
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
          ++reads_;
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
  if (missing.empty()) return Status();
  const Clock::time_point start = Clock::now();
  Waited waited{missing.size(), {}};
  std::vector<ReadQueue::Wanted> wanted;
  for (size_t i = 0; i < missing.size(); ++i) wanted.push_back(ReadOf(key, missing[i], i, &waited));
  store_.reads().Read(wanted);
  std::unique_lock lock(mutex_);
  filled_.wait(lock, [&] { return waited.left == 0; });
  uint32_t loaded = 0;
  for (const uint32_t chunk : missing) {
    if (!cache_.ready(key, chunk)) continue;
    cache_.Unpin(key, chunk);  // as above
    ++loaded;
  }
  const Clock::time_point end = Clock::now();
  CountStall(key, missing[0], 1, start, end);
  CountRead(Recorder::kNoReader, key, missing[0], loaded, start, end);
  return waited.status;
}

Result<const uint64_t*> CachedKeys::Pin(uint32_t key, uint32_t chunk) {
  Clock::time_point start;
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
  if (answer == ChunkCache::Answer::kMiss) {
    ++reads_;
    lock.unlock();
    const Clock::time_point read = Clock::now();  // later than `start` when someone else's read has failed
    Waited waited{1, {}};
    ReadQueue::Wanted wanted = ReadOf(key, chunk, 0, &waited);
    store_.reads().Read({&wanted, 1});
    lock.lock();
    filled_.wait(lock, [&] { return waited.left == 0; });
    const Clock::time_point end = Clock::now();
    CountStall(key, chunk, 1.0 / threads_, start, end);
    if (!waited.status.ok()) return waited.status;
    CountRead(Recorder::kNoReader, key, chunk, 1, read, end);
  }
  if (answer == ChunkCache::Answer::kAhead && HasRoom()) room_.notify_one();
  if (answer == ChunkCache::Answer::kHit) ++traffic_.chunks_hit;
  return slots_[key][chunk].data();
}

void CachedKeys::Unpin(uint32_t key, uint32_t chunk) {
  Slot gone;  // goes back to the pool after the lock
  const std::lock_guard lock(mutex_);
  if (!cache_.Unpin(key, chunk)) return;
  gone = std::move(slots_[key][chunk]);
  CountGone(key, 1);
  ++gone_;
  if (held_ && MayReadAhead()) room_.notify_one();
}

void CachedKeys::Keep(uint32_t key, uint32_t keep) {
  std::vector<Slot> gone;
  const std::lock_guard lock(mutex_);
  cache_.SetKeep(key, keep);
  for (const uint32_t chunk : cache_.Trim(key)) gone.push_back(std::move(slots_[key][chunk]));
  CountGone(key, gone.size());
}

void CachedKeys::CountRead(int lane, uint32_t key, uint32_t first, uint32_t chunks, Clock::time_point begin,
                           Clock::time_point end) {
  traffic_.chunks_missed += chunks;
  traffic_.bytes_read += chunks * store_.chunk_bytes();
  for (uint32_t chunk = first; chunk < first + chunks; ++chunk) {
    traffic_.stored_bytes_read += store_.Locate(stored_[key], static_cast<int>(chunk)).bytes;
  }
  if (recorder_ != nullptr && chunks != 0) recorder_->Read(lane, key, first, chunks, begin, end);
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
