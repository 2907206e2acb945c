// SPDX-License-Identifier: Apache-2.0
#include "runtime/keystore/direct_file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <numeric>

#include "base/file.h"
#include "runtime/format/temporary_directory.h"

namespace keymemrt::runtime {
namespace {

constexpr size_t kBlock = DirectFile::kAlignment;
constexpr size_t kBlocks = 600;  // more than one vector of a read takes

struct AlignedBytes {
  explicit AlignedBytes(size_t size) : data(static_cast<std::byte*>(std::aligned_alloc(kBlock, size)), &std::free) {}
  std::unique_ptr<std::byte, void (*)(void*)> data;
};

class DirectFileTest : public testing::TestWithParam<bool> {
 protected:
  DirectFileTest() : path_(directory_ / "file"), contents_(kBlocks * kBlock) {
    for (size_t i = 0; i < contents_.size(); ++i) contents_[i] = static_cast<std::byte>(i * 7 + i / kBlock);
    EXPECT_TRUE(WriteFile(path_, contents_).ok());
  }
  TemporaryDirectory directory_;
  std::string path_;
  std::vector<std::byte> contents_;
};

TEST_P(DirectFileTest, FillsScatteredBuffersInOrder) {
  const auto file = DirectFile::Open(path_, GetParam());
  ASSERT_TRUE(file.ok()) << file.status().message();
  EXPECT_EQ(file->size(), contents_.size());
  if (!GetParam()) {
    EXPECT_FALSE(file->direct());
  }
  const AlignedBytes memory(kBlocks * kBlock);
  std::vector<std::span<std::byte>> buffers;
  for (size_t end = kBlocks; end > 1;) {  // backwards, of one to three blocks
    const size_t blocks = std::min(1 + end % 3, end - 1);
    end -= blocks;
    buffers.emplace_back(memory.data.get() + end * kBlock, blocks * kBlock);
  }
  ASSERT_TRUE(file->Read(kBlock, buffers).ok());
  size_t at = kBlock;
  for (const std::span<std::byte> buffer : buffers) {
    ASSERT_TRUE(std::equal(buffer.begin(), buffer.end(), contents_.begin() + static_cast<std::ptrdiff_t>(at))) << at;
    at += buffer.size();
  }
}

TEST_P(DirectFileTest, ReadingBeyondTheEndIsCorrupt) {
  const auto file = DirectFile::Open(path_, GetParam());
  ASSERT_TRUE(file.ok());
  const AlignedBytes memory(2 * kBlock);
  const std::span<std::byte> buffers[] = {{memory.data.get(), kBlock}, {memory.data.get() + kBlock, kBlock}};
  EXPECT_EQ(file->Read((kBlocks - 1) * kBlock, buffers).code(), ErrorCode::kCorrupt);
  EXPECT_EQ(file->Read(kBlocks * kBlock, {buffers, 1}).code(), ErrorCode::kCorrupt);
  EXPECT_EQ(file->Read(~uint64_t{0} - kBlock + 1, {buffers, 1}).code(), ErrorCode::kCorrupt);
  // Truncated behind an open file's back.
  std::filesystem::resize_file(path_, kBlock);
  EXPECT_EQ(file->Read(kBlock, buffers).code(), ErrorCode::kCorrupt);
}

TEST_P(DirectFileTest, WhatIsNoFileIsCorrupt) {
  EXPECT_EQ(DirectFile::Open(directory_ / "nowhere", GetParam()).status().code(), ErrorCode::kCorrupt);
  std::filesystem::create_directory(directory_ / "d");
  EXPECT_FALSE(DirectFile::Open(directory_ / "d", GetParam()).ok());
}

INSTANTIATE_TEST_SUITE_P(BothWays, DirectFileTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "direct" : "buffered"; });

}  // namespace
}  // namespace keymemrt::runtime
