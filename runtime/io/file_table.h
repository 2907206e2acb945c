// SPDX-License-Identifier: Apache-2.0
//
// The files that a device has open, by descriptor.
#pragma once

#include <fcntl.h>

#include <map>
#include <mutex>
#include <utility>

#include "runtime/io/block_device.h"
#include "runtime/io/direct_file.h"

namespace keymemrt::runtime {

// Thread-safe.
class FileTable {
 public:
  Result<BlockDevice::File> Open(const std::string& path) {
    KMRT_ASSIGN_OR_RETURN(DirectFile file, DirectFile::Open(path));
    const BlockDevice::File opened{file.fd(), file.size(), file.direct()};
    const std::lock_guard lock(mutex_);
    files_.emplace(file.fd(), std::move(file));
    return opened;
  }
  void Close(int file) {
    const std::lock_guard lock(mutex_);
    files_.erase(file);
  }
  // After a read: what came through the page cache need not stay there.
  void DropCache(const BlockRead& read) {
    const std::lock_guard lock(mutex_);
    if (files_.at(read.file).direct()) return;
    posix_fadvise(read.file, static_cast<off_t>(read.offset), static_cast<off_t>(read.out.size()), POSIX_FADV_DONTNEED);
  }

 private:
  std::mutex mutex_;
  std::map<int, DirectFile> files_;
};

}  // namespace keymemrt::runtime
