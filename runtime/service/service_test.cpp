// SPDX-License-Identifier: Apache-2.0
//
// Several clients of one program in one process.
#include "runtime/service/service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <filesystem>
#include <optional>
#include <thread>

#include "base/file.h"
#include "planner/residency.h"
#include "runtime/executor/deployment.h"
#include "runtime/keystore/manifest.h"

namespace keymemrt::runtime {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr size_t kClients = 4;
constexpr int kThreads = 4;

// Clients of one program, each with keys and an input of its own, and what a process with it alone answers.
class Clients : public testing::Test {
 protected:
  void SetUp() override {
    for (size_t i = 0; i < kClients; ++i) {
      Deployment& client = clients_.emplace_back(TestProgram(3));
      const auto stats = client.Run({.mode = Mode::kResident, .threads = 1});
      ASSERT_TRUE(stats.ok()) << stats.status().message();
      EXPECT_LT(client.WorstError(), 1e-3);
      solo_.push_back(ReadFile(client.output()).value());
      fs::remove(client.output());
    }
  }

  std::unique_ptr<Service> Serve(uint64_t budget_bytes) {
    auto service = Service::Create(clients_[0].program(), &clients_[0].weights(),
                                   {.threads = kThreads, .budget_bytes = budget_bytes});
    EXPECT_TRUE(service.ok()) << service.status().message();
    return std::move(service).value();
  }
  planner::Trace Trace() const { return clients_[0].Trace(kThreads); }
  uint64_t Least() const { return planner::LeastFeasibleBudget(Trace()).bytes; }
  // What all sessions share.
  uint64_t SharedBytes() { return Serve(0)->admitted_bytes(); }

  std::deque<Deployment> clients_;
  std::vector<std::vector<std::byte>> solo_;
};

TEST_F(Clients, AnswersAreThoseOfSoloRuns) {
  const auto service = Serve(0);
  const std::array<Mode, kClients> modes = {Mode::kPlanned, Mode::kStreaming, Mode::kPrefetch, Mode::kImperative};
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kClients; ++i) {
    threads.emplace_back([&, i] {
      for (size_t round = 0; round < 3; ++round) {
        const auto session = service->Open(clients_[i].keys(), {.mode = modes[(i + round) % kClients]});
        ASSERT_TRUE(session.ok()) << session.status().message();
        for (int run = 0; run < 2; ++run) {
          const auto stats = (*session)->RunFiles(clients_[i].input(), clients_[i].output());
          ASSERT_TRUE(stats.ok()) << stats.status().message();
          EXPECT_EQ(ReadFile(clients_[i].output()).value(), solo_[i]);
          EXPECT_EQ(stats->key_bytes_read, stats->predicted.key_bytes_read) << "each reads its own keys";
          EXPECT_LE(stats->peak_slot_bytes + stats->fixed_bytes, stats->predicted.peak_bytes);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(Clients, AdmittedSessionsStayWithinTheBudget) {
  // Room for two at a time.
  const uint64_t each = Least(), shared = SharedBytes();
  const uint64_t budget = each + (each - shared) + (each - shared) / 2;
  const auto service = Serve(budget);
  EXPECT_EQ(service->budget_bytes(), budget);
  EXPECT_EQ(service->admitted_bytes(), shared);
  std::atomic<int> running = 0, most = 0, finished = 0;
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kClients; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 2; ++round) {
        const auto session = service->Open(clients_[i].keys(), {.budget_bytes = each});
        ASSERT_TRUE(session.ok()) << session.status().message();
        const int now = ++running;
        int seen = most;
        while (now > seen && !most.compare_exchange_weak(seen, now)) {
        }
        EXPECT_LE(service->admitted_bytes(), budget);
        EXPECT_LE(shared + (*session)->admitted_bytes(), each);
        const auto stats = (*session)->RunFiles(clients_[i].input(), clients_[i].output());
        ASSERT_TRUE(stats.ok()) << stats.status().message();
        EXPECT_LE(stats->peak_slot_bytes + stats->fixed_bytes, each);
        EXPECT_EQ(ReadFile(clients_[i].output()).value(), solo_[i]);
        --running;
        ++finished;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(finished, 2 * static_cast<int>(kClients));
  EXPECT_LE(most, 2);
  EXPECT_EQ(service->admitted_bytes(), shared);
}

TEST_F(Clients, ASessionThatDoesNotFitIsRefusedWithTheFigure) {
  const uint64_t each = Least(), shared = SharedBytes();
  const auto service = Serve(each + (each - shared) - 1);
  const SessionOptions at_once = {.budget_bytes = each, .wait = false};
  auto first = service->Open(clients_[0].keys(), at_once);
  ASSERT_TRUE(first.ok()) << first.status().message();
  const Status second = service->Open(clients_[1].keys(), at_once).status();
  EXPECT_EQ(second.code(), ErrorCode::kUnavailable);
  EXPECT_THAT(second.message(), HasSubstr(fmt::format("{} bytes", (*first)->admitted_bytes())));

  // Beyond its own budget, and beyond the service's: both for ever.
  Status never = service->Open(clients_[1].keys(), {.budget_bytes = each - 1}).status();
  EXPECT_EQ(never.code(), ErrorCode::kInfeasible);
  EXPECT_THAT(never.message(), HasSubstr(std::to_string(each)));
  never = Serve(each - 1)->Open(clients_[1].keys(), {}).status();
  EXPECT_EQ(never.code(), ErrorCode::kInfeasible);
  EXPECT_THAT(never.message(), HasSubstr(std::to_string(each)));

  // A session outlives what opened it, and its memory is free when it goes.
  first = Status(ErrorCode::kFailed, "gone");
  auto session = service->Open(clients_[1].keys(), at_once);
  ASSERT_TRUE(session.ok()) << session.status().message();
  EXPECT_TRUE((*session)->RunFiles(clients_[1].input(), clients_[1].output()).ok());
}

TEST_F(Clients, ASessionMayOutliveItsService) {
  auto service = Serve(0);
  const auto session = service->Open(clients_[2].keys(), {});
  ASSERT_TRUE(session.ok());
  service.reset();
  ASSERT_TRUE((*session)->RunFiles(clients_[2].input(), clients_[2].output()).ok());
  EXPECT_EQ(ReadFile(clients_[2].output()).value(), solo_[2]);
}

TEST_F(Clients, NobodyIsServedWithTheKeysOfAnother) {
  const auto service = Serve(0);
  const auto session = service->Open(clients_[0].keys(), {});
  ASSERT_TRUE(session.ok());
  const Status status = (*session)->RunFiles(clients_[1].input(), clients_[1].output()).status();
  EXPECT_EQ(status.code(), ErrorCode::kCorrupt);
  EXPECT_THAT(status.message(), HasSubstr("key set"));
  EXPECT_FALSE(fs::exists(clients_[1].output()));
}

TEST_F(Clients, AFailureOfOneLeavesTheOthersAlone) {
  // Client 0's first key is damaged.
  const std::string segment = clients_[0].keys() + "/" + ReadManifest(clients_[0].keys())->keys[0].FileName();
  std::vector<std::byte> bytes = ReadFile(segment).value();
  bytes[bytes.size() / 2] ^= std::byte{1};
  ASSERT_TRUE(WriteFile(segment, bytes).ok());
  const auto service = Serve(0);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kClients; ++i) {
    threads.emplace_back([&, i] {
      const auto session = service->Open(clients_[i].keys(), {.mode = Mode::kStreaming});
      ASSERT_TRUE(session.ok()) << session.status().message();
      for (int run = 0; run < 2; ++run) {
        const auto stats = (*session)->RunFiles(clients_[i].input(), clients_[i].output());
        if (i == 0) {
          EXPECT_EQ(stats.status().code(), ErrorCode::kCorrupt);
          EXPECT_FALSE(fs::exists(clients_[i].output()));
        } else {
          ASSERT_TRUE(stats.ok()) << stats.status().message();
          EXPECT_EQ(ReadFile(clients_[i].output()).value(), solo_[i]);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(Service, SaysWhatIsMissingBeforeAnythingRuns) {
  Deployment client(TestProgram(3));
  ASSERT_FALSE(client.program().weights.empty());
  EXPECT_EQ(Service::Create(client.program(), nullptr, {}).status().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(Service::Create(client.program(), &client.weights(), {.threads = -1}).status().code(),
            ErrorCode::kInvalidArgument);
  const Status status =
      Service::Create(client.program(), &client.weights(), {.threads = 1, .budget_bytes = 1 << 20}).status();
  EXPECT_EQ(status.code(), ErrorCode::kInfeasible);
  EXPECT_THAT(status.message(), HasSubstr(std::to_string(planner::LeastFeasibleBudget(client.Trace(1)).bytes)));
  const auto service = Service::Create(client.program(), &client.weights(), {});
  ASSERT_TRUE(service.ok());
  EXPECT_EQ((*service)->Open(client.directory() / "nowhere", {}).status().code(), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace keymemrt::runtime
