// SPDX-License-Identifier: Apache-2.0
#include "runtime/format/bytes.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/file.h"
#include "runtime/format/sha256.h"

namespace keymemrt::runtime {
namespace {

scheme::ParameterLiteral Literal() {
  return {.log_n = 10, .q = {12289, 40961, 61441}, .p = {65537}, .log_default_scale = 9};
}

TEST(Bytes, FieldsComeBack) {
  ByteWriter writer;
  writer.U8(7);
  writer.U32(0x01020304);
  writer.U64(5);
  writer.F64(-0.5);
  ASSERT_EQ(writer.bytes().size(), 21u);
  EXPECT_EQ(writer.bytes()[1], std::byte{4});  // little endian
  ByteReader reader(writer.bytes());
  EXPECT_EQ(reader.U8(), 7);
  EXPECT_EQ(reader.U32(), 0x01020304u);
  EXPECT_EQ(reader.U64(), 5u);
  EXPECT_EQ(reader.F64(), -0.5);
  EXPECT_TRUE(reader.Finish().ok());
}

TEST(Bytes, ReadingPastTheEndIsRemembered) {
  ByteWriter writer;
  writer.U32(1);
  ByteReader reader(writer.bytes());
  EXPECT_EQ(reader.U64(), 0u);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.U32(), 0u) << "nothing is read after the end was passed";
  EXPECT_EQ(reader.Finish().code(), ErrorCode::kCorrupt);
}

TEST(Bytes, LeftoverBytesAreAnError) {
  ByteWriter writer;
  writer.U64(1);
  ByteReader reader(writer.bytes());
  reader.U32();
  EXPECT_EQ(reader.Finish().code(), ErrorCode::kCorrupt);
}

TEST(Bytes, ParametersComeBack) {
  ByteWriter writer;
  AppendParameters(writer, Literal());
  ByteReader reader(writer.bytes());
  EXPECT_EQ(TakeParameters(reader), Literal());
  EXPECT_TRUE(reader.Finish().ok());
}

TEST(Bytes, ALyingCountTakesNoMemory) {
  ByteWriter writer;
  AppendParameters(writer, Literal());
  for (size_t i = 8; i < 16; ++i) writer.bytes()[i] = std::byte{0xff};  // 2^32-1 of q and of p
  ByteReader reader(writer.bytes());
  EXPECT_LE(TakeParameters(reader).q.size(), 8u);
  EXPECT_FALSE(reader.ok());
}

TEST(Sha256, IsTheStandardsOneHoweverItIsFed) {
  // FIPS 180-4's example "abc".
  Sha256 sha;
  sha.Update(AsBytes("a"));
  sha.Update({});
  sha.Update(AsBytes("bc"));
  const Sha256Digest digest = sha.Finish();
  const uint8_t begin[] = {0xba, 0x78, 0x16, 0xbf}, end[] = {0xf2, 0x00, 0x15, 0xad};
  EXPECT_TRUE(std::equal(begin, begin + 4, digest.begin()));
  EXPECT_TRUE(std::equal(end, end + 4, digest.end() - 4));
}

TEST(KeySetId, IsRandomAndPrintable) {
  const auto a = KeySetId::Random(), b = KeySetId::Random();
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_NE(*a, *b);
  EXPECT_EQ(a->ToString().size(), 32u);
  KeySetId id;
  id.bytes[0] = 0xab;
  EXPECT_EQ(id.ToString(), "ab000000000000000000000000000000");
}

}  // namespace
}  // namespace keymemrt::runtime
