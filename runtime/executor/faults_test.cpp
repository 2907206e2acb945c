// SPDX-License-Identifier: Apache-2.0
//
// Runs on devices that fail, and runs that are killed: the right answer or the right error, and never half an output.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <random>
#include <thread>

#include "base/file.h"
#include "runtime/executor/deployment.h"
#include "runtime/io/simulated_devices.h"
#include "runtime/keystore/key_store.h"

namespace keymemrt::runtime {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

std::unique_ptr<BlockDevice> SystemDevice() {
  auto device = MakeUringDevice();
  return device.ok() ? std::move(device).value() : MakePreadDevice(kPreadThreads);
}

class Faults : public testing::Test {
 protected:
  Faults() : deployed_(TestProgram(5)) {
    const auto stats = deployed_.Run({.mode = Mode::kResident, .threads = 1});
    EXPECT_TRUE(stats.ok()) << stats.status().message();
    EXPECT_LT(deployed_.WorstError(), 1e-3);
    expected_ = ReadFile(deployed_.output()).value();
    fs::remove(deployed_.output());
  }

  // Ok: the right answer. Otherwise there is no output.
  Status Run(Mode mode, int threads, FaultPlan plan) {
    const auto reads = std::make_shared<ReadQueue>(MakeFaultyDevice(SystemDevice(), std::move(plan)));
    const Status status = deployed_.Run({.mode = mode, .threads = threads, .reads = reads}).status();
    if (!status.ok()) {
      EXPECT_FALSE(fs::exists(deployed_.output()));
      return status;
    }
    EXPECT_EQ(ReadFile(deployed_.output()).value(), expected_);
    fs::remove(deployed_.output());
    return status;
  }

  Deployment deployed_;
  std::vector<std::byte> expected_;
};

TEST_F(Faults, WhatCanBeMadeUpForIs) {
  for (const Mode mode : kModes) {
    SCOPED_TRACE(ModeName(mode));
    std::mt19937_64 random(static_cast<uint64_t>(mode));
    const Status status = Run(mode, 2, [&](const BlockRead& read, uint64_t) -> Fault {
      switch (random() % 4) {
        case 0:
          return {Fault::Kind::kShort, kBlockAlignment + random() % read.out.size()};
        case 1:
          return {Fault::Kind::kError, static_cast<uint64_t>(random() % 2 == 0 ? EINTR : EAGAIN)};
        case 2:
          return {Fault::Kind::kDelay, random() % 100};
        default:
          return {};
      }
    });
    EXPECT_TRUE(status.ok()) << status.message();
  }
}

TEST_F(Faults, WhatCannotEndsInItsError) {
  // From some read on, the first ones of opening the store among them.
  for (const Mode mode : kModes) {
    for (const uint64_t from : {0, 1, 5, 20, 40}) {
      SCOPED_TRACE(fmt::format("{} from {}", ModeName(mode), from));
      const auto after = [from](Fault fault) {
        return [=](const BlockRead&, uint64_t number) { return number >= from ? fault : Fault(); };
      };
      for (const int error : {EIO, ENOSPC}) {
        const Status status = Run(mode, 2, after({Fault::Kind::kError, static_cast<uint64_t>(error)}));
        EXPECT_EQ(status.code(), ErrorCode::kFailed);
        EXPECT_THAT(status.message(), HasSubstr(std::strerror(error)));
      }
      if (mode == Mode::kColdStart) continue;  // which waits for a file that is not whole
      for (const uint64_t bit : {0, 7000, 100'000'000}) {
        EXPECT_EQ(Run(mode, 2, after({Fault::Kind::kFlip, bit})).code(), ErrorCode::kCorrupt);
      }
      EXPECT_EQ(Run(mode, 2, after({Fault::Kind::kShort, 0})).code(), ErrorCode::kCorrupt);
    }
  }
}

TEST_F(Faults, AnyMixtureEndsInAnErrorOrTheRightAnswer) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  int right = 0, failed = 0;
  for (int round = 0; round < 60; ++round) {
    // Planned runs repair what went wrong ahead of its use: rare faults are often survived.
    const uint64_t one_in = uint64_t{4} << random() % 9;
    const Mode mode = kModes[random() % 5];  // cold-start may wait for a key that it cannot read
    const Status status = Run(mode, 1 + round % 3, [&](const BlockRead& read, uint64_t) -> Fault {
      if (random() % one_in != 0) return {};
      constexpr int kErrors[] = {EIO, ENOSPC, EINTR, ENOMEM};
      switch (random() % 4) {
        case 0:
          return {Fault::Kind::kShort, random() % read.out.size()};
        case 1:
          return {Fault::Kind::kError, static_cast<uint64_t>(kErrors[random() % 4])};
        case 2:
          return {Fault::Kind::kFlip, random()};
        default:
          return {Fault::Kind::kDelay, random() % 300};
      }
    });
    ++(status.ok() ? right : failed);
    if (!status.ok()) {
      EXPECT_TRUE(status.code() == ErrorCode::kFailed || status.code() == ErrorCode::kCorrupt) << status.message();
      EXPECT_THAT(status.message(), HasSubstr(deployed_.keys()));
    }
  }
  EXPECT_GT(right, 3);
  EXPECT_GT(failed, 3);
}

TEST_F(Faults, ARunKilledAtAnyMomentLeavesNoHalfOutputAndNothingElseChanged) {
  const auto start = std::chrono::steady_clock::now();
  ASSERT_TRUE(Run(Mode::kPlanned, 1, [](const BlockRead&, uint64_t) { return Fault(); }).ok());
  const auto whole = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - start);
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  int killed = 0, finished = 0;
  for (int round = 0; killed < 50 && round < 500; ++round) {
    const Mode mode = kModes[random() % std::size(kModes)];
    const pid_t child = fork();
    if (child == 0) _exit(deployed_.Run({.mode = mode, .threads = 2}).ok() ? 0 : 1);
    std::this_thread::sleep_for(std::chrono::microseconds(random() % (static_cast<uint64_t>(whole.count()) * 11 / 10)));
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    const bool done = WIFEXITED(status);
    if (done) {
      ASSERT_EQ(WEXITSTATUS(status), 0);
    }
    ++(done ? finished : killed);
    if (fs::exists(deployed_.output())) {
      EXPECT_EQ(ReadFile(deployed_.output()).value(), expected_);
      fs::remove(deployed_.output());
    } else {
      EXPECT_FALSE(done);
    }
  }
  EXPECT_EQ(killed, 50);
  EXPECT_TRUE(VerifyKeyStore(deployed_.keys()).ok());
  EXPECT_TRUE(Run(Mode::kPlanned, 1, [](const BlockRead&, uint64_t) { return Fault(); }).ok());
}

}  // namespace
}  // namespace keymemrt::runtime
