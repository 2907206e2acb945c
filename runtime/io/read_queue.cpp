// SPDX-License-Identifier: Apache-2.0
#include "runtime/io/read_queue.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

namespace keymemrt::runtime {

namespace {

constexpr uint64_t kStop = UINT64_MAX;  // the tag of the read of nothing that ends the thread
constexpr int kMostInterruptions = 100;

}  // namespace

ReadQueue::ReadQueue(std::unique_ptr<BlockDevice> device, int depth)
    : device_(std::move(device)), depth_(static_cast<size_t>(std::clamp(depth, 1, BlockDevice::kMaxReads - 1))) {
  lanes_.resize(depth_ + 1);
  for (size_t lane = lanes_.size(); lane-- != 0;) free_lanes_.push_back(static_cast<int>(lane));
  thread_ = std::thread([this] { Run(); });
}

ReadQueue::~ReadQueue() {
  {
    const std::lock_guard lock(mutex_);
    device_->Start({.tag = kStop});
  }
  thread_.join();
}

std::shared_ptr<ReadQueue> ReadQueue::OfSystem() {
  static std::mutex mutex;
  static std::weak_ptr<ReadQueue> shared;
  const std::lock_guard lock(mutex);
  std::shared_ptr<ReadQueue> queue = shared.lock();
  if (queue != nullptr) return queue;
  auto device = MakeUringDevice();
  if (device.ok()) {
    queue = std::make_shared<ReadQueue>(std::move(device).value());
  } else {
    queue = std::make_shared<ReadQueue>(MakePreadDevice(kPreadThreads));
    queue->note_ = fmt::format("{}: {} threads read the keys", device.status().message(), kPreadThreads);
  }
  shared = queue;
  return queue;
}

Result<BlockFile> ReadQueue::Open(const std::string& path) {
  KMRT_ASSIGN_OR_RETURN(const BlockDevice::File file, device_->Open(path));
  return BlockFile(device_.get(), path, file);
}

void ReadQueue::Read(const BlockFile& file, uint64_t offset, std::span<std::byte> out, uint64_t slack, Done done) {
  const std::lock_guard lock(mutex_);
  const uint64_t number = asked_++;
  waiting_.push({.file = &file,
                 .offset = offset,
                 .out = out,
                 .done = std::move(done),
                 .deadline = number + slack,
                 .number = number});
  StartNext();
}

Status ReadQueue::ReadNow(const BlockFile& file, uint64_t offset, std::span<std::byte> out) {
  ReadBatch batch;
  Read(file, offset, out, 0, batch.Add());
  return batch.Wait();
}

void ReadQueue::StartNext() {
  if (waiting_.empty() || under_way_ == depth_ || free_lanes_.empty()) return;
  const int lane = free_lanes_.back();
  free_lanes_.pop_back();
  ++under_way_;
  Request& request = lanes_[static_cast<size_t>(lane)];
  request = waiting_.top();
  waiting_.pop();
  request.begin = std::chrono::steady_clock::now();
  Start(lane, request);
}

void ReadQueue::Start(int lane, const Request& request) {
  device_->Start({.file = request.file->file_.number,
                  .offset = request.offset + request.filled,
                  .out = request.out.subspan(request.filled),
                  .tag = static_cast<uint64_t>(lane)});
}

std::optional<Status> ReadQueue::Judge(Request& request, int64_t bytes) const {
  const std::string& path = request.file->path();
  if (bytes < 0) {
    const int error = static_cast<int>(-bytes);
    const bool again = error == EINTR || error == EAGAIN;
    if (again && ++request.interrupted <= kMostInterruptions) return std::nullopt;
    return Failed("{}: cannot read: {}", path, std::strerror(error));
  }
  request.filled += static_cast<size_t>(bytes);
  if (request.filled == request.out.size()) return Status();
  if (bytes == 0 || request.offset + request.filled >= request.file->size()) {
    return Corrupt("{}: truncated: it ends within what is read at {}", path, request.offset);
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
        Start(lane, request);
        continue;
      }
      answer = {*std::move(status), lane, request.begin};
      done = std::exchange(request.done, nullptr);
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
