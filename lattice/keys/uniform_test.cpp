// SPDX-License-Identifier: Apache-2.0
#include "lattice/keys/uniform.h"

#include <gtest/gtest.h>
#include <openssl/sha.h>

#include <algorithm>
#include <set>

#include "lattice/keys/uniform_stream.h"

namespace keymemrt::lattice {
namespace {

const scheme::KeyId kRotation{scheme::KeyKind::kRotation, 5};

Seed CountingSeed() {
  Seed seed;
  for (size_t i = 0; i < seed.size(); ++i) seed[i] = static_cast<uint8_t>(i);
  return seed;
}

std::vector<uint64_t> Expand(const Seed& seed, const scheme::KeyId& key, int digit, int limb, uint64_t q, size_t n) {
  std::vector<uint64_t> out(n, ~uint64_t{0});
  UniformExpander(seed, key).Fill(digit, limb, Modulus(q), out);
  return out;
}

std::string Hash(const std::vector<uint64_t>& words) {
  uint8_t digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const uint8_t*>(words.data()), words.size() * sizeof(uint64_t), digest);
  std::string text;
  for (int i = 0; i < 8; ++i) text += "0123456789abcdef"[digest[i] >> 4], text += "0123456789abcdef"[digest[i] & 15];
  return text;
}

// Stored keys are useless if these ever change. The values were confirmed by an independent script (Python and openssl
// enc).
TEST(UniformExpander, FormatIsFrozen) {
  EXPECT_EQ(Hash(Expand(CountingSeed(), kRotation, 0, 0, 1152921504606830593, 8192)), "d55a4262acb08c1a");
  // 0x11 << 52 | 1 is far above half a power of two: nearly half of all candidates are rejected.
  EXPECT_EQ(Hash(Expand(CountingSeed(), kRotation, 3, 70, (uint64_t{0x11} << 52) + 1, 2048)), "657dba8746d61bc4");
  EXPECT_EQ(Hash(Expand(CountingSeed(), {scheme::KeyKind::kRelinearization, 0}, 1, 2, 65537, 1024)),
            "b12e077d3f21a7be");
  // Keys of a shape: its two numbers are part of the name.
  EXPECT_EQ(
      Hash(Expand(CountingSeed(), {scheme::KeyKind::kRotation, 5, {6, 5}}, 3, 70, (uint64_t{0x11} << 52) + 1, 2048)),
      "e9f048cc4ba1482a");
  EXPECT_EQ(Hash(Expand(CountingSeed(), {scheme::KeyKind::kSecretSwitch, 7, {0, 1}}, 0, 1, 1152921504606830593, 1024)),
            "cfecd65f5cd36b97");
}

TEST(UniformExpander, EveryNameHasItsOwnStream) {
  constexpr uint64_t kQ = 1152921504606830593;
  Seed other = CountingSeed();
  other[31] ^= 1;
  const std::set<std::vector<uint64_t>> streams = {
      Expand(CountingSeed(), kRotation, 0, 0, kQ, 1024),
      Expand(CountingSeed(), kRotation, 0, 1, kQ, 1024),
      Expand(CountingSeed(), kRotation, 1, 0, kQ, 1024),
      Expand(other, kRotation, 0, 0, kQ, 1024),
      Expand(CountingSeed(), {scheme::KeyKind::kRotation, 25}, 0, 0, kQ, 1024),
      Expand(CountingSeed(), {scheme::KeyKind::kConjugation, 5}, 0, 0, kQ, 1024),
      Expand(CountingSeed(), {scheme::KeyKind::kRotation, 5, {0, 1}}, 0, 0, kQ, 1024),
      Expand(CountingSeed(), {scheme::KeyKind::kRotation, 5, {0, 2}}, 0, 0, kQ, 1024),
      Expand(CountingSeed(), {scheme::KeyKind::kRotation, 5, {1, 1}}, 0, 0, kQ, 1024)};
  EXPECT_EQ(streams.size(), 9u);
  EXPECT_EQ(Expand(CountingSeed(), kRotation, 0, 0, kQ, 1024), Expand(CountingSeed(), kRotation, 0, 0, kQ, 1024));
}

// Any piece of a chunk can be made alone.
TEST(UniformExpander, PiecesAreThoseOfTheWhole) {
  for (const uint64_t q : {uint64_t{1152921504606830593}, (uint64_t{0x11} << 52) + 1}) {
    const std::vector<uint64_t> whole = Expand(CountingSeed(), kRotation, 2, 3, q, 8192);
    const UniformExpander uniform(CountingSeed(), kRotation);
    std::vector<uint64_t> piece(2048);
    for (size_t begin = 0; begin < whole.size(); begin += piece.size()) {
      uniform.Fill(2, 3, Modulus(q), piece, begin);
      EXPECT_TRUE(std::equal(piece.begin(), piece.end(), whole.begin() + static_cast<ptrdiff_t>(begin))) << begin;
    }
  }
}

TEST(UniformStream, VectorsGiveWhatOpenSslGives) {
  const UniformStream vectors = VectorUniformStream();
  if (vectors == nullptr) GTEST_SKIP() << "this CPU has no VAES";
  const std::array<uint8_t, 16> key = {1, 2, 3, 250};
  for (const StreamPosition position :
       {StreamPosition{0, 0, 0, 0}, {3, 70, 9, 1000}, {0x01020304, 0x8090a0b0, 0xffffffff, 0xffff0001}}) {
    for (const uint64_t mask : {(uint64_t{1} << 61) - 1, (uint64_t{1} << 26) - 1}) {
      for (const uint64_t largest : {mask, mask - mask / 16, mask / 2}) {
        std::vector<uint64_t> a(1024), b(1024);
        EXPECT_EQ(vectors(key, position, mask, largest, a), PortableUniformStream(key, position, mask, largest, b));
        EXPECT_EQ(a, b);
      }
    }
  }
}

// A shorter chunk is a prefix of a longer one: blocks are made one by one, rejections included.
TEST(UniformExpander, BlocksDoNotDependOnOtherBlocks) {
  constexpr uint64_t kQ = (uint64_t{0x11} << 52) + 1;
  std::vector<uint64_t> large = Expand(CountingSeed(), kRotation, 0, 0, kQ, 8192);
  large.resize(2048);
  EXPECT_EQ(large, Expand(CountingSeed(), kRotation, 0, 0, kQ, 2048));
}

TEST(UniformExpander, IsUniformAlsoWhereRejectionIsFrequent) {
  for (const uint64_t q : {uint64_t{1152921504606830593}, (uint64_t{1} << 40) + 15, (uint64_t{3} << 28) + 1}) {
    const std::vector<uint64_t> words = Expand(CountingSeed(), kRotation, 0, 0, q, 1 << 16);
    constexpr size_t kBuckets = 64;
    std::vector<double> counts(kBuckets);
    for (const uint64_t word : words) {
      ASSERT_LT(word, q);
      ++counts[static_cast<size_t>(static_cast<long double>(word) / static_cast<long double>(q) * kBuckets)];
    }
    const double expected = static_cast<double>(words.size()) / kBuckets;
    double chi_square = 0;
    for (const double count : counts) chi_square += (count - expected) * (count - expected) / expected;
    EXPECT_LT(chi_square, 112) << q;  // 63 degrees of freedom: 1e-4
  }
}

}  // namespace
}  // namespace keymemrt::lattice
