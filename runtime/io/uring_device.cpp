// SPDX-License-Identifier: Apache-2.0
//
// One thread submits at a time and another one waits: io_uring's two queues are independent of each other.
#include <liburing.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "runtime/io/file_table.h"

namespace keymemrt::runtime {

namespace {

constexpr unsigned kRegions = 1u << 14;  // the kernel's limit; a slab of 2 MiB is a region

class UringDevice : public BlockDevice {
 public:
  ~UringDevice() override {
    if (ready_) io_uring_queue_exit(&ring_);
  }

  // 0, or -errno.
  int Set() {
    const int error = io_uring_queue_init(kMaxReads, &ring_, 0);
    ready_ = error == 0;
    // Without a table of regions (Linux before 5.19) reads take their memory as they find it.
    if (ready_ && io_uring_register_buffers_sparse(&ring_, kRegions) == 0) {
      for (unsigned i = kRegions; i-- != 0;) free_regions_.push_back(i);
    }
    return error;
  }

  std::string_view name() const override { return "io_uring"; }
  Result<File> Open(const std::string& path) override { return files_.Open(path); }
  void Close(int file) override { files_.Close(file); }

  void Start(std::span<const BlockRead> reads) override {
    for (const BlockRead& read : reads) Prepare(read);
    for (size_t left = reads.size(); left != 0;) {
      const int submitted = io_uring_submit(&ring_);
      if (submitted > 0) {
        left -= std::min(left, static_cast<size_t>(submitted));
        continue;
      }
      // Short of memory for a moment, or interrupted; nothing else can happen to a read.
      if (submitted != 0 && submitted != -EAGAIN && submitted != -EBUSY && submitted != -EINTR) std::abort();
      std::this_thread::yield();
    }
  }

  BlockResult Wait() override {
    io_uring_cqe* cqe = nullptr;
    int error;
    while ((error = io_uring_wait_cqe(&ring_, &cqe)) < 0) {
      if (error != -EINTR && error != -EAGAIN) std::abort();
    }
    const BlockResult result{io_uring_cqe_get_data64(cqe), cqe->res};
    io_uring_cqe_seen(&ring_, cqe);
    BlockRead read;
    {
      const std::lock_guard lock(mutex_);
      const auto it = under_way_.find(result.tag);
      if (it == under_way_.end()) return result;
      read = it->second;
      under_way_.erase(it);
    }
    files_.DropCache(read);
    return result;
  }

  void Register(std::span<std::byte> memory) override {
    const std::lock_guard lock(mutex_);
    if (free_regions_.empty()) return;
    const unsigned region = free_regions_.back();
    const iovec vector{memory.data(), memory.size()};
    const __u64 tag = 0;
    // Refused where a user may lock no more memory (ulimit -l): reads into it are slower then.
    if (io_uring_register_buffers_update_tag(&ring_, region, &vector, &tag, 1) != 1) return;
    free_regions_.pop_back();
    regions_[memory.data()] = {memory.size(), region};
  }

  void Unregister(std::span<std::byte> memory) override {
    const std::lock_guard lock(mutex_);
    const auto it = regions_.find(memory.data());
    if (it == regions_.end()) return;
    const iovec none{nullptr, 0};
    const __u64 tag = 0;
    io_uring_register_buffers_update_tag(&ring_, it->second.number, &none, &tag, 1);
    free_regions_.push_back(it->second.number);
    regions_.erase(it);
  }

 private:
  struct Region {
    size_t bytes;
    unsigned number;
  };

  void Prepare(const BlockRead& read) {
    io_uring_sqe* const sqe = io_uring_get_sqe(&ring_);
    if (sqe == nullptr) std::abort();  // more than kMaxReads
    if (read.out.empty()) {
      io_uring_prep_nop(sqe);
    } else {
      const std::lock_guard lock(mutex_);
      const auto length = static_cast<unsigned>(read.out.size());
      if (const std::optional<int> region = RegionOf(read.out)) {
        io_uring_prep_read_fixed(sqe, read.file, read.out.data(), length, read.offset, *region);
      } else {
        io_uring_prep_read(sqe, read.file, read.out.data(), length, read.offset);
      }
      under_way_[read.tag] = read;
    }
    io_uring_sqe_set_data64(sqe, read.tag);
  }

  // REQUIRES: mutex_ held.
  std::optional<int> RegionOf(std::span<std::byte> memory) {
    auto it = regions_.upper_bound(memory.data());
    if (it == regions_.begin()) return std::nullopt;
    --it;
    if (memory.data() + memory.size() > it->first + it->second.bytes) return std::nullopt;
    return static_cast<int>(it->second.number);
  }

  io_uring ring_{};
  bool ready_ = false;
  FileTable files_;
  std::mutex mutex_;  // guards what follows
  std::map<uint64_t, BlockRead> under_way_;
  std::map<std::byte*, Region> regions_;
  std::vector<unsigned> free_regions_;
};

}  // namespace

Result<std::unique_ptr<BlockDevice>> MakeUringDevice() {
  auto device = std::make_unique<UringDevice>();
  if (const int error = device->Set(); error != 0) return Failed("no io_uring: {}", std::strerror(-error));
  return std::unique_ptr<BlockDevice>(std::move(device));
}

}  // namespace keymemrt::runtime
