// SPDX-License-Identifier: Apache-2.0
#include "runtime/service/admission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <random>
#include <thread>
#include <vector>

namespace keymemrt::runtime {
namespace {

using testing::HasSubstr;

void Await(const Admission& admission, size_t waiting) {
  while (admission.waiting() != waiting) std::this_thread::yield();
}

TEST(Admission, LetsInWhatFitsAndNamesTheFigures) {
  Admission admission(100);
  std::optional<Admission::Grant> first(admission.Take(60, false).value());
  EXPECT_EQ(first->bytes(), 60u);
  EXPECT_EQ(admission.taken(), 60u);

  const Status busy = admission.Take(41, false).status();
  EXPECT_EQ(busy.code(), ErrorCode::kUnavailable);
  EXPECT_THAT(busy.message(), HasSubstr("41 bytes"));
  EXPECT_THAT(busy.message(), HasSubstr("40 bytes"));
  for (const bool wait : {false, true}) {
    const Status never = admission.Take(101, wait).status();
    EXPECT_EQ(never.code(), ErrorCode::kInfeasible);
    EXPECT_THAT(never.message(), HasSubstr("101 bytes"));
  }
  EXPECT_EQ(admission.taken(), 60u) << "who is refused takes nothing";

  EXPECT_TRUE(admission.Take(40, false).ok());
  first.reset();
  EXPECT_EQ(admission.taken(), 0u);
  EXPECT_TRUE(admission.Take(100, true).ok());
  EXPECT_TRUE(Admission(UINT64_MAX).Take(UINT64_MAX, true).ok());
}

TEST(Admission, NobodyOvertakesOneWhoWaits) {
  Admission admission(100);
  std::optional<Admission::Grant> first(admission.Take(60, true).value());
  std::atomic<int> next = 0;
  int large = -1, small = -1;
  std::thread waits_for_much([&] {
    const auto grant = admission.Take(90, true);
    large = next++;
  });
  Await(admission, 1);
  EXPECT_EQ(admission.Take(10, false).status().code(), ErrorCode::kUnavailable) << "fits, but others wait";
  std::thread waits_for_little([&] {
    const auto grant = admission.Take(20, true);  // fits, and waits all the same
    small = next++;
  });
  Await(admission, 2);
  first.reset();
  waits_for_much.join();
  waits_for_little.join();
  EXPECT_EQ(large, 0);
  EXPECT_EQ(small, 1);
  EXPECT_EQ(admission.taken(), 0u);
}

TEST(Admission, NeverGivesMoreThanThereIs) {
  Admission admission(100);
  std::atomic<uint64_t> used = 0, most = 0;
  std::vector<std::thread> threads;
  for (unsigned seed = 0; seed < 4; ++seed) {
    threads.emplace_back([&, seed] {
      std::mt19937 random(seed);
      for (int i = 0; i < 500; ++i) {
        const uint64_t bytes = 1 + random() % 100;
        const auto grant = admission.Take(bytes, random() % 4 != 0);
        if (!grant.ok()) continue;
        const uint64_t now = used += bytes;
        uint64_t seen = most;
        while (now > seen && !most.compare_exchange_weak(seen, now)) {
        }
        used -= bytes;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most, 100u);
  EXPECT_EQ(admission.taken(), 0u);
}

}  // namespace
}  // namespace keymemrt::runtime
