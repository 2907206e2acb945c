// SPDX-License-Identifier: Apache-2.0
//
// ReadQueue: whole reads from a device, many at once, the most urgent first. What the device answers short is read to
// the end, what it interrupts is asked again; anything else that is not all the bytes is an error with a name.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <queue>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/status.h"
#include "runtime/io/block_device.h"

namespace keymemrt::runtime {

class ReadQueue;

// A file open on a queue's device, which it must not outlive. Movable.
class BlockFile {
 public:
  BlockFile(BlockFile&& other) noexcept
      : device_(std::exchange(other.device_, nullptr)), path_(std::move(other.path_)), file_(other.file_) {}
  BlockFile& operator=(BlockFile&&) = delete;
  ~BlockFile() {
    if (device_ != nullptr) device_->Close(file_.number);
  }
  const std::string& path() const { return path_; }
  uint64_t size() const { return file_.bytes; }
  bool direct() const { return file_.direct; }

 private:
  friend class ReadQueue;
  BlockFile(BlockDevice* device, std::string path, BlockDevice::File file)
      : device_(device), path_(std::move(path)), file_(file) {}
  BlockDevice* device_;
  std::string path_;
  BlockDevice::File file_;
};

// Thread-safe. Ends with its last read: whoever has asked must have been answered before it is destroyed.
class ReadQueue {
 public:
  // Reads under way at the device; the others wait their turn. Enough to hide a disk's latency at chunks of 64 KiB, few
  // enough for an urgent one not to wait long.
  static constexpr int kDepth = 16;

  explicit ReadQueue(std::unique_ptr<BlockDevice> device, int depth = kDepth);
  ~ReadQueue();
  ReadQueue(const ReadQueue&) = delete;
  ReadQueue& operator=(const ReadQueue&) = delete;

  // For the files of a directory: one of the process's queues, made when the first one asks and gone with the last. By
  // io_uring; by threads where the system has none, which note() says, and in a file system in memory: to read there is
  // to copy, and threads that copy for themselves do it best.
  static std::shared_ptr<ReadQueue> OfSystem(const std::string& directory);
  const std::string& note() const { return note_; }
  std::string_view device_name() const { return device_->name(); }

  // BlockDevice::Open.
  Result<BlockFile> Open(const std::string& path);

  struct Answer {
    Status status;  // kCorrupt: the file ends before; kFailed: it cannot be read
    int lane = 0;   // from 0, a few more than kDepth; no two reads have the same one at a time
    std::chrono::steady_clock::time_point begin;  // when the device was asked
  };
  using Done = std::function<void(const Answer& answer)>;
  // Fills `out` from `offset`; both of them, and the address, in whole blocks. `done` is called on a thread of the
  // queue's, which reads nothing else on the way: it may compute for a moment, and must not wait. `slack`: how many
  // reads that come later may go before this one; 0: somebody waits for it.
  struct Wanted {
    const BlockFile* file = nullptr;
    uint64_t offset = 0;
    std::span<std::byte> out;
    uint64_t slack = 0;
    Done done;
  };
  // Asks for all of them at once, which is cheaper than one by one; takes what they hold.
  void Read(std::span<Wanted> wanted);
  void Read(const BlockFile& file, uint64_t offset, std::span<std::byte> out, uint64_t slack, Done done);
  // The same, waited for. Not from the queue's threads.
  Status ReadNow(const BlockFile& file, uint64_t offset, std::span<std::byte> out);

  // BlockDevice's.
  void Register(std::span<std::byte> memory) { device_->Register(memory); }
  void Unregister(std::span<std::byte> memory) { device_->Unregister(memory); }

 private:
  struct Request {
    Wanted wanted;
    uint64_t deadline = 0, number = 0;
    size_t filled = 0;  // bytes
    int interrupted = 0;
    std::chrono::steady_clock::time_point begin;
  };
  struct Later {
    bool operator()(const Request& a, const Request& b) const {
      return a.deadline != b.deadline ? a.deadline > b.deadline : a.number > b.number;
    }
  };

  void Run();
  // Nothing: the read goes on.
  std::optional<Status> Judge(Request& request, int64_t bytes) const;
  // Begins as many as may be under way. REQUIRES: mutex_ held.
  void StartNext();
  BlockRead ToRead(int lane) const;

  const std::unique_ptr<BlockDevice> device_;
  const size_t depth_;
  std::string note_;
  std::mutex mutex_;  // guards what follows
  std::priority_queue<Request, std::vector<Request>, Later> waiting_;
  std::vector<Request> lanes_;  // one per thread more than depth: a read's lane is free when `done` has returned
  std::vector<int> free_lanes_;
  size_t under_way_ = 0;
  uint64_t asked_ = 0;
  std::vector<std::thread> threads_;
};

// Several reads, waited for together, also when the object dies.
class ReadBatch {
 public:
  ReadBatch() = default;
  ReadBatch(const ReadBatch&) = delete;
  ReadBatch& operator=(const ReadBatch&) = delete;
  ~ReadBatch() { (void)Wait(); }
  // What to do when one of them is done: `finish`, if given, on what was read.
  ReadQueue::Done Add(std::function<Status()> finish = nullptr);
  // Waits until all are done. The first failure.
  Status Wait();

 private:
  std::mutex mutex_;
  std::condition_variable done_;
  size_t left_ = 0;
  Status status_;
};

}  // namespace keymemrt::runtime
