// SPDX-License-Identifier: Apache-2.0
//
// An exclusive lock on a directory, so that two key generations do not write into it at once. Dies with the process.
#pragma once

#include <string>
#include <utility>

#include "base/status.h"

namespace keymemrt::runtime {

class DirectoryLock {
 public:
  // kFailed when another process holds the lock, or the directory cannot be opened.
  static Result<DirectoryLock> Take(const std::string& directory);
  DirectoryLock(DirectoryLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  DirectoryLock& operator=(DirectoryLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~DirectoryLock();

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace keymemrt::runtime
