// SPDX-License-Identifier: Apache-2.0
#include "runtime/io/read_queue.h"

#include <linux/magic.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

namespace keymemrt::runtime {

namespace {

constexpr uint64_t kStop = UINT64_MAX;  // the tag of the read of nothing that ends a thread
constexpr int kMostInterruptions = 100;

bool IsInMemory(const std::string& directory) {
  struct statfs info;
  if (statfs(directory.c_str(), &info) != 0) return false;
  return info.f_type == TMPFS_MAGIC || info.f_type == RAMFS_MAGIC;
}

}  // namespace

ReadQueue::ReadQueue(std::unique_ptr<BlockDevice> device, int depth)
    : device_(std::move(device)), depth_(static_cast<size_t>(std::clamp(depth, 1, BlockDevice::kMaxReads - 1))) {
  const size_t threads = static_cast<size_t>(device_->WaitingThreads());
  lanes_.resize(depth_ + threads);
  for (size_t lane = lanes_.size(); lane-- != 0;) free_lanes_.push_back(static_cast<int>(lane));
  for (size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
}

ReadQueue::~ReadQueue() {
  {
    const std::lock_guard lock(mutex_);
    device_->Start(std::vector(threads_.size(), BlockRead{.tag = kStop}));
  }
  for (std::thread& thread : threads_) thread.join();
}

std::shared_ptr<ReadQueue> ReadQueue::OfSystem(const std::string& directory) {
  static std::mutex mutex;
  static std::array<std::weak_ptr<ReadQueue>, 2> shared;
  const bool in_memory = IsInMemory(directory);
  const std::lock_guard lock(mutex);
  std::weak_ptr<ReadQueue>& place = shared[in_memory];
  std::shared_ptr<ReadQueue> queue = place.lock();
  if (queue != nullptr) return queue;
  auto device = in_memory ? Result(MakePreadDevice(kPreadThreads)) : MakeUringDevice();
  if (device.ok()) {
    queue = std::make_shared<ReadQueue>(std::move(device).value());
  } else {
    queue = std::make_shared<ReadQueue>(MakePreadDevice(kPreadThreads));
    queue->note_ = fmt::format("{}: {} threads read the keys", device.status().message(), kPreadThreads);
  }
  place = queue;
  return queue;
}

Result<BlockFile> ReadQueue::Open(const std::string& path) {
  KMRT_ASSIGN_OR_RETURN(const BlockDevice::File file, device_->Open(path));
  return BlockFile(device_.get(), path, file);
}

void ReadQueue::Read(std::span<Wanted> wanted) {
  const std::lock_guard lock(mutex_);
  for (Wanted& one : wanted) {
    const uint64_t number = asked_++, deadline = number + one.slack;
    waiting_.push({.wanted = std::move(one), .deadline = deadline, .number = number});
  }
  StartNext();
}

void ReadQueue::Read(const BlockFile& file, uint64_t offset, std::span<std::byte> out, uint64_t slack, Done done) {
  Wanted wanted{&file, offset, out, slack, std::move(done)};
  Read({&wanted, 1});
}

Status ReadQueue::ReadNow(const BlockFile& file, uint64_t offset, std::span<std::byte> out) {
  ReadBatch batch;
  Read(file, offset, out, 0, batch.Add());
  return batch.Wait();
}

void ReadQueue::StartNext() {
  std::vector<BlockRead> reads;
  while (!waiting_.empty() && under_way_ != depth_ && !free_lanes_.empty()) {
    const int lane = free_lanes_.back();
    free_lanes_.pop_back();
    ++under_way_;
    Request& request = lanes_[static_cast<size_t>(lane)];
    request = waiting_.top();
    waiting_.pop();
    request.begin = std::chrono::steady_clock::now();
    reads.push_back(ToRead(lane));
  }
  if (!reads.empty()) device_->Start(reads);
}

BlockRead ReadQueue::ToRead(int lane) const {
  const Request& request = lanes_[static_cast<size_t>(lane)];
  return {.file = request.wanted.file->file_.number,
          .offset = request.wanted.offset + request.filled,
          .out = request.wanted.out.subspan(request.filled),
          .tag = static_cast<uint64_t>(lane)};
}

std::optional<Status> ReadQueue::Judge(Request& request, int64_t bytes) const {
  const Wanted& wanted = request.wanted;
  const std::string& path = wanted.file->path();
  if (bytes < 0) {
    const int error = static_cast<int>(-bytes);
    const bool again = error == EINTR || error == EAGAIN;
    if (again && ++request.interrupted <= kMostInterruptions) return std::nullopt;
    return Failed("{}: cannot read: {}", path, std::strerror(error));
  }
  request.filled += static_cast<size_t>(bytes);
  if (request.filled == wanted.out.size()) return Status();
  if (bytes == 0 || wanted.offset + request.filled >= wanted.file->size()) {
    return Corrupt("{}: truncated: it ends within what is read at {}", path, wanted.offset);
  }
  // A direct read goes on at a whole block only; to read a part of a block again is harmless.
  request.filled -= request.filled % kBlockAlignment;
  if (bytes < static_cast<int64_t>(kBlockAlignment)) {
    return Failed("{}: the system reads less than a block at a time", path);
  }
  return std::nullopt;
}

void ReadQueue::Run() {
  while (true) {
    const BlockResult result = device_->Wait();
    if (result.tag == kStop) return;
    const int lane = static_cast<int>(result.tag);
    Done done;
    Answer answer;
    {
      const std::lock_guard lock(mutex_);
      Request& request = lanes_[static_cast<size_t>(lane)];
      std::optional<Status> status = Judge(request, result.bytes);
      if (!status) {
        device_->Start(std::array{ToRead(lane)});
        continue;
      }
      answer = {*std::move(status), lane, request.begin};
      done = std::exchange(request.wanted.done, nullptr);
      --under_way_;
      StartNext();  // so that the device has work while `done` computes
    }
    done(answer);
    const std::lock_guard lock(mutex_);
    free_lanes_.push_back(lane);
    StartNext();
  }
}

ReadQueue::Done ReadBatch::Add(std::function<Status()> finish) {
  {
    const std::lock_guard lock(mutex_);
    ++left_;
  }
  return [this, finish = std::move(finish)](const ReadQueue::Answer& answer) {
    Status status = answer.status;
    if (status.ok() && finish) status = finish();
    const std::lock_guard lock(mutex_);
    if (status_.ok()) status_ = std::move(status);
    if (--left_ == 0) done_.notify_all();  // under the lock: the batch may go as soon as it is free
  };
}

Status ReadBatch::Wait() {
  std::unique_lock lock(mutex_);
  done_.wait(lock, [this] { return left_ == 0; });
  return status_;
}

}  // namespace keymemrt::runtime
