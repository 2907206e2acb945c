// SPDX-License-Identifier: Apache-2.0
#include "base/size.h"

#include <gtest/gtest.h>

namespace keymemrt {
namespace {

TEST(Size, Parses) {
  EXPECT_EQ(*ParseSize("0"), 0u);
  EXPECT_EQ(*ParseSize("4096"), 4096u);
  EXPECT_EQ(*ParseSize("512MiB"), 512ull << 20);
  EXPECT_EQ(*ParseSize("1.5GiB"), 3ull << 29);
  EXPECT_EQ(*ParseSize("100 mb"), 100'000'000u);
  EXPECT_EQ(*ParseSize("2KiB"), 2048u);
}

TEST(Size, RefusesNonsense) {
  for (const char* text : {"", "x", "-1", "1.5.2", "10QiB", "5Mi", "nan", "inf", "1e300GiB", "MiB", "3 M B"}) {
    EXPECT_FALSE(ParseSize(text).ok()) << text;
  }
}

TEST(Size, Formats) {
  EXPECT_EQ(FormatSize(17), "17 B");
  EXPECT_EQ(FormatSize(64ull << 20), "64.0 MiB");
  EXPECT_EQ(FormatSize(1536), "1.5 KiB");
  EXPECT_EQ(FormatSize(700ull << 20), "700 MiB");
}

}  // namespace
}  // namespace keymemrt
