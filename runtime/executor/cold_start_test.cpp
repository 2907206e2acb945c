// SPDX-License-Identifier: Apache-2.0
//
// Runs that begin before their keys are there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <random>
#include <thread>

#include "base/file.h"
#include "runtime/executor/deployment.h"
#include "runtime/keystore/key_store.h"

namespace keymemrt::runtime {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

class ColdStart : public testing::Test {
 protected:
  explicit ColdStart(uint64_t seed = 6) : deployed_(TestProgram(seed)), source_(deployed_.directory() / "source") {
    const auto stats = deployed_.Run({.mode = Mode::kResident, .threads = 1});
    EXPECT_TRUE(stats.ok()) << stats.status().message();
    EXPECT_LT(deployed_.WorstError(), 1e-3);
    expected_ = ReadFile(deployed_.output()).value();
    fs::remove(deployed_.output());
    fs::rename(deployed_.keys(), source_);
    fs::create_directory(deployed_.keys());
    for (const auto& file : fs::directory_iterator(source_)) {
      const std::string name = file.path().filename().string();
      if (name != kManifestName) segments_.push_back(name);
    }
    std::sort(segments_.begin(), segments_.end());
  }

  // The run, on a thread of its own.
  void Start(int threads = 2) {
    thread_ = std::thread([this, threads] {
      result_ =
          deployed_.Run({.mode = Mode::kColdStart, .threads = threads, .waiting = [this](const std::string& what) {
                           const std::lock_guard lock(mutex_);
                           said_.push_back(what);
                         }});
    });
  }
  // The first thing that it says with this in it.
  std::string UntilItSays(const std::string& words) {
    while (true) {
      {
        const std::lock_guard lock(mutex_);
        for (const std::string& said : said_) {
          if (said.find(words) != std::string::npos) return said;
        }
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  void ExpectTheAnswer() {
    thread_.join();
    ASSERT_TRUE(result_->ok()) << result_->status().message();
    EXPECT_EQ(ReadFile(deployed_.output()).value(), expected_);
    EXPECT_EQ((*result_)->key_bytes_read, (*result_)->predicted.key_bytes_read);
    fs::remove(deployed_.output());
  }
  Status Failure() {
    thread_.join();
    EXPECT_FALSE(fs::exists(deployed_.output()));
    return result_->status();
  }

  std::vector<std::byte> Contents(const std::string& name) { return ReadFile(source_ + "/" + name).value(); }
  void Put(const std::string& name, std::span<const std::byte> bytes) {
    ASSERT_TRUE(WriteFile(deployed_.keys() + "/" + name, bytes).ok());
  }
  // As copying programs do that give a file its name first.
  void PutInPieces(const std::string& name, std::span<const std::byte> bytes) {
    std::FILE* const file = std::fopen((deployed_.keys() + "/" + name).c_str(), "wb");
    ASSERT_NE(file, nullptr);
    std::fwrite(bytes.data(), 1, bytes.size() / 2, file);
    std::fflush(file);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    std::fwrite(bytes.data() + bytes.size() / 2, 1, bytes.size() - bytes.size() / 2, file);
    std::fclose(file);
  }

  Deployment deployed_;
  const std::string source_;
  std::vector<std::byte> expected_;
  std::vector<std::string> segments_;
  std::thread thread_;
  std::optional<Result<Stats>> result_;
  std::mutex mutex_;
  std::vector<std::string> said_;
};

TEST_F(ColdStart, KeysMayComeInAnyOrderAndAnyWay) {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    std::shuffle(segments_.begin(), segments_.end(), random);
    fs::remove_all(deployed_.keys());
    fs::create_directory(deployed_.keys());
    said_.clear();
    // Copied with the manifest first, or made on the spot with the manifest last.
    const bool copied = seed % 2 == 0;
    const size_t before = random() % segments_.size();
    for (size_t i = 0; i < before; ++i) Put(segments_[i], Contents(segments_[i]));
    Start();
    UntilItSays("waiting for manifest.kms or arriving.kms");
    if (copied) {
      PutInPieces(kManifestName, Contents(kManifestName));
    } else {
      ASSERT_TRUE(WriteArriving(ReadManifest(source_).value(), deployed_.keys()).ok());
    }
    for (size_t i = before; i < segments_.size(); ++i) {
      const std::vector<std::byte> bytes = Contents(segments_[i]);
      switch (random() % 3) {
        case 0:
          Put(segments_[i], bytes);
          break;
        case 1:
          PutInPieces(segments_[i], bytes);
          break;
        case 2: {
          // Something else under the name first.
          std::vector<std::byte> wrong = bytes;
          wrong[bytes.size() - 9 - random() % 100] ^= std::byte{1};
          Put(segments_[i], wrong);
          std::this_thread::sleep_for(std::chrono::milliseconds(2));
          Put(segments_[i], bytes);
          break;
        }
      }
    }
    ExpectTheAnswer();
  }
}

TEST_F(ColdStart, SaysWhatItWaitsForAndDoesNotReadWhatHasNotCome) {
  Put(kManifestName, Contents(kManifestName));
  Start();
  const std::string first = ReadManifest(source_)->keys[0].FileName();
  EXPECT_THAT(UntilItSays("waiting for " + first), HasSubstr(fmt::format("0 of {} keys are there", segments_.size())));
  std::vector<std::byte> half = Contents(first);
  half.resize(half.size() / 2);
  Put(first, half);
  UntilItSays("truncated");
  for (const std::string& name : segments_) Put(name, Contents(name));
  ExpectTheAnswer();
}

TEST_F(ColdStart, RunsBesideKeyGeneration) {
  for (int round = 0; round < 3; ++round) {
    fs::remove_all(deployed_.keys());
    fs::create_directory(deployed_.keys());
    Start();
    const auto report = GenerateKeys(deployed_.program(), deployed_.client(), deployed_.keys());
    ASSERT_TRUE(report.ok()) << report.status().message();
    ExpectTheAnswer();
    EXPECT_FALSE(fs::exists(deployed_.keys() + "/" + kArrivingName)) << "nothing arrives any more";
    EXPECT_TRUE(VerifyKeyStore(deployed_.keys()).ok());
  }
}

TEST_F(ColdStart, AKeyThatWillNotComeEndsTheRun) {
  Manifest manifest = ReadManifest(source_).value();
  const std::string name = manifest.keys.back().id.ToString();
  manifest.keys.pop_back();
  for (const KeyEntry& entry : manifest.keys) Put(entry.FileName(), Contents(entry.FileName()));
  // While more keys arrive it is waited for; when the store is complete, no longer.
  ASSERT_TRUE(WriteArriving(manifest, deployed_.keys()).ok());
  Start();
  UntilItSays("waiting for " + name);
  ASSERT_TRUE(WriteManifest(manifest, deployed_.keys()).ok());
  fs::remove(deployed_.keys() + "/" + kArrivingName);
  const Status status = Failure();
  EXPECT_EQ(status.code(), ErrorCode::kCorrupt);
  EXPECT_THAT(status.message(), HasSubstr(name));
}

TEST_F(ColdStart, ADirectoryThatGoesEndsTheRun) {
  Start();
  UntilItSays("waiting for");
  fs::remove(deployed_.keys());
  EXPECT_EQ(Failure().code(), ErrorCode::kFailed);
  Start();
  EXPECT_EQ(Failure().code(), ErrorCode::kInvalidArgument) << "and one that is not there";
}

TEST_F(ColdStart, KeysOfAnotherClientAreNotWaitedFor) {
  Put(kManifestName, Contents(kManifestName));
  Start();
  UntilItSays("waiting for");
  Manifest other = ReadManifest(source_).value();
  other.key_set = KeySetId::Random().value();
  ASSERT_TRUE(WriteManifest(other, deployed_.keys()).ok());
  EXPECT_EQ(Failure().code(), ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace keymemrt::runtime
