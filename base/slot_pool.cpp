// SPDX-License-Identifier: Apache-2.0
#include "base/slot_pool.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace keymemrt {

namespace {
// A slab is whole huge pages. One that nobody has reserved is a single one, which hardly overshoots a budget.
constexpr size_t kHugePage = size_t{2} << 20;
constexpr uint64_t kLargestSlab = uint64_t{1} << 30;  // what io_uring takes as one buffer
}  // namespace

Slot& Slot::operator=(Slot&& other) noexcept {
  if (this != &other) {
    Reset();
    pool_ = std::exchange(other.pool_, nullptr);
    data_ = std::exchange(other.data_, nullptr);
    class_ = other.class_;
  }
  return *this;
}

std::span<uint64_t> Slot::words() const {
  return data_ == nullptr ? std::span<uint64_t>() : std::span<uint64_t>(data_, pool_->slot_words());
}

void Slot::Reset() {
  if (data_ != nullptr) pool_->Return(data_, class_);
  pool_ = nullptr;
  data_ = nullptr;
}

void Slot::SetClass(MemoryClass memory_class) {
  if (data_ != nullptr && memory_class != class_) pool_->Move(class_, memory_class);
  class_ = memory_class;
}

SlotPool::SlotPool(size_t slot_words) : slot_words_(slot_words) {
  assert(slot_words >= 8 && std::has_single_bit(slot_words));
}

SlotPool::~SlotPool() {
  assert(used_total_ == 0 && "a slot outlives its pool");
  for (const std::span<std::byte> slab : slabs_) {
    if (slab_listener_) slab_listener_(slab, false);
    munmap(slab.data(), slab.size());
  }
}

Slot SlotPool::Take(MemoryClass memory_class) {
  const std::lock_guard lock(mutex_);
  if (free_.empty()) Grow(kHugePage);
  uint64_t* data = free_.back();
  free_.pop_back();
  Account(memory_class, true);
  return Slot(this, data, memory_class);
}

void SlotPool::Return(uint64_t* data, MemoryClass memory_class) {
  const std::lock_guard lock(mutex_);
  free_.push_back(data);
  Account(memory_class, false);
}

void SlotPool::Move(MemoryClass from, MemoryClass to) {
  const std::lock_guard lock(mutex_);
  Account(from, false);
  Account(to, true);
}

void SlotPool::Reserve(uint64_t slots) {
  const std::lock_guard lock(mutex_);
  while (reserved_ < slots * slot_bytes()) {
    const std::span<std::byte> slab = Grow(std::min(slots * slot_bytes() - reserved_, kLargestSlab));
    // Advice, too: refused before Linux 5.14.
    madvise(slab.data(), slab.size(), MADV_POPULATE_WRITE);
  }
}

std::span<std::byte> SlotPool::Grow(uint64_t wanted) {
  const size_t unit = std::max(kHugePage, slot_bytes());
  const size_t bytes = (std::max<uint64_t>(wanted, 1) + unit - 1) / unit * unit;
  // Over-allocate by one huge page and give the ends back, so that the slab starts on a huge page's border.
  char* raw = static_cast<char*>(
      mmap(nullptr, bytes + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  if (raw == MAP_FAILED) {
    std::fprintf(stderr, "keymemrt: the system refused %zu bytes of memory\n", bytes);
    std::exit(1);
  }
  const size_t head = (kHugePage - reinterpret_cast<uintptr_t>(raw) % kHugePage) % kHugePage;
  if (head != 0) munmap(raw, head);
  if (head != kHugePage) munmap(raw + head + bytes, kHugePage - head);
  char* base = raw + head;
  madvise(base, bytes, MADV_HUGEPAGE);  // advice: a refusal costs speed only
  slabs_.push_back({reinterpret_cast<std::byte*>(base), bytes});
  if (slab_listener_) slab_listener_(slabs_.back(), true);
  reserved_ += bytes;
  // Lowest address on top of the stack, so that a fresh slab fills from its start.
  for (size_t offset = bytes; offset != 0; offset -= slot_bytes()) {
    free_.push_back(reinterpret_cast<uint64_t*>(base + offset - slot_bytes()));
  }
  return slabs_.back();
}

void SlotPool::Account(MemoryClass memory_class, bool add) {
  const size_t i = static_cast<size_t>(memory_class);
  if (add) {
    used_[i] += slot_bytes();
    used_total_ += slot_bytes();
    peak_[i] = std::max(peak_[i], used_[i]);
    peak_total_ = std::max(peak_total_, used_total_);
  } else {
    used_[i] -= slot_bytes();
    used_total_ -= slot_bytes();
  }
  if (observer_) observer_(used_);
}

uint64_t SlotPool::bytes(MemoryClass memory_class) const {
  const std::lock_guard lock(mutex_);
  return used_[static_cast<size_t>(memory_class)];
}

uint64_t SlotPool::peak_bytes(MemoryClass memory_class) const {
  const std::lock_guard lock(mutex_);
  return peak_[static_cast<size_t>(memory_class)];
}

uint64_t SlotPool::peak_total_bytes() const {
  const std::lock_guard lock(mutex_);
  return peak_total_;
}

uint64_t SlotPool::reserved_bytes() const {
  const std::lock_guard lock(mutex_);
  return reserved_;
}

void SlotPool::ResetPeaks() {
  const std::lock_guard lock(mutex_);
  peak_ = used_;
  peak_total_ = used_total_;
}

void SlotPool::SetObserver(Observer observer) {
  const std::lock_guard lock(mutex_);
  observer_ = std::move(observer);
  if (observer_) observer_(used_);
}

void SlotPool::SetSlabListener(SlabListener listener) {
  const std::lock_guard lock(mutex_);
  assert(!slab_listener_);
  slab_listener_ = std::move(listener);
  for (const std::span<std::byte> slab : slabs_) slab_listener_(slab, true);
}

}  // namespace keymemrt
