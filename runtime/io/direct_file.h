// SPDX-License-Identifier: Apache-2.0
//
// Positioned reads that leave nothing in the page cache: the memory a run needs is then the memory it says it needs.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/status.h"

namespace keymemrt::runtime {

// A file open for reading past the page cache (O_DIRECT); where the file system refuses that, through it, each read
// followed by dropping the pages. Movable. Read may be called from several threads.
class DirectFile {
 public:
  // Offsets, addresses and lengths of all reads are multiples of this.
  static constexpr size_t kAlignment = 4096;

  // kCorrupt: no such file (its name comes from a manifest that promises it); kFailed: the system cannot open it.
  // `direct` false: through the page cache, as where O_DIRECT is refused.
  static Result<DirectFile> Open(const std::string& path, bool direct = true);
  DirectFile(DirectFile&& other) noexcept;
  DirectFile& operator=(DirectFile&& other) noexcept;
  ~DirectFile();

  uint64_t size() const { return size_; }
  const std::string& path() const { return path_; }
  bool direct() const { return direct_; }
  // For reads by other means, as long as the object lives.
  int fd() const { return fd_; }

  // Fills `out` from `offset`. kCorrupt when the file ends before, kFailed when the system cannot read.
  Status Read(uint64_t offset, std::span<std::byte> out) const;

 private:
  DirectFile(std::string path, int fd, uint64_t size, bool direct)
      : path_(std::move(path)), fd_(fd), size_(size), direct_(direct) {}
  std::string path_;
  int fd_ = -1;
  uint64_t size_ = 0;
  bool direct_ = false;
};

// Memory to read into.
struct AlignedMemory {
  // `size`: a multiple of DirectFile::kAlignment.
  explicit AlignedMemory(size_t size);
  AlignedMemory(const AlignedMemory&) = delete;
  AlignedMemory& operator=(const AlignedMemory&) = delete;
  ~AlignedMemory();

  const std::span<std::byte> bytes;
};

}  // namespace keymemrt::runtime
