// SPDX-License-Identifier: Apache-2.0
//
// BlockDevice: reads of files in whole blocks, several under way at a time, with the kernel's answers as they are:
// a read may come back short or with an error, and in any order. ReadQueue makes reads of it that can be relied on.
// File systems are one kind of device; memory, slow disks and broken ones are others (simulated_devices.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"

namespace keymemrt::runtime {

// Offsets, addresses and lengths of all reads are multiples of this.
inline constexpr size_t kBlockAlignment = 4096;

struct BlockRead {
  int file = -1;  // as Open has numbered it
  uint64_t offset = 0;
  std::span<std::byte> out;  // empty: nothing is read, and the read ends at once
  uint64_t tag = 0;          // comes back with the result; no two reads under way have the same
};

struct BlockResult {
  uint64_t tag = 0;
  int64_t bytes = 0;  // read, perhaps fewer than wanted; 0 at the end of the file; negative: -errno
};

class BlockDevice {
 public:
  struct File {
    int number = -1;
    uint64_t bytes = 0;
    bool direct = false;  // past the page cache; otherwise what has been read is dropped from it
  };

  virtual ~BlockDevice() = default;
  virtual std::string_view name() const = 0;  // "io_uring"

  // Thread-safe. kCorrupt: no such file (its name comes from somebody who promises it); kFailed: cannot be opened.
  virtual Result<File> Open(const std::string& path) = 0;
  // REQUIRES: none of its reads is under way.
  virtual void Close(int file) = 0;

  // Begins reads: to ask for several at once costs a device little more than for one, and neighbours may become one
  // request. Called by one thread at a time, also while another one waits. The caller limits how many are under way
  // (kMaxReads), and keeps `out` until the read has ended.
  static constexpr int kMaxReads = 64;
  virtual void Start(std::span<const BlockRead> reads) = 0;
  // Waits for a read that has ended. Called by WaitingThreads threads at a time, at most: where it is they who read, so
  // many reads are under way.
  virtual BlockResult Wait() = 0;
  virtual int WaitingThreads() const { return 1; }

  // Memory that will be read into often, and the end of that: a device may keep it ready for its reads. Thread-safe.
  virtual void Register(std::span<std::byte> memory) { (void)memory; }
  virtual void Unregister(std::span<std::byte> memory) { (void)memory; }
};

// By io_uring; kFailed, with the system's reason, where there is none.
Result<std::unique_ptr<BlockDevice>> MakeUringDevice();
// Whoever waits reads, in pread: so many threads may.
std::unique_ptr<BlockDevice> MakePreadDevice(int threads);
inline constexpr int kPreadThreads = 4;

}  // namespace keymemrt::runtime
