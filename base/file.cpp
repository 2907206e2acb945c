// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace keymemrt {

namespace {

Status SystemError(const std::string& path, const char* doing) {
  return Failed("{}: cannot {}: {}", path, doing, std::strerror(errno));
}

Status WriteAll(int fd, const std::string& path, uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0) {
      if (errno == EINTR) continue;
      return SystemError(path, "write");
    }
    offset += static_cast<uint64_t>(written);
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return Status();
}

// Makes a rename durable. Best effort: some file systems cannot sync a directory.
void SyncDirectory(const std::string& path) {
  std::string directory = std::filesystem::path(path).parent_path().string();
  if (directory.empty()) directory = ".";
  const int fd = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  close(fd);
}

}  // namespace

Result<RandomAccessFile> RandomAccessFile::Open(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    // A wrong path is the caller's mistake; anything else is the system's.
    if (errno == ENOENT || errno == ENOTDIR) return InvalidArgument("{}: no such file", path);
    return SystemError(path, "open");
  }
  struct stat info;
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    close(fd);
    return InvalidArgument("{}: not a regular file", path);
  }
  return RandomAccessFile(path, fd, static_cast<uint64_t>(info.st_size));
}

RandomAccessFile::RandomAccessFile(std::string path, int fd, uint64_t size)
    : path_(std::move(path)), fd_(fd), size_(size) {}
RandomAccessFile::RandomAccessFile(RandomAccessFile&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)), size_(other.size_) {}
RandomAccessFile& RandomAccessFile::operator=(RandomAccessFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(fd_, other.fd_);
  std::swap(size_, other.size_);
  return *this;
}
RandomAccessFile::~RandomAccessFile() {
  if (fd_ >= 0) close(fd_);
}

Status RandomAccessFile::Read(uint64_t offset, std::span<std::byte> out) const {
  if (offset > size_ || out.size() > size_ - offset) {
    return Corrupt("{}: truncated: {} bytes wanted at {}, the file has {}", path_, out.size(), offset, size_);
  }
  while (!out.empty()) {
    const ssize_t got = pread(fd_, out.data(), out.size(), static_cast<off_t>(offset));
    if (got < 0) {
      if (errno == EINTR) continue;
      return SystemError(path_, "read");
    }
    if (got == 0) return Corrupt("{}: truncated while it was read", path_);
    offset += static_cast<uint64_t>(got);
    out = out.subspan(static_cast<size_t>(got));
  }
  return Status();
}

void RandomAccessFile::DropCache() const { posix_fadvise(fd_, 0, 0, POSIX_FADV_DONTNEED); }

Result<AtomicFile> AtomicFile::Create(const std::string& path, unsigned mode) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    return InvalidArgument("{}: cannot write a file: it is a directory", path);
  }
  std::string temporary = path + ".XXXXXX";
  const int fd = mkostemp(temporary.data(), O_CLOEXEC);
  if (fd < 0) {
    switch (errno) {
      case ENOENT:
      case ENOTDIR:
      case EACCES:
      case EPERM:
      case EROFS:
      case ENAMETOOLONG:
        return InvalidArgument("{}: cannot create a file there: {}", path, std::strerror(errno));
      default:
        return SystemError(path, "create");
    }
  }
  if (fchmod(fd, static_cast<mode_t>(mode)) != 0) {
    const Status status = SystemError(path, "set permissions");
    close(fd);
    unlink(temporary.c_str());
    return status;
  }
  return AtomicFile(path, std::move(temporary), fd);
}

AtomicFile::AtomicFile(std::string path, std::string temporary, int fd)
    : path_(std::move(path)), temporary_(std::move(temporary)), fd_(fd) {}
AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::move(other.temporary_)),
      fd_(std::exchange(other.fd_, -1)),
      size_(other.size_) {}
AtomicFile& AtomicFile::operator=(AtomicFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(temporary_, other.temporary_);
  std::swap(fd_, other.fd_);
  std::swap(size_, other.size_);
  return *this;
}
AtomicFile::~AtomicFile() { Abandon(); }

void AtomicFile::Abandon() {
  if (fd_ < 0) return;
  close(fd_);
  fd_ = -1;
  unlink(temporary_.c_str());
}

Status AtomicFile::Append(std::span<const std::byte> bytes) {
  KMRT_RETURN_IF_ERROR(WriteAll(fd_, path_, size_, bytes));
  size_ += bytes.size();
  return Status();
}

Status AtomicFile::WriteAt(uint64_t offset, std::span<const std::byte> bytes) {
  KMRT_RETURN_IF_ERROR(WriteAll(fd_, path_, offset, bytes));
  size_ = std::max(size_, offset + bytes.size());
  return Status();
}

Status AtomicFile::Commit() {
  if (fsync(fd_) != 0) {
    const Status status = SystemError(path_, "sync");
    Abandon();
    return status;
  }
  if (rename(temporary_.c_str(), path_.c_str()) != 0) {
    const Status status = SystemError(path_, "rename into place");
    Abandon();
    return status;
  }
  close(fd_);
  fd_ = -1;
  SyncDirectory(path_);
  return Status();
}

Status CheckWritable(const std::string& path) { return AtomicFile::Create(path).status(); }

Result<std::vector<std::byte>> ReadFile(const std::string& path, uint64_t limit) {
  KMRT_ASSIGN_OR_RETURN(const RandomAccessFile file, RandomAccessFile::Open(path));
  if (file.size() > limit) return Corrupt("{}: {} bytes, at most {} expected", path, file.size(), limit);
  std::vector<std::byte> bytes(file.size());
  KMRT_RETURN_IF_ERROR(file.Read(0, bytes));
  return bytes;
}

Status WriteFile(const std::string& path, std::span<const std::byte> bytes, unsigned mode) {
  KMRT_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path, mode));
  KMRT_RETURN_IF_ERROR(file.Append(bytes));
  return file.Commit();
}

}  // namespace keymemrt
