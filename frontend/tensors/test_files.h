// SPDX-License-Identifier: Apache-2.0
//
// Helpers of this room's tests: files of crafted bytes, and every damage that a small one can suffer.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "base/file.h"

namespace keymemrt::frontend {

// A directory that disappears with the test.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string path = ::testing::TempDir() + "/kmrt-XXXXXX";
    EXPECT_NE(mkdtemp(path.data()), nullptr);
    path_ = path;
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// Without syncing, and as a new file, since ext4 syncs one that is truncated and written again: the tests write
// thousands.
inline void WriteBytes(const std::string& path, std::string_view bytes) {
  std::filesystem::remove(path);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  ASSERT_TRUE(file.flush().good()) << path;
}

inline std::string ReadBytes(const std::string& path) {
  const auto bytes = ReadFile(path);
  EXPECT_TRUE(bytes.ok()) << bytes.status().message();
  return std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size());
}

// The bytes of numbers as they lie in memory.
template <typename T>
std::string Raw(std::initializer_list<T> values) {
  std::string bytes;
  for (const T value : values) bytes.append(reinterpret_cast<const char*>(&value), sizeof(T));
  return bytes;
}

// Writes `bytes` cut short at every length to `path` and calls `check` for each.
inline void ForEachTruncation(const std::string& bytes, const std::string& path,
                              const std::function<void(size_t length)>& check) {
  for (size_t length = 0; length < bytes.size(); ++length) {
    WriteBytes(path, std::string_view(bytes).substr(0, length));
    check(length);
  }
}

// Writes `bytes` with one bit flipped to `path`, for every `stride`-th bit, and calls `check` for each.
inline void ForEachBitFlip(std::string bytes, const std::string& path, const std::function<void(size_t bit)>& check,
                           size_t stride = 1) {
  for (size_t bit = 0; bit < 8 * bytes.size(); bit += stride) {
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    WriteBytes(path, bytes);
    check(bit);
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
  }
}

}  // namespace keymemrt::frontend
