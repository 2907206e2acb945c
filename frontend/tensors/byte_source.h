// SPDX-License-Identifier: Apache-2.0
//
// Where the bytes of an array come from: a range of a file, an entry of an archive, memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/file.h"

namespace keymemrt::frontend {

// Read may be called from several threads.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual uint64_t size() const = 0;
  // Fills `out` from `offset`. REQUIRES: offset + out.size() <= size(). Errors name the file.
  virtual Status Read(uint64_t offset, std::span<std::byte> out) const = 0;
};

// Bytes [offset, offset + size) of a file, which the source shares with others.
class FileRange : public ByteSource {
 public:
  FileRange(std::shared_ptr<const RandomAccessFile> file, uint64_t offset, uint64_t size)
      : file_(std::move(file)), offset_(offset), size_(size) {}
  uint64_t size() const override { return size_; }
  Status Read(uint64_t offset, std::span<std::byte> out) const override { return file_->Read(offset_ + offset, out); }

 private:
  std::shared_ptr<const RandomAccessFile> file_;
  uint64_t offset_;
  uint64_t size_;
};

}  // namespace keymemrt::frontend
