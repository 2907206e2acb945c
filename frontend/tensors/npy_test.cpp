// SPDX-License-Identifier: Apache-2.0
#include "frontend/tensors/npy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "frontend/tensors/test_files.h"

namespace keymemrt::frontend {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A .npy file as its format describes it, written independently of the code under test.
std::string Craft(const std::string& dictionary, const std::string& data, int version = 1) {
  std::string bytes = "\x93NUMPY";
  bytes += static_cast<char>(version);
  bytes += '\0';
  bytes += static_cast<char>(dictionary.size() & 0xff);
  bytes += static_cast<char>(dictionary.size() >> 8);
  if (version > 1) bytes += std::string(2, '\0');
  return bytes + dictionary + data;
}

std::string Dictionary(const std::string& descr, const std::string& shape, const std::string& fortran = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }  \n";
}

class Npy : public ::testing::Test {
 protected:
  Result<Tensor> Read(const std::string& bytes) {
    WriteBytes(path_, bytes);
    return ReadNpy(path_);
  }
  Tensor ReadSound(const std::string& bytes) {
    const auto tensor = Read(bytes);
    EXPECT_TRUE(tensor.ok()) << tensor.status().message();
    return tensor.ok() ? *tensor : Tensor{};
  }
  // The message, after a check that it is an error of the right kind that names the file.
  std::string ReadCorrupt(const std::string& bytes) {
    const auto tensor = Read(bytes);
    EXPECT_FALSE(tensor.ok());
    if (tensor.ok()) return "";
    EXPECT_EQ(tensor.status().code(), ErrorCode::kCorrupt) << tensor.status().message();
    EXPECT_THAT(tensor.status().message(), HasSubstr(path_));
    return tensor.status().message();
  }

  TemporaryDirectory directory_;
  std::string path_ = directory_ / "a.npy";
};

TEST_F(Npy, ReadsEveryTypeAndVersion) {
  for (const int version : {1, 2, 3}) {
    const Tensor f8 = ReadSound(Craft(Dictionary("<f8", "(2, 3)"), Raw<double>({1, -2.5, 3e100, 4, 5, 6}), version));
    EXPECT_EQ(f8.type, ElementType::kFloat64);
    EXPECT_THAT(f8.shape, ElementsAre(2, 3));
    EXPECT_THAT(f8.values, ElementsAre(1, -2.5, 3e100, 4, 5, 6));
  }
  const Tensor f4 = ReadSound(Craft(Dictionary("<f4", "(2,)"), Raw<float>({0.1f, -8})));
  EXPECT_EQ(f4.type, ElementType::kFloat32);
  EXPECT_THAT(f4.shape, ElementsAre(2));
  EXPECT_THAT(f4.values, ElementsAre(static_cast<double>(0.1f), -8));
  const Tensor u1 = ReadSound(Craft(Dictionary("|u1", "(3, 1,)"), std::string("\x00\x80\xff", 3)));
  EXPECT_EQ(u1.type, ElementType::kUint8);
  EXPECT_THAT(u1.values, ElementsAre(0, 128, 255));
}

TEST_F(Npy, ReadsOtherSpellingsOfTheHeader) {
  const Tensor scalar = ReadSound(Craft("{\"shape\":(),\"fortran_order\":False,\"descr\":\"<f8\"}", Raw<double>({7})));
  EXPECT_THAT(scalar.shape, ElementsAre());
  EXPECT_THAT(scalar.values, ElementsAre(7));
  const Tensor empty = ReadSound(Craft(Dictionary("<f8", "(0, 5)"), ""));
  EXPECT_THAT(empty.shape, ElementsAre(0, 5));
  EXPECT_TRUE(empty.values.empty());
}

TEST_F(Npy, RefusesOtherTypesAndOrders) {
  for (const char* descr : {">f8", "<f2", "<i8", "<c16", "|b1", "|O", "<u1", ""}) {
    EXPECT_THAT(ReadCorrupt(Craft(Dictionary(descr, "(1,)"), Raw<double>({1}))), HasSubstr("'<f8' (float64)")) << descr;
  }
  EXPECT_THAT(ReadCorrupt(Craft(Dictionary("<f8", "(2, 2)", "True"), Raw<double>({1, 2, 3, 4}))),
              HasSubstr("Fortran order"));
  EXPECT_THAT(
      ReadCorrupt(Craft("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,), }", Raw<double>({1}))),
      HasSubstr("one element type"));
}

TEST_F(Npy, RefusesMalformedHeaders) {
  const std::string data = Raw<double>({1, 2});
  for (const char* text : {
           "",
           "{",
           "{}",
           "[]",
           "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), ",
           "{'descr': '<f8', 'fortran_order': False}",
           "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), 'more': 1}",
           "{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (2,)}",
           "{'descr': '<f8', 'fortran_order': 0, 'shape': (2,)}",
           "{'descr': '<f8', 'fortran_order': False, 'shape': 2}",
           "{'descr': '<f8', 'fortran_order': False, 'shape': (2)}",
           "{'descr': '<f8', 'fortran_order': False, 'shape': (-2,)}",
           "{'descr': '<f8', 'fortran_order': False, 'shape': (02,)}",
           "{'descr': '<f8', 'fortran_order': False, 'shape': (2 1)}",
           "{'descr': '<f8', 'fortran_order': False, 'shape': (2,,)}",
           "{'descr': '<f8', 'fortran_order': False, 'shape': (,)}",
           "{'descr': '<f8', 'fortran_order': False, 'shape': (2,)} x",
           "{'descr': '<f8' 'fortran_order': False, 'shape': (2,)}",
           "{descr: '<f8', 'fortran_order': False, 'shape': (2,)}",
           "{'descr': '<f8, 'fortran_order': False, 'shape': (2,)}",
           "{'descr': '<f8', 'fortran_order': False, 'shape': "
           "(1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2)}",
       }) {
    EXPECT_THAT(ReadCorrupt(Craft(text, data)), HasSubstr("expected")) << text;
  }
  EXPECT_THAT(ReadCorrupt("not an array"), HasSubstr("\\x93NUMPY"));
  EXPECT_THAT(ReadCorrupt(Craft(Dictionary("<f8", "(2,)"), data, 4)), HasSubstr("version 4.0"));
}

// Refused before anything of that size is allocated: the file is far shorter.
TEST_F(Npy, RefusesHugeShapes) {
  const std::string data = Raw<double>({1});
  EXPECT_THAT(ReadCorrupt(Craft(Dictionary("<f8", "(1000000000000,)"), data)), HasSubstr("8000000000000 expected"));
  EXPECT_THAT(ReadCorrupt(Craft(Dictionary("<f8", "(4294967296, 4294967296)"), data)), HasSubstr("too large"));
  EXPECT_THAT(ReadCorrupt(Craft(Dictionary("<f8", "(18446744073709551615,)"), data)), HasSubstr("too large"));
  EXPECT_THAT(ReadCorrupt(Craft(Dictionary("<f8", "(18446744073709551617,)"), data)), HasSubstr("tuple"));
  // 2^64 + 8 bytes, which would pass for 8 if it were counted modulo 2^64.
  EXPECT_THAT(ReadCorrupt(Craft(Dictionary("<f8", "(2305843009213693953,)"), data)), HasSubstr("too large"));
  std::string header_length = "\x93NUMPY";
  header_length += std::string("\x02\x00\xff\xff\xff\x7f", 6) + Dictionary("<f8", "(1,)") + data;
  EXPECT_THAT(ReadCorrupt(header_length), HasSubstr("at most 65536"));
}

TEST_F(Npy, RefusesValuesThatAreNotFinite) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  EXPECT_THAT(ReadCorrupt(Craft(Dictionary("<f8", "(3,)"), Raw<double>({1, 2, kInfinity}))), HasSubstr("element 2"));
  EXPECT_THAT(ReadCorrupt(Craft(Dictionary("<f4", "(2,)"), Raw<float>({std::numeric_limits<float>::quiet_NaN(), 2}))),
              HasSubstr("element 0"));
}

TEST_F(Npy, RefusesEveryTruncationAndTrailingBytes) {
  const std::string bytes = Craft(Dictionary("<f8", "(2, 2)"), Raw<double>({1, 2, 3, 4}));
  ForEachTruncation(bytes, path_, [&](size_t length) {
    const auto tensor = ReadNpy(path_);
    ASSERT_FALSE(tensor.ok()) << "cut at " << length;
    EXPECT_EQ(tensor.status().code(), ErrorCode::kCorrupt);
    EXPECT_THAT(tensor.status().message(), HasSubstr(path_));
  });
  EXPECT_THAT(ReadCorrupt(bytes + "x"), HasSubstr("33 bytes of data, 32 expected"));
}

// .npy has no checksum: a flip in an element is another number. One in the header must be noticed, or be one of the few
// that leave a file of the same size sound.
TEST_F(Npy, SurvivesEveryBitFlip) {
  const std::string data = Raw<float>({1, 2, 3, 4});
  const std::string bytes = Craft(Dictionary("<f4", "(4, 1)"), data);
  size_t refused = 0;
  ForEachBitFlip(bytes, path_, [&](size_t bit) {
    const auto tensor = ReadNpy(path_);
    if (!tensor.ok()) {
      EXPECT_EQ(tensor.status().code(), ErrorCode::kCorrupt) << tensor.status().message();
      ++refused;
      return;
    }
    EXPECT_EQ(tensor->values.size() * ElementSize(tensor->type), data.size()) << bit;
  });
  const size_t header_bits = 8 * (bytes.size() - data.size());
  EXPECT_GT(refused, header_bits * 9 / 10);
}

TEST_F(Npy, MissingFileIsTheCallersMistake) {
  const auto tensor = ReadNpy(directory_ / "none.npy");
  ASSERT_FALSE(tensor.ok());
  EXPECT_EQ(tensor.status().code(), ErrorCode::kInvalidArgument);
}

TEST_F(Npy, WritesWhatItReads) {
  for (const Shape& shape : {Shape{}, Shape{6}, Shape{2, 3}, Shape{1, 6, 1}}) {
    const std::vector<double> values(shape.empty() ? 1 : 6, 0.1);
    const Status status = WriteNpy(path_, shape, values);
    ASSERT_TRUE(status.ok()) << status.message();
    const auto tensor = ReadNpy(path_);
    ASSERT_TRUE(tensor.ok()) << tensor.status().message();
    EXPECT_EQ(tensor->shape, shape);
    EXPECT_EQ(tensor->values, values);
    EXPECT_EQ((std::filesystem::file_size(path_) - values.size() * 8) % 64, 0u);
  }
  EXPECT_EQ(WriteNpy(path_, {3}, std::vector<double>(2)).code(), ErrorCode::kInvalidArgument);
}

// The bytes that NumPy 1.26 writes for numpy.save(f, numpy.array([1.5])).
TEST_F(Npy, WritesNumPysBytes) {
  const std::vector<double> values = {1.5};
  ASSERT_TRUE(WriteNpy(path_, {1}, values).ok());
  std::string expected = "\x93NUMPY";
  expected += std::string("\x01\x00\x76\x00", 4) + "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }";
  expected += std::string(128 - 1 - expected.size(), ' ') + "\n" + Raw<double>({1.5});
  EXPECT_EQ(ReadBytes(path_), expected);
}

TEST_F(Npy, ReadsPartsOfAnArray) {
  WriteBytes(path_, Craft(Dictionary("<f4", "(40000,)"), [] {
               std::string data;
               for (int i = 0; i < 40000; ++i) data += Raw<float>({static_cast<float>(i)});
               return data;
             }()));
  const auto array = OpenNpy(path_);
  ASSERT_TRUE(array.ok()) << array.status().message();
  std::vector<double> part(33000);
  ASSERT_TRUE(array->Read(7000, part).ok());
  for (size_t i = 0; i < part.size(); ++i) ASSERT_EQ(part[i], static_cast<double>(7000 + i));
  EXPECT_EQ(array->Read(7001, part).code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(array->Read(UINT64_MAX, part).code(), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace keymemrt::frontend
