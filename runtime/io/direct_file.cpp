// SPDX-License-Identifier: Apache-2.0
#include "runtime/io/direct_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace keymemrt::runtime {

namespace {

// O_DIRECT may be accepted by open and refused by the first read (some network and overlay file systems): one aligned
// block tells.
bool CanReadDirectly(int fd, uint64_t size) {
  if (size < DirectFile::kAlignment) return false;
  alignas(DirectFile::kAlignment) static thread_local std::byte block[DirectFile::kAlignment];
  return pread(fd, block, sizeof block, 0) == static_cast<ssize_t>(sizeof block);
}

}  // namespace

Result<DirectFile> DirectFile::Open(const std::string& path, bool direct) {
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | (direct ? O_DIRECT : 0));
  if (direct && fd < 0 && errno == EINVAL) {
    direct = false;
    fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  }
  if (fd < 0) {
    if (errno == ENOENT) return Corrupt("{}: missing: copy it again from where the keys were made", path);
    return Failed("{}: cannot open: {}", path, std::strerror(errno));
  }
  struct stat info;
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    close(fd);
    return Corrupt("{}: not a regular file", path);
  }
  const uint64_t size = static_cast<uint64_t>(info.st_size);
  if (direct && !CanReadDirectly(fd, size)) {
    direct = fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_DIRECT) != 0;
  }
  return DirectFile(path, fd, size, direct);
}

DirectFile::DirectFile(DirectFile&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)), size_(other.size_), direct_(other.direct_) {}
DirectFile& DirectFile::operator=(DirectFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(fd_, other.fd_);
  std::swap(size_, other.size_);
  std::swap(direct_, other.direct_);
  return *this;
}
DirectFile::~DirectFile() {
  if (fd_ >= 0) close(fd_);
}

Status DirectFile::Read(uint64_t offset, std::span<std::byte> out) const {
  if (offset > size_ || out.size() > size_ - offset) {
    return Corrupt("{}: truncated: {} bytes wanted at {}, the file has {}", path_, out.size(), offset, size_);
  }
  size_t done = 0;
  while (done < out.size()) {
    const ssize_t got = pread(fd_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (got < 0) {
      if (errno == EINTR) continue;
      return Failed("{}: cannot read: {}", path_, std::strerror(errno));
    }
    if (got == 0) return Corrupt("{}: truncated while it was read", path_);
    done += static_cast<size_t>(got);
    // A direct read resumes at an aligned place only; re-reading a part of a block is harmless.
    if (direct_ && done < out.size()) done -= done % kAlignment;
    if (direct_ && got < static_cast<ssize_t>(kAlignment) && done < out.size()) {
      return Failed("{}: the system reads less than a block at a time", path_);
    }
  }
  if (!direct_) posix_fadvise(fd_, static_cast<off_t>(offset), static_cast<off_t>(out.size()), POSIX_FADV_DONTNEED);
  return Status();
}

AlignedMemory::AlignedMemory(size_t size)
    : bytes(static_cast<std::byte*>(std::aligned_alloc(DirectFile::kAlignment, size)), size) {
  if (bytes.data() == nullptr) std::abort();
}

AlignedMemory::~AlignedMemory() {
  std::free(bytes.data());
}

}  // namespace keymemrt::runtime
