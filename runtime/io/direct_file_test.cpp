// SPDX-License-Identifier: Apache-2.0
#include "runtime/io/direct_file.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "runtime/format/temporary_directory.h"

namespace keymemrt::runtime {
namespace {

constexpr size_t kBlock = DirectFile::kAlignment;
constexpr size_t kBlocks = 60;

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

TEST_P(DirectFileTest, ReadsAnyBlocks) {
  const auto file = DirectFile::Open(path_, GetParam());
  ASSERT_TRUE(file.ok()) << file.status().message();
  EXPECT_EQ(file->size(), contents_.size());
  if (!GetParam()) {
    EXPECT_FALSE(file->direct());
  }
  const AlignedMemory memory(kBlocks * kBlock);
  for (const auto& [first, blocks] : {std::pair<size_t, size_t>{0, kBlocks}, {1, 1}, {7, 30}, {kBlocks - 1, 1}}) {
    const std::span<std::byte> out = memory.bytes.first(blocks * kBlock);
    ASSERT_TRUE(file->Read(first * kBlock, out).ok());
    EXPECT_TRUE(std::equal(out.begin(), out.end(), contents_.begin() + static_cast<std::ptrdiff_t>(first * kBlock)));
  }
}

TEST_P(DirectFileTest, ReadingBeyondTheEndIsCorrupt) {
  const auto file = DirectFile::Open(path_, GetParam());
  ASSERT_TRUE(file.ok());
  const AlignedMemory memory(2 * kBlock);
  EXPECT_EQ(file->Read((kBlocks - 1) * kBlock, memory.bytes).code(), ErrorCode::kCorrupt);
  EXPECT_EQ(file->Read(kBlocks * kBlock, memory.bytes.first(kBlock)).code(), ErrorCode::kCorrupt);
  EXPECT_EQ(file->Read(~uint64_t{0} - kBlock + 1, memory.bytes.first(kBlock)).code(), ErrorCode::kCorrupt);
  // Truncated behind an open file's back.
  std::filesystem::resize_file(path_, kBlock);
  EXPECT_EQ(file->Read(kBlock, memory.bytes).code(), ErrorCode::kCorrupt);
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
