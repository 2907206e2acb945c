// SPDX-License-Identifier: Apache-2.0
#include "runtime/io/directory_watch.h"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace keymemrt::runtime {

Result<DirectoryWatch> DirectoryWatch::Open(const std::string& directory) {
  const int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) return Failed("{}: cannot be watched: {}", directory, std::strerror(errno));
  DirectoryWatch watch(directory, fd);
  constexpr uint32_t kEvents = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF;
  if (inotify_add_watch(fd, directory.c_str(), kEvents | IN_ONLYDIR) < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return InvalidArgument("{}: {}", directory, std::strerror(errno));
    return Failed("{}: cannot be watched: {}", directory, std::strerror(errno));
  }
  return watch;
}

DirectoryWatch::~DirectoryWatch() {
  if (fd_ >= 0) close(fd_);
}

Result<DirectoryWatch::News> DirectoryWatch::Next(bool wait) {
  News news;
  while (true) {
    alignas(inotify_event) char buffer[4096];
    const ssize_t bytes = read(fd_, buffer, sizeof buffer);
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0 && errno != EAGAIN) return Failed("{}: cannot be watched: {}", directory_, std::strerror(errno));
    if (bytes <= 0) {
      if (!wait || news.lost || !news.files.empty()) return news;
      pollfd descriptor{fd_, POLLIN, 0};
      poll(&descriptor, 1, -1);
      continue;
    }
    for (ssize_t at = 0; at < bytes;) {
      inotify_event event;
      std::memcpy(&event, buffer + at, sizeof event);
      if (event.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT)) {
        return Failed("{}: the directory has gone", directory_);
      }
      if (event.mask & IN_Q_OVERFLOW) news.lost = true;
      if (event.len != 0) news.files.emplace_back(buffer + at + sizeof event);
      at += static_cast<ssize_t>(sizeof event + event.len);
    }
  }
}

}  // namespace keymemrt::runtime
