// SPDX-License-Identifier: Apache-2.0
#include "lattice/encoding/bit_field_encoding.h"

#include <gmpxx.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "lattice/encoding/plaintext_test.h"

namespace keymemrt::lattice {
namespace {

uint64_t Mask(int width) {
  return ~uint64_t{0} >> (64 - width);
}

// 0|bbb|nn...n in 32 bits.
TEST(BitField, OneBitOfPaddingAboveThreeOfMessage) {
  const BitField field{.start = 30, .width = 3};
  EXPECT_EQ(field.low(), 28);
  EXPECT_EQ(Place(field, 4), 0x40000000u);
  EXPECT_EQ(Place(field, 7), 0x70000000u);
  EXPECT_EQ(Extract(field, 0x47ffffff), 4u);
  EXPECT_EQ(Extract(field, 0x48000000), 5u);
  EXPECT_EQ(Extract(field, 0x38000000), 4u);
  EXPECT_EQ(Extract(field, 0x37ffffff), 3u);
  EXPECT_EQ(Extract(field, 0xffffffff), 0u);  // -1 modulo 2^32
}

// Every message of every field, with noise at both ends of the margin and one beyond.
TEST(BitField, ExtractRoundsExactlyWithinTheMargin) {
  std::mt19937_64 random(1);
  for (int start = 0; start < 64; ++start) {
    for (int width = 1; width <= start + 1; ++width) {
      const BitField field{start, width};
      ASSERT_TRUE(field.Check().ok());
      for (const uint64_t message : {uint64_t{0}, uint64_t{1}, Mask(width), random() & Mask(width)}) {
        const uint64_t word = Place(field, message);
        EXPECT_EQ(word & ~(Mask(width) << field.low()), 0u);
        EXPECT_EQ(Extract(field, word), message);
        if (field.low() == 0) continue;
        const uint64_t half = uint64_t{1} << (field.low() - 1);
        EXPECT_EQ(Extract(field, word + half - 1), message);
        EXPECT_EQ(Extract(field, word - half), message);
        EXPECT_EQ(Extract(field, word + half), (message + 1) & Mask(width));
        EXPECT_EQ(Extract(field, word - half - 1), (message - 1) & Mask(width));
      }
    }
  }
}

TEST(BitField, WordsAddModulo2ToTheWidth) {
  std::mt19937_64 random(2);
  const BitField field{.start = 61, .width = 20};
  for (int i = 0; i < 1000; ++i) {
    const uint64_t a = random() & Mask(20), b = random() & Mask(20), factor = random() % 1000;
    EXPECT_EQ(Extract(field, Place(field, a) + Place(field, b)), (a + b) & Mask(20));
    EXPECT_EQ(Extract(field, Place(field, a) - Place(field, b)), (a - b) & Mask(20));
    EXPECT_EQ(Extract(field, Place(field, a) * factor), a * factor & Mask(20));
  }
}

TEST(BitField, CheckRefusesWhatIsNoField) {
  for (const BitField field : {BitField{5, 0}, BitField{5, -1}, BitField{5, 7}, BitField{-1, 1}, BitField{70, 65}}) {
    EXPECT_FALSE(field.Check().ok()) << field.start << " " << field.width;
  }
}

class BitFieldEncodingTest : public PlaintextTest {
 protected:
  BitFieldEncoding Make(BitField field, int level) { return *BitFieldEncoding::Create(context_, pool_, field, level); }
  std::vector<uint64_t> RandomMessages(int width, uint64_t seed) {
    std::mt19937_64 random(seed);
    std::vector<uint64_t> messages(context_.n());
    for (uint64_t& m : messages) m = random() & Mask(width);
    return messages;
  }
};

TEST_F(BitFieldEncodingTest, CoefficientsAreTheMessagesAtTheirPlace) {
  for (const BitField field :
       {BitField{3, 4}, BitField{30, 3}, BitField{40, 16}, BitField{150, 64}, BitField{206, 8}}) {
    const std::vector<uint64_t> messages = RandomMessages(field.width, 3);
    const BitFieldEncoding encoding = Make(field, 3);
    const Plaintext plaintext = *encoding.Encode(messages);
    const std::vector<mpz_class> x = Coefficients(plaintext);
    for (size_t i = 0; i < x.size(); ++i) {
      ASSERT_EQ(x[i], mpz_class(std::to_string(messages[i])) << field.low());
    }
    EXPECT_EQ(*encoding.Decode(plaintext), messages);
  }
}

TEST_F(BitFieldEncodingTest, NoiseWithinTheMarginIsRoundedAway) {
  const BitFieldEncoding encoding = Make({.start = 120, .width = 10}, 3);
  const std::vector<uint64_t> messages = RandomMessages(10, 4);
  std::vector<mpz_class> x = Coefficients(*encoding.Encode(messages));
  EXPECT_EQ(encoding.NoiseMargin(), 0x1p110);
  const mpz_class margin = (mpz_class(1) << 110) - 1;
  for (size_t i = 0; i < x.size(); ++i) x[i] += i % 2 == 0 ? margin : mpz_class(-margin);
  const double scale = 0x1p111;
  EXPECT_EQ(*encoding.Decode(FromCoefficients(x, 3, scale)), messages);
  x[2] += 1;  // the margin itself
  const std::vector<uint64_t> decoded = *encoding.Decode(FromCoefficients(x, 3, scale));
  EXPECT_EQ(decoded[2], (messages[2] + 1) & Mask(10));
}

TEST_F(BitFieldEncodingTest, SumsAddAndProductsConvolveModulo2ToTheWidth) {
  const int width = 12;
  const BitFieldEncoding encoding = Make({.start = 60, .width = width}, 3);
  const std::vector<uint64_t> a = RandomMessages(width, 5), b = RandomMessages(width, 6);
  const Plaintext x = *encoding.Encode(a), y = *encoding.Encode(b);
  const auto sum = encoding.Decode(Add(x, y)), product = encoding.Decode(Mul(x, y));
  ASSERT_TRUE(sum.ok() && product.ok());
  std::vector<uint64_t> expected(a.size());
  for (size_t i = 0; i < a.size(); ++i) {
    ASSERT_EQ((*sum)[i], (a[i] + b[i]) & Mask(width));
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t k = (i + j) % a.size();
      expected[k] += i + j < a.size() ? a[i] * b[j] : -(a[i] * b[j]);
    }
  }
  for (uint64_t& value : expected) value &= Mask(width);
  EXPECT_EQ(*product, expected);
}

TEST_F(BitFieldEncodingTest, RefusesWhatDoesNotFit) {
  EXPECT_TRUE(BitFieldEncoding::Create(context_, pool_, {57, 4}, 0).ok());  // q_0 has 60 bits
  EXPECT_FALSE(BitFieldEncoding::Create(context_, pool_, {59, 4}, 0).ok());
  EXPECT_TRUE(BitFieldEncoding::Create(context_, pool_, {59, 4}, 1).ok());
  EXPECT_FALSE(BitFieldEncoding::Create(context_, pool_, {2'147'483'647, 4}, 3).ok());
  EXPECT_FALSE(BitFieldEncoding::Create(context_, pool_, {10, 12}, 1).ok());
  EXPECT_FALSE(BitFieldEncoding::Create(context_, pool_, {10, 4}, 4).ok());
  const BitFieldEncoding encoding = Make({10, 4}, 0);
  EXPECT_FALSE(encoding.Encode(std::vector<uint64_t>(context_.n() + 1)).ok());
  EXPECT_FALSE(encoding.Encode({3, 16}).ok());
  EXPECT_TRUE(encoding.Encode({3, 15}).ok());
}

}  // namespace
}  // namespace keymemrt::lattice
