// SPDX-License-Identifier: Apache-2.0
//
// The same promises on every device; then what becomes of each fault that a device can have.
#include "runtime/io/read_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <filesystem>
#include <random>

#include "base/file.h"
#include "base/slot_pool.h"
#include "runtime/format/temporary_directory.h"
#include "runtime/io/direct_file.h"
#include "runtime/io/simulated_devices.h"

namespace keymemrt::runtime {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
constexpr size_t kBlock = kBlockAlignment;
constexpr size_t kBlocks = 200;

std::vector<std::byte> Contents() {
  std::vector<std::byte> contents(kBlocks * kBlock);
  for (size_t i = 0; i < contents.size(); ++i) contents[i] = static_cast<std::byte>(i * 7 + i / kBlock);
  return contents;
}

// Null: this system has no such device.
std::unique_ptr<BlockDevice> MakeDevice(const std::string& name) {
  if (name == "memory") return MakeMemoryDevice();
  if (name == "pread") return MakePreadDevice(3);
  auto device = MakeUringDevice();
  return device.ok() ? std::move(device).value() : nullptr;
}

class ReadQueueTest : public testing::TestWithParam<std::string> {
 protected:
  ReadQueueTest() : path_(directory_ / "file"), contents_(Contents()) { EXPECT_TRUE(WriteFile(path_, contents_).ok()); }
  bool Matches(std::span<const std::byte> out, size_t block) const {
    return std::equal(out.begin(), out.end(), contents_.begin() + static_cast<std::ptrdiff_t>(block * kBlock));
  }
  TemporaryDirectory directory_;
  std::string path_;
  std::vector<std::byte> contents_;
};

class EveryDevice : public ReadQueueTest {
 protected:
  void SetUp() override {
    std::unique_ptr<BlockDevice> device = MakeDevice(GetParam());
    if (device == nullptr) GTEST_SKIP() << "no " << GetParam() << " on this system";
    EXPECT_EQ(device->name(), GetParam());
    queue_ = std::make_unique<ReadQueue>(std::move(device));
  }
  std::unique_ptr<ReadQueue> queue_;
};

TEST_P(EveryDevice, ReadsWhatIsThere) {
  const auto file = queue_->Open(path_);
  ASSERT_TRUE(file.ok()) << file.status().message();
  EXPECT_EQ(file->size(), contents_.size());
  const AlignedMemory memory(kBlocks * kBlock);
  for (const auto& [first, blocks] : {std::pair<size_t, size_t>{0, kBlocks}, {1, 1}, {7, 30}, {kBlocks - 1, 1}}) {
    const std::span<std::byte> out = memory.bytes.first(blocks * kBlock);
    const Status status = queue_->ReadNow(*file, first * kBlock, out);
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_TRUE(Matches(out, first));
  }
}

TEST_P(EveryDevice, ServesManyThreadsAndRegisteredMemory) {
  const auto file = queue_->Open(path_);
  ASSERT_TRUE(file.ok());
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937_64 random(t);
      constexpr size_t kBuffers = 16;
      const AlignedMemory memory(kBuffers * 8 * kBlock);
      if (t % 2 == 0) queue_->Register(memory.bytes);
      for (int round = 0; round < 20; ++round) {
        ReadBatch batch;
        std::vector<size_t> first(kBuffers), count(kBuffers);
        const auto out = [&](size_t i) { return memory.bytes.subspan(i * 8 * kBlock, count[i] * kBlock); };
        for (size_t i = 0; i < kBuffers; ++i) {
          first[i] = random() % (kBlocks - 8);
          count[i] = 1 + random() % 8;
          queue_->Read(*file, first[i] * kBlock, out(i), random() % 10, batch.Add());
        }
        wrong += !batch.Wait().ok();
        for (size_t i = 0; i < kBuffers; ++i) wrong += !Matches(out(i), first[i]);
      }
      if (t % 2 == 0) queue_->Unregister(memory.bytes);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST_P(EveryDevice, SlabsOfAPoolCanBeRegisteredAndGo) {
  const auto file = queue_->Open(path_);
  ASSERT_TRUE(file.ok());
  for (int round = 0; round < 3; ++round) {
    SlotPool pool(kBlock);
    pool.SetSlabListener(
        [&](std::span<std::byte> slab, bool added) { added ? queue_->Register(slab) : queue_->Unregister(slab); });
    std::vector<Slot> slots;
    for (int i = 0; i < 100; ++i) slots.push_back(pool.Take(MemoryClass::kKeys));  // two slabs
    for (const Slot& slot : slots) {
      const std::span<std::byte> out = std::as_writable_bytes(slot.words()).last(kBlock);
      ASSERT_TRUE(queue_->ReadNow(*file, 3 * kBlock, out).ok());
      ASSERT_TRUE(Matches(out, 3));
    }
  }
}

TEST_P(EveryDevice, AFileThatEndsBeforeOrIsNotThereIsCorrupt) {
  const auto file = queue_->Open(path_);
  ASSERT_TRUE(file.ok());
  const AlignedMemory memory(2 * kBlock);
  for (const size_t first : {kBlocks - 1, kBlocks, kBlocks + 100}) {
    const Status status = queue_->ReadNow(*file, first * kBlock, memory.bytes);
    EXPECT_EQ(status.code(), ErrorCode::kCorrupt) << first;
    EXPECT_THAT(status.message(), HasSubstr(path_));
  }
  if (GetParam() != "memory") {  // which has taken a copy
    std::filesystem::resize_file(path_, kBlock);
    EXPECT_EQ(queue_->ReadNow(*file, 0, memory.bytes).code(), ErrorCode::kCorrupt);
  }
  EXPECT_FALSE(queue_->Open(directory_ / "nowhere").ok());
}

INSTANTIATE_TEST_SUITE_P(, EveryDevice, testing::Values("memory", "pread", "io_uring"),
                         [](const auto& info) { return info.param; });

TEST_F(ReadQueueTest, TheSystemHasOneQueueWhileSomebodyHasIt) {
  const auto a = ReadQueue::OfSystem("/"), b = ReadQueue::OfSystem("/nowhere");
  EXPECT_EQ(a, b);
  EXPECT_EQ(a->note().empty(), a->device_name() == "io_uring");
  struct statfs info;
  if (statfs("/dev/shm", &info) != 0 || info.f_type != TMPFS_MAGIC) GTEST_SKIP() << "no file system in memory";
  const auto c = ReadQueue::OfSystem("/dev/shm");
  EXPECT_EQ(c, ReadQueue::OfSystem("/dev/shm"));
  EXPECT_EQ(c->device_name(), "pread");
  EXPECT_TRUE(c->note().empty());
}

// A device whose reads end when the test says so, in any order.
class HeldDevice : public BlockDevice {
 public:
  std::string_view name() const override { return "held"; }
  Result<File> Open(const std::string&) override { return File{0, kBlocks * kBlock, true}; }
  void Close(int) override {}
  void Start(std::span<const BlockRead> reads) override {
    const std::lock_guard lock(mutex_);
    for (const BlockRead& read : reads) {
      if (read.out.empty()) {
        results_.push_back({read.tag, 0});
      } else {
        started_.push_back(read);
      }
    }
    changed_.notify_all();
  }
  BlockResult Wait() override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !results_.empty(); });
    const BlockResult result = results_.front();
    results_.erase(results_.begin());
    return result;
  }
  // The oldest read ends; answers its offset in blocks.
  size_t End() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !started_.empty(); });
    const BlockRead read = started_.front();
    started_.erase(started_.begin());
    results_.push_back({read.tag, static_cast<int64_t>(read.out.size())});
    changed_.notify_all();
    return read.offset / kBlock;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<BlockRead> started_;
  std::vector<BlockResult> results_;
};

TEST_F(ReadQueueTest, TheUrgentGoFirstAndNobodyWaitsForEver) {
  auto device = std::make_unique<HeldDevice>();
  HeldDevice& held = *device;
  ReadQueue queue(std::move(device), 1);
  const BlockFile file = queue.Open("anything").value();
  const AlignedMemory memory(kBlock);
  std::atomic<int> done = 0;
  const auto read = [&](size_t block, uint64_t slack) {
    queue.Read(file, block * kBlock, memory.bytes, slack, [&](const ReadQueue::Answer&) { ++done; });
  };
  read(1, 9);  // begins at once: it is alone
  read(2, 6);  // deadlines: 1 + 6, 2 + 3, 3 + 1, 4, 5, ...
  read(3, 3);
  read(4, 1);
  std::vector<size_t> order;
  read(5, 0);
  for (size_t block = 6; block < 12; ++block) read(block, 0);
  for (int i = 0; i < 11; ++i) order.push_back(held.End());
  EXPECT_THAT(order, testing::ElementsAre(1, 4, 5, 3, 6, 7, 2, 8, 9, 10, 11));
  while (done < 11) std::this_thread::yield();
}

TEST_F(ReadQueueTest, FaultsEndInTheRightErrorOrTheRightBytes) {
  const auto run = [&](Fault fault, uint64_t at, uint64_t count = 1) {
    ReadQueue queue(MakeFaultyDevice(MakeMemoryDevice(), [=](const BlockRead&, uint64_t number) {
      return number >= at && number < at + count ? fault : Fault();
    }));
    const BlockFile file = queue.Open(path_).value();
    const AlignedMemory memory(8 * kBlock);
    Status status = queue.ReadNow(file, 5 * kBlock, memory.bytes);
    if (status.ok() && !Matches(memory.bytes, 5)) status = Failed("other bytes");
    return status;
  };
  using Kind = Fault::Kind;
  for (const uint64_t bytes : {1 * kBlock, 3 * kBlock, 5 * kBlock - 1}) {
    EXPECT_TRUE(run({Kind::kShort, bytes}, 0).ok()) << "read to the end";
    EXPECT_TRUE(run({Kind::kShort, bytes}, 0, 8).ok());
  }
  EXPECT_EQ(run({Kind::kShort, 0}, 0).code(), ErrorCode::kCorrupt);
  EXPECT_EQ(run({Kind::kShort, 100}, 0).code(), ErrorCode::kCorrupt) << "not even a block";
  for (const int error : {EIO, ENOSPC, EBADF}) {
    const Status status = run({Kind::kError, static_cast<uint64_t>(error)}, 0);
    EXPECT_EQ(status.code(), ErrorCode::kFailed);
    EXPECT_THAT(status.message(), testing::AllOf(HasSubstr(path_), HasSubstr(std::strerror(error))));
  }
  for (const int error : {EINTR, EAGAIN}) {
    EXPECT_TRUE(run({Kind::kError, static_cast<uint64_t>(error)}, 0, 50).ok()) << "asked again";
    EXPECT_EQ(run({Kind::kError, static_cast<uint64_t>(error)}, 0, 1000).code(), ErrorCode::kFailed) << "not for ever";
  }
  EXPECT_TRUE(run({Kind::kDelay, 1000}, 0).ok());
  EXPECT_EQ(run({Kind::kFlip, 12345}, 0).message(), "other bytes") << "whoever reads has a checksum";
}

TEST_F(ReadQueueTest, AThrottledDeviceKeepsItsRateAndItsLatency) {
  const auto seconds = [&](double rate, milliseconds latency, size_t reads) {
    ReadQueue queue(MakeThrottledDevice(MakeMemoryDevice(), rate, latency));
    const BlockFile file = queue.Open(path_).value();
    const AlignedMemory memory(kBlock);
    ReadBatch batch;
    const auto start = std::chrono::steady_clock::now();
    for (size_t i = 0; i < reads; ++i) queue.Read(file, i * kBlock, memory.bytes, 0, batch.Add());
    EXPECT_TRUE(batch.Wait().ok());
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  // Never faster; how much slower depends on the machine.
  EXPECT_GE(seconds(kBlock / 0.005, milliseconds(0), 20), 0.1);
  EXPECT_GE(seconds(1e12, milliseconds(30), 1), 0.03);
  EXPECT_LT(seconds(1e12, milliseconds(30), ReadQueue::kDepth), 0.03 * ReadQueue::kDepth) << "latencies overlap";
}

}  // namespace
}  // namespace keymemrt::runtime
