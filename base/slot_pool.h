// SPDX-License-Identifier: Apache-2.0
//
// SlotPool: all large memory of a process, in uniform slots of one limb (N words) each.
//
// Ciphertexts, plaintexts, digits, accumulators and key chunks are all made of limbs of N words, so one slot size
// serves them all: memory cannot fragment, a limb dropped by a rescale is free at once for a key chunk, and a memory
// budget is a number of slots. Slots live in slabs that ask the system for huge pages; a freed slot is reused, a slab
// is never returned before the pool dies, and who knows how many slots it will take has them made before it begins
// (page faults are dear).
//
// Thread-safe. Every slot must be returned before the pool is destroyed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <vector>

namespace keymemrt {

// What a slot holds, for the accounts.
enum class MemoryClass : uint8_t { kKeys, kCiphertexts, kPlaintexts, kScratch };
inline constexpr size_t kMemoryClasses = 4;

class SlotPool;

// One slot, owned; gives itself back when it dies. 64-byte aligned; the contents are whatever was there before.
class Slot {
 public:
  Slot() = default;
  Slot(Slot&& other) noexcept { *this = static_cast<Slot&&>(other); }
  Slot& operator=(Slot&& other) noexcept;
  ~Slot() { Reset(); }

  explicit operator bool() const { return data_ != nullptr; }
  uint64_t* data() const { return data_; }
  std::span<uint64_t> words() const;
  void Reset();
  // Moves the slot to another account.
  void SetClass(MemoryClass memory_class);

 private:
  friend class SlotPool;
  Slot(SlotPool* pool, uint64_t* data, MemoryClass memory_class) : pool_(pool), data_(data), class_(memory_class) {}

  SlotPool* pool_ = nullptr;
  uint64_t* data_ = nullptr;
  MemoryClass class_ = MemoryClass::kScratch;
};

class SlotPool {
 public:
  // `slot_words`: a power of two >= 8, the ring degree N.
  explicit SlotPool(size_t slot_words);
  ~SlotPool();
  SlotPool(const SlotPool&) = delete;
  SlotPool& operator=(const SlotPool&) = delete;

  // A free slot, growing the pool when there is none. Ends the process with a message when the system has no memory
  // left: within a budget, the plan has reserved what is taken.
  Slot Take(MemoryClass memory_class);

  // Makes the pool so large that so many slots can be taken without asking the system, and has their pages there.
  void Reserve(uint64_t slots);

  size_t slot_words() const { return slot_words_; }
  size_t slot_bytes() const { return slot_words_ * sizeof(uint64_t); }

  // Bytes in slots of a class, now and at their peak since construction or ResetPeaks.
  uint64_t bytes(MemoryClass memory_class) const;
  uint64_t peak_bytes(MemoryClass memory_class) const;
  // Peak of the sum over all classes.
  uint64_t peak_total_bytes() const;
  // Bytes of all slabs: what the pool occupies at most, free slots included.
  uint64_t reserved_bytes() const;
  void ResetPeaks();

  // Told the bytes in slots of each class: at once, and after every change, under the pool's lock: it must be quick and
  // must not call the pool. An empty one ends that.
  using Observer = std::function<void(const std::array<uint64_t, kMemoryClasses>& bytes)>;
  void SetObserver(Observer observer);

  // Told of every slab: at once of those that are there, then as each comes, and before it goes with the pool. Also
  // under the pool's lock. Once.
  using SlabListener = std::function<void(std::span<std::byte> slab, bool added)>;
  void SetSlabListener(SlabListener listener);

 private:
  friend class Slot;
  void Return(uint64_t* data, MemoryClass memory_class);
  void Move(MemoryClass from, MemoryClass to);
  // By a slab of at most so many bytes, or as many as one slot takes. REQUIRES: mutex_ held.
  std::span<std::byte> Grow(uint64_t bytes);
  void Account(MemoryClass memory_class, bool add);  // REQUIRES: mutex_ held

  const size_t slot_words_;
  mutable std::mutex mutex_;
  std::vector<std::span<std::byte>> slabs_;
  std::vector<uint64_t*> free_;
  std::array<uint64_t, kMemoryClasses> used_{};
  std::array<uint64_t, kMemoryClasses> peak_{};
  uint64_t used_total_ = 0;
  uint64_t peak_total_ = 0;
  uint64_t reserved_ = 0;
  Observer observer_;
  SlabListener slab_listener_;
};

}  // namespace keymemrt
