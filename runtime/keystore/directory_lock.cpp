// SPDX-License-Identifier: Apache-2.0
#include "runtime/keystore/directory_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace keymemrt::runtime {

Result<DirectoryLock> DirectoryLock::Take(const std::string& directory) {
  const int fd = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return Failed("{}: cannot open the directory: {}", directory, std::strerror(errno));
  DirectoryLock lock(fd);
  // Where the file system knows no locks, two runs at once are the user's to avoid.
  if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    return Failed("{}: another key generation is writing here", directory);
  }
  return lock;
}

DirectoryLock::~DirectoryLock() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace keymemrt::runtime
