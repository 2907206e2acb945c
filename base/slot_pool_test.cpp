// SPDX-License-Identifier: Apache-2.0
#include "base/slot_pool.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace keymemrt {
namespace {

TEST(SlotPool, AccountsByClassAndReusesSlots) {
  SlotPool pool(1024);
  Slot a = pool.Take(MemoryClass::kKeys);
  Slot b = pool.Take(MemoryClass::kCiphertexts);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(a.data()) % 64, 0u);
  EXPECT_EQ(a.words().size(), 1024u);
  EXPECT_EQ(pool.bytes(MemoryClass::kKeys), 8192u);
  uint64_t* const freed = b.data();
  b.Reset();
  EXPECT_FALSE(b);
  EXPECT_EQ(pool.bytes(MemoryClass::kCiphertexts), 0u);
  EXPECT_EQ(pool.peak_bytes(MemoryClass::kCiphertexts), 8192u);
  EXPECT_EQ(pool.Take(MemoryClass::kScratch).data(), freed);
  EXPECT_EQ(pool.peak_total_bytes(), 2 * 8192u);
  pool.ResetPeaks();
  EXPECT_EQ(pool.peak_total_bytes(), 8192u);
}

TEST(SlotPool, MovedSlotsAndAccountsFollowTheirOwner) {
  SlotPool pool(8);
  Slot a = pool.Take(MemoryClass::kScratch);
  Slot b = std::move(a);
  EXPECT_TRUE(a.words().empty());
  b.SetClass(MemoryClass::kKeys);
  EXPECT_EQ(pool.bytes(MemoryClass::kScratch), 0u);
  EXPECT_EQ(pool.bytes(MemoryClass::kKeys), 64u);
  b = pool.Take(MemoryClass::kPlaintexts);
  EXPECT_EQ(pool.bytes(MemoryClass::kKeys), 0u);
  EXPECT_EQ(pool.bytes(MemoryClass::kPlaintexts), 64u);
}

TEST(SlotPool, WhatIsReservedIsTakenWithoutGrowing) {
  SlotPool pool(1 << 10);
  constexpr uint64_t kSlots = 1000;  // nearly four huge pages
  pool.Reserve(kSlots);
  const uint64_t reserved = pool.reserved_bytes();
  EXPECT_GE(reserved, kSlots * pool.slot_bytes());
  EXPECT_LT(reserved, kSlots * pool.slot_bytes() + (uint64_t{2} << 20));
  pool.Reserve(kSlots / 2);
  EXPECT_EQ(pool.peak_total_bytes(), 0u);
  std::vector<Slot> slots;
  for (uint64_t i = 0; i < kSlots; ++i) {
    slots.push_back(pool.Take(MemoryClass::kKeys));
    for (uint64_t& word : slots.back().words()) word = i;
  }
  EXPECT_EQ(pool.reserved_bytes(), reserved);
  for (uint64_t i = 0; i < kSlots; ++i) EXPECT_EQ(slots[i].words()[i % 1024], i);
  std::vector<Slot> more;
  while (pool.reserved_bytes() == reserved) more.push_back(pool.Take(MemoryClass::kKeys));
}

TEST(SlotPool, TellsItsObserverOfEveryChange) {
  SlotPool pool(8);
  Slot a = pool.Take(MemoryClass::kKeys);
  std::vector<std::array<uint64_t, kMemoryClasses>> told;
  pool.SetObserver([&](const auto& bytes) { told.push_back(bytes); });
  Slot b = pool.Take(MemoryClass::kCiphertexts);
  a.Reset();
  pool.SetObserver({});
  b.Reset();
  EXPECT_EQ(told, (std::vector<std::array<uint64_t, kMemoryClasses>>{{64, 0, 0, 0}, {64, 64, 0, 0}, {0, 64, 0, 0}}));
}

TEST(SlotPool, SlotsAreDistinctAndWritable) {
  SlotPool pool(1 << 16);
  std::vector<Slot> slots;
  for (uint64_t i = 0; i < 20; ++i) {
    slots.push_back(pool.Take(MemoryClass::kKeys));
    for (uint64_t& word : slots.back().words()) word = i;
  }
  for (uint64_t i = 0; i < slots.size(); ++i) {
    EXPECT_EQ(slots[i].words().front(), i);
    EXPECT_EQ(slots[i].words().back(), i);
  }
  EXPECT_GE(pool.reserved_bytes(), 20 * pool.slot_bytes());
}

TEST(SlotPool, ServesThreads) {
  SlotPool pool(64);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&pool, t] {
      for (int i = 0; i < 2000; ++i) {
        Slot slot = pool.Take(static_cast<MemoryClass>(t));
        for (uint64_t& word : slot.words()) word = static_cast<uint64_t>(t);
        for (const uint64_t word : slot.words()) ASSERT_EQ(word, static_cast<uint64_t>(t));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (size_t c = 0; c < kMemoryClasses; ++c) EXPECT_EQ(pool.bytes(static_cast<MemoryClass>(c)), 0u);
}

}  // namespace
}  // namespace keymemrt
