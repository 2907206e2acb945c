// SPDX-License-Identifier: Apache-2.0
#include "base/status.h"

#include <gtest/gtest.h>

#include <memory>

namespace keymemrt {
namespace {

Result<int> Half(int x) {
  if (x % 2 != 0) return InvalidArgument("{} is odd", x);
  return x / 2;
}

Result<std::unique_ptr<int>> Quarter(int x) {
  KMRT_ASSIGN_OR_RETURN(int half, Half(x));
  KMRT_ASSIGN_OR_RETURN(int quarter, Half(half));
  return std::make_unique<int>(quarter);
}

Status Check(int x) {
  KMRT_RETURN_IF_ERROR(Half(x).status());
  return Status();
}

TEST(Status, CodesPickExitCodes) {
  EXPECT_EQ(ExitCode(ErrorCode::kOk), 0);
  EXPECT_EQ(ExitCode(Failed("x").code()), 1);
  EXPECT_EQ(ExitCode(InvalidArgument("x").code()), 2);
  EXPECT_EQ(ExitCode(Infeasible("x").code()), 3);
  EXPECT_EQ(ExitCode(Corrupt("x").code()), 4);
}

TEST(Status, ContextIsPrepended) {
  EXPECT_EQ(Corrupt("bad magic {:#x}", 7).WithContext("a.kmrt").message(), "a.kmrt: bad magic 0x7");
  EXPECT_EQ(Corrupt("x").WithContext("y").code(), ErrorCode::kCorrupt);
  EXPECT_TRUE(Status().WithContext("y").ok());
}

TEST(Result, MacrosPassValuesAndFailures) {
  EXPECT_EQ(**Quarter(12), 3);
  EXPECT_EQ(Quarter(6).status().message(), "3 is odd");
  EXPECT_TRUE(Check(2).ok());
  EXPECT_EQ(Check(3).code(), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace keymemrt
