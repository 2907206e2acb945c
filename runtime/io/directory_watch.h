// SPDX-License-Identifier: Apache-2.0
//
// Files that come into a directory, told by the system (inotify) instead of asked for again and again.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/status.h"

namespace keymemrt::runtime {

class DirectoryWatch {
 public:
  // kInvalidArgument: no such directory; kFailed: it cannot be watched.
  static Result<DirectoryWatch> Open(const std::string& directory);
  DirectoryWatch(DirectoryWatch&& other) noexcept
      : directory_(std::move(other.directory_)), fd_(std::exchange(other.fd_, -1)) {}
  DirectoryWatch& operator=(DirectoryWatch&&) = delete;
  ~DirectoryWatch();

  struct News {
    std::vector<std::string> files;  // that have got their name, were closed by a writer, or have gone
    bool lost = false;               // more has happened than the system could tell: look at everything
  };
  // What has happened since the last call. `wait`: until something has. kFailed when the directory has gone.
  Result<News> Next(bool wait);

 private:
  DirectoryWatch(std::string directory, int fd) : directory_(std::move(directory)), fd_(fd) {}
  std::string directory_;
  int fd_;
};

}  // namespace keymemrt::runtime
