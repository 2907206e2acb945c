// SPDX-License-Identifier: Apache-2.0
#include "lattice/keys/packing.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace keymemrt::lattice {
namespace {

// An odd number of `bits` bits, near the top, the middle or the bottom of the range; packing needs no prime.
std::vector<Modulus> ModuliOf(int bits) {
  const uint64_t top = uint64_t{1} << bits, half = top / 2;
  return {Modulus(top - 1), Modulus(half + half / 2 + 1), Modulus(half + 1)};
}

std::vector<uint64_t> RandomResidues(const Modulus& q, size_t n, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<uint64_t> x(n);
  for (uint64_t& value : x) value = random() % q.value();
  x[0] = x[n - 1] = q.value() - 1;
  x[1] = 0;
  return x;
}

// Bit by bit, as the format says.
std::vector<uint64_t> PackedBitByBit(const std::vector<uint64_t>& x, int bits) {
  std::vector<uint64_t> packed(PackedWords(x.size(), bits));
  for (size_t i = 0; i < x.size(); ++i) {
    for (int bit = 0; bit < bits; ++bit) {
      const size_t k = i * static_cast<size_t>(bits) + static_cast<size_t>(bit);
      packed[k / 64] |= (x[i] >> bit & 1) << (k % 64);
    }
  }
  return packed;
}

TEST(Packing, IsItsFormatAndBackForEveryWidth) {
  for (int bits = 20; bits <= 61; ++bits) {
    for (const Modulus& q : ModuliOf(bits)) {
      ASSERT_EQ(q.bits(), bits);
      for (const size_t n : {size_t{64}, size_t{1024}}) {
        SCOPED_TRACE(testing::Message() << q.value() << " " << n);
        const std::vector<uint64_t> x = RandomResidues(q, n, static_cast<uint64_t>(bits));
        std::vector<uint64_t> packed(PackedWords(n, bits), ~uint64_t{0}), back(n);
        PackResidues(x, q, packed);
        ASSERT_EQ(packed, PackedBitByBit(x, bits));
        const Status status = UnpackResidues(packed, q, back);
        ASSERT_TRUE(status.ok()) << status.message();
        ASSERT_EQ(back, x);
      }
    }
  }
}

TEST(Packing, ResiduesThatAreNoneAreFound) {
  constexpr size_t kCount = 192;
  for (int bits = 20; bits <= 61; ++bits) {
    const Modulus q = ModuliOf(bits)[1];
    for (size_t wrong = 0; wrong < kCount; ++wrong) {
      std::vector<uint64_t> x = RandomResidues(q, kCount, wrong);
      x[wrong] = wrong % 2 == 0 ? q.value() : (uint64_t{1} << bits) - 1;
      const Status status = UnpackResidues(PackedBitByBit(x, bits), q, x);
      ASSERT_EQ(status.code(), ErrorCode::kCorrupt) << bits << " " << wrong;
      ASSERT_NE(status.message().find("packed residue " + std::to_string(wrong) + " "), std::string::npos)
          << status.message();
    }
  }
}

TEST(Packing, UnpacksWithinItsOwnMemory) {
  for (int bits = 20; bits <= kMaxBitsInPlace; ++bits) {
    const Modulus q = ModuliOf(bits)[1];
    for (const size_t n : {size_t{1024}, size_t{8192}}) {
      const size_t words = PackedWords(n, bits);
      const std::vector<uint64_t> x = RandomResidues(q, n, static_cast<uint64_t>(bits));
      for (const size_t begin : {n - words, (n - words) / 512 * 512}) {
        std::vector<uint64_t> limb(n, ~uint64_t{0});
        PackResidues(x, q, std::span(limb).subspan(begin, words));
        ASSERT_TRUE(UnpackInPlace(limb, begin, q).ok());
        ASSERT_EQ(limb, x) << bits << " " << begin;
        for (const size_t wrong : {size_t{0}, n / 2, n - 1}) {
          std::vector<uint64_t> bad = x;
          bad[wrong] = q.value();
          const std::vector<uint64_t> packed = PackedBitByBit(bad, bits);
          std::copy(packed.begin(), packed.end(), limb.begin() + static_cast<ptrdiff_t>(begin));
          const Status status = UnpackInPlace(limb, begin, q);
          ASSERT_EQ(status.code(), ErrorCode::kCorrupt);
          ASSERT_NE(status.message().find("residue " + std::to_string(wrong) + " "), std::string::npos);
        }
      }
    }
  }
}

TEST(Packing, VectorsGiveWhatScalarsGive) {
  const UnpackWords vectors = VectorUnpack();
  if (vectors == nullptr) GTEST_SKIP() << "this CPU has no AVX-512 VBMI2";
  std::mt19937_64 random(3);
  for (int bits = 1; bits <= 63; ++bits) {
    for (const size_t n : {size_t{64}, size_t{640}}) {
      std::vector<uint64_t> packed(PackedWords(n, bits)), a(n), b(n);
      for (uint64_t& word : packed) word = random();
      const uint64_t mask = (uint64_t{1} << bits) - 1;
      for (const uint64_t largest : {mask, mask - (mask >> 9), mask / 2}) {
        ASSERT_EQ(vectors(packed.data(), bits, largest, a.data(), n),
                  PortableUnpack(packed.data(), bits, largest, b.data(), n));
        ASSERT_EQ(a, b) << bits;
      }
    }
  }
}

}  // namespace
}  // namespace keymemrt::lattice
