// SPDX-License-Identifier: Apache-2.0
#include "base/container.h"

#include <gtest/gtest.h>

namespace keymemrt {
namespace {

constexpr ContainerKind kKind = {"KMRTTEST", 3, "a test file"};

TEST(Container, RoundTrips) {
  const auto bytes = WrapContainer(kKind, AsBytes("payload"));
  EXPECT_EQ(bytes.size(), 39u);
  const auto payload = UnwrapContainer(kKind, bytes);
  ASSERT_TRUE(payload.ok());
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(payload->data()), payload->size()), "payload");
  EXPECT_TRUE(UnwrapContainer(kKind, WrapContainer(kKind, {})).ok());
}

TEST(Container, EveryFlippedBitAndEveryTruncationIsCaught) {
  const auto good = WrapContainer(kKind, AsBytes("some payload of a file"));
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    auto bad = good;
    bad[bit / 8] ^= std::byte{1} << (bit % 8);
    EXPECT_EQ(UnwrapContainer(kKind, bad).status().code(), ErrorCode::kCorrupt) << bit;
  }
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(UnwrapContainer(kKind, std::span(good).first(size)).status().code(), ErrorCode::kCorrupt) << size;
  }
}

TEST(Container, SaysWhatIsWrong) {
  const auto bytes = WrapContainer(kKind, AsBytes("x"));
  const auto message = [&](const ContainerKind& kind) { return UnwrapContainer(kind, bytes).status().message(); };
  EXPECT_EQ(message({"KMRTELSE", 3, "another file"}), "not another file");
  EXPECT_NE(message({"KMRTTEST", 4, "a test file"}).find("format version 3"), std::string::npos);
}

}  // namespace
}  // namespace keymemrt
