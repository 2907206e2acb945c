// SPDX-License-Identifier: Apache-2.0
#include "runtime/io/simulated_devices.h"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/file.h"

namespace keymemrt::runtime {

namespace {

using Clock = std::chrono::steady_clock;

class MemoryDevice : public BlockDevice {
 public:
  std::string_view name() const override { return "memory"; }

  Result<File> Open(const std::string& path) override {
    auto read = ReadFile(path);
    if (read.status().code() == ErrorCode::kInvalidArgument) return Corrupt("{}: missing", path);
    KMRT_ASSIGN_OR_RETURN(std::vector<std::byte> contents, std::move(read));
    const std::lock_guard lock(mutex_);
    const File file{next_++, contents.size(), true};
    files_.emplace(file.number, std::move(contents));
    return file;
  }
  void Close(int file) override {
    const std::lock_guard lock(mutex_);
    files_.erase(file);
  }

  void Start(std::span<const BlockRead> reads) override {
    const std::lock_guard lock(mutex_);
    for (const BlockRead& read : reads) {
      BlockResult result{read.tag, 0};
      if (!read.out.empty()) {
        const std::vector<std::byte>& contents = files_.at(read.file);
        const uint64_t begin = std::min<uint64_t>(read.offset, contents.size());
        result.bytes = static_cast<int64_t>(std::min<uint64_t>(read.out.size(), contents.size() - begin));
        std::copy_n(contents.begin() + static_cast<std::ptrdiff_t>(begin), result.bytes, read.out.begin());
      }
      results_.push_back(result);
    }
    ended_.notify_one();
  }
  BlockResult Wait() override {
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [this] { return !results_.empty(); });
    const BlockResult result = results_.front();
    results_.pop_front();
    return result;
  }

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  int next_ = 0;
  std::map<int, std::vector<std::byte>> files_;
  std::deque<BlockResult> results_;
};

// What passes everything on. Results of reads under way can be looked up by tag.
class Decorator : public BlockDevice {
 public:
  explicit Decorator(std::unique_ptr<BlockDevice> device) : device_(std::move(device)) {}
  Result<File> Open(const std::string& path) override { return device_->Open(path); }
  void Close(int file) override { device_->Close(file); }
  void Register(std::span<std::byte> memory) override { device_->Register(memory); }
  void Unregister(std::span<std::byte> memory) override { device_->Unregister(memory); }
  int WaitingThreads() const override { return device_->WaitingThreads(); }

 protected:
  const std::unique_ptr<BlockDevice> device_;
  std::mutex mutex_;
};

class ThrottledDevice : public Decorator {
 public:
  ThrottledDevice(std::unique_ptr<BlockDevice> device, double bytes_per_second, std::chrono::nanoseconds latency)
      : Decorator(std::move(device)), bytes_per_second_(bytes_per_second), latency_(latency) {}

  std::string_view name() const override { return "throttled"; }
  void Start(std::span<const BlockRead> reads) override {
    {
      const std::lock_guard lock(mutex_);
      for (const BlockRead& read : reads) {
        if (read.out.empty()) continue;
        const std::chrono::duration<double> time(static_cast<double>(read.out.size()) / bytes_per_second_);
        free_ = std::max(free_, Clock::now() + latency_) + std::chrono::duration_cast<Clock::duration>(time);
        due_[read.tag] = free_;
      }
    }
    device_->Start(reads);
  }
  BlockResult Wait() override {
    const BlockResult result = device_->Wait();
    Clock::time_point due;
    {
      const std::lock_guard lock(mutex_);
      const auto it = due_.find(result.tag);
      if (it == due_.end()) return result;
      due = it->second;
      due_.erase(it);
    }
    std::this_thread::sleep_until(due);
    return result;
  }

 private:
  const double bytes_per_second_;
  const std::chrono::nanoseconds latency_;
  Clock::time_point free_;
  std::map<uint64_t, Clock::time_point> due_;  // by tag
};

class FaultyDevice : public Decorator {
 public:
  FaultyDevice(std::unique_ptr<BlockDevice> device, FaultPlan plan)
      : Decorator(std::move(device)), plan_(std::move(plan)) {}

  std::string_view name() const override { return "faulty"; }
  void Start(std::span<const BlockRead> reads) override {
    std::vector<BlockRead> changed(reads.begin(), reads.end());
    {
      const std::lock_guard lock(mutex_);
      for (BlockRead& read : changed) {
        if (read.out.empty()) continue;
        const Fault fault = plan_(read, number_++);
        if (fault.kind == Fault::Kind::kShort) {
          const size_t bytes = std::min<size_t>(fault.amount, read.out.size());
          read.out = read.out.first(bytes - bytes % kBlockAlignment);
        }
        if (fault.kind == Fault::Kind::kError) read.out = {};
        if (fault.kind != Fault::Kind::kNone) faults_[read.tag] = {fault, read.out};
      }
    }
    device_->Start(changed);
  }
  BlockResult Wait() override {
    BlockResult result = device_->Wait();
    const std::lock_guard lock(mutex_);
    const auto it = faults_.find(result.tag);
    if (it == faults_.end()) return result;
    const auto [fault, out] = it->second;
    faults_.erase(it);
    if (fault.kind == Fault::Kind::kError) result.bytes = -static_cast<int64_t>(fault.amount);
    if (fault.kind == Fault::Kind::kDelay) std::this_thread::sleep_for(std::chrono::microseconds(fault.amount));
    if (fault.kind == Fault::Kind::kFlip && result.bytes > 0) {
      const uint64_t bit = fault.amount % (8 * static_cast<uint64_t>(result.bytes));
      out[bit / 8] ^= std::byte{1} << bit % 8;
    }
    return result;
  }

 private:
  const FaultPlan plan_;
  uint64_t number_ = 0;
  std::map<uint64_t, std::pair<Fault, std::span<std::byte>>> faults_;  // by tag
};

}  // namespace

std::unique_ptr<BlockDevice> MakeMemoryDevice() {
  return std::make_unique<MemoryDevice>();
}

std::unique_ptr<BlockDevice> MakeThrottledDevice(std::unique_ptr<BlockDevice> device, double bytes_per_second,
                                                 std::chrono::nanoseconds latency) {
  return std::make_unique<ThrottledDevice>(std::move(device), bytes_per_second, latency);
}

std::unique_ptr<BlockDevice> MakeFaultyDevice(std::unique_ptr<BlockDevice> device, FaultPlan plan) {
  return std::make_unique<FaultyDevice>(std::move(device), std::move(plan));
}

}  // namespace keymemrt::runtime
