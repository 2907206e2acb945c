// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

namespace keymemrt {
namespace {

namespace fs = std::filesystem;

class FileTest : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = fs::temp_directory_path() / fmt::format("kmrt_file_test_{}", getpid());
    fs::remove_all(directory_);
    fs::create_directories(directory_);
  }
  void TearDown() override { fs::remove_all(directory_); }
  std::string Path(const char* name) const { return (directory_ / name).string(); }
  size_t Entries() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(directory_), fs::directory_iterator()));
  }
  fs::path directory_;
};

TEST_F(FileTest, WritesAndReadsBack) {
  ASSERT_TRUE(WriteFile(Path("a"), AsBytes("hello"), 0600).ok());
  const auto bytes = ReadFile(Path("a"));
  ASSERT_TRUE(bytes.ok());
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size()), "hello");
  struct stat info;
  ASSERT_EQ(stat(Path("a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_EQ(Entries(), 1u);
}

TEST_F(FileTest, AbandonedFileLeavesNothingAndKeepsTheOldOne) {
  ASSERT_TRUE(WriteFile(Path("a"), AsBytes("old")).ok());
  {
    auto file = AtomicFile::Create(Path("a"));
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file->Append(AsBytes("new contents")).ok());
  }
  EXPECT_EQ(ReadFile(Path("a"))->size(), 3u);
  EXPECT_EQ(Entries(), 1u);
}

TEST_F(FileTest, HeaderCanBeWrittenLast) {
  auto file = AtomicFile::Create(Path("a"));
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(file->Append(AsBytes("....body")).ok());
  ASSERT_TRUE(file->WriteAt(0, AsBytes("HEAD")).ok());
  ASSERT_TRUE(file->Commit().ok());
  const auto bytes = ReadFile(Path("a"));
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size()), "HEADbody");
}

TEST_F(FileTest, ErrorsNameTheFileAndItsFault) {
  EXPECT_EQ(ReadFile(Path("missing")).status().code(), ErrorCode::kInvalidArgument);
  EXPECT_NE(ReadFile(Path("missing")).status().message().find("missing"), std::string::npos);
  EXPECT_EQ(ReadFile(directory_.string()).status().code(), ErrorCode::kInvalidArgument);
  ASSERT_TRUE(WriteFile(Path("a"), AsBytes("0123456789")).ok());
  EXPECT_EQ(ReadFile(Path("a"), 9).status().code(), ErrorCode::kCorrupt);
  const auto file = RandomAccessFile::Open(Path("a"));
  ASSERT_TRUE(file.ok());
  std::byte out[4];
  EXPECT_TRUE(file->Read(6, out).ok());
  EXPECT_EQ(file->Read(7, out).code(), ErrorCode::kCorrupt);
  EXPECT_EQ(file->Read(~uint64_t{0}, out).code(), ErrorCode::kCorrupt);
  EXPECT_EQ(AtomicFile::Create(Path("no/such/dir")).status().code(), ErrorCode::kInvalidArgument);
}

TEST_F(FileTest, WhatCannotBeWrittenIsKnownBeforeItIs) {
  EXPECT_TRUE(CheckWritable(Path("a")).ok());
  ASSERT_TRUE(WriteFile(Path("a"), AsBytes("kept")).ok());
  EXPECT_TRUE(CheckWritable(Path("a")).ok());
  EXPECT_EQ(ReadFile(Path("a"))->size(), 4u);
  for (const std::string& path : {Path("a/b"), Path("no/b"), directory_.string()}) {
    const Status status = CheckWritable(path);
    EXPECT_EQ(status.code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(status.message().find(path), std::string::npos);
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory_), {}), 1);
}

}  // namespace
}  // namespace keymemrt
