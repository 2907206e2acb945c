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
  std::vector<std::byte*> buffers;
  for (size_t i = kBlocks; i-- > 1;) buffers.push_back(memory.data.get() + i * kBlock);  // backwards
  ASSERT_TRUE(file->Read(kBlock, buffers, kBlock).ok());
  for (size_t i = 0; i < buffers.size(); ++i) {
    ASSERT_TRUE(
        std::equal(buffers[i], buffers[i] + kBlock, contents_.begin() + static_cast<std::ptrdiff_t>((i + 1) * kBlock)))
        << i;
  }
}

TEST_P(DirectFileTest, ReadingBeyondTheEndIsCorrupt) {
  const auto file = DirectFile::Open(path_, GetParam());
  ASSERT_TRUE(file.ok());
  const AlignedBytes memory(2 * kBlock);
  std::byte* const buffers[] = {memory.data.get(), memory.data.get() + kBlock};
  EXPECT_EQ(file->Read((kBlocks - 1) * kBlock, buffers, kBlock).code(), ErrorCode::kCorrupt);
  EXPECT_EQ(file->Read(kBlocks * kBlock, {buffers, 1}, kBlock).code(), ErrorCode::kCorrupt);
  EXPECT_EQ(file->Read(~uint64_t{0} - kBlock + 1, {buffers, 1}, kBlock).code(), ErrorCode::kCorrupt);
  // Truncated behind an open file's back.
  std::filesystem::resize_file(path_, kBlock);
  EXPECT_EQ(file->Read(kBlock, buffers, kBlock).code(), ErrorCode::kCorrupt);
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
