// SPDX-License-Identifier: Apache-2.0
//
// Files: whole reads with a size limit, positioned reads, and writes that never leave a partial file under its final name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"

namespace keymemrt {

// A file open for positioned reading. Movable. Read may be called from several threads.
class RandomAccessFile {
 public:
  static Result<RandomAccessFile> Open(const std::string& path);
  RandomAccessFile(RandomAccessFile&& other) noexcept;
  RandomAccessFile& operator=(RandomAccessFile&& other) noexcept;
  ~RandomAccessFile();

  uint64_t size() const { return size_; }
  const std::string& path() const { return path_; }

  // Fills `out` from `offset`. kCorrupt when the file ends before (truncated), kFailed when the system cannot read.
  Status Read(uint64_t offset, std::span<std::byte> out) const;

  // Tells the system that what was read need not stay in its page cache, so that a small footprint is a real one.
  void DropCache() const;

 private:
  RandomAccessFile(std::string path, int fd, uint64_t size);
  std::string path_;
  int fd_ = -1;
  uint64_t size_ = 0;
};

// A file under construction: written beside `path` under a temporary name; Commit() syncs it and gives it its name, in
// one step. Dying without Commit removes it, so a failure leaves nothing behind.
class AtomicFile {
 public:
  // `mode`: permission bits of the finished file (0600 for secrets). kInvalidArgument: there is no such directory, it is
  // not to be written to, or `path` is a directory; kFailed: the system cannot create a file there.
  static Result<AtomicFile> Create(const std::string& path, unsigned mode = 0644);
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&& other) noexcept;
  ~AtomicFile();

  Status Append(std::span<const std::byte> bytes);
  // Overwrites bytes already appended (a header whose contents are known last).
  Status WriteAt(uint64_t offset, std::span<const std::byte> bytes);
  uint64_t size() const { return size_; }
  Status Commit();

 private:
  AtomicFile(std::string path, std::string temporary, int fd);
  void Abandon();
  std::string path_;
  std::string temporary_;
  int fd_ = -1;
  uint64_t size_ = 0;
};

// Whether a file can be created at `path`: the status of AtomicFile::Create. Leaves nothing behind. For outputs that are
// written long after their names are given.
Status CheckWritable(const std::string& path);

// The whole file. `limit`: refuse larger ones (kCorrupt), so that a wrong path cannot take all memory.
Result<std::vector<std::byte>> ReadFile(const std::string& path, uint64_t limit = uint64_t{1} << 32);
Status WriteFile(const std::string& path, std::span<const std::byte> bytes, unsigned mode = 0644);

inline std::span<const std::byte> AsBytes(std::string_view text) {
  return std::as_bytes(std::span<const char>(text.data(), text.size()));
}

}  // namespace keymemrt
