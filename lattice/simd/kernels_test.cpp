// SPDX-License-Identifier: Apache-2.0
//
// Every kernel table that this CPU runs against the scalar one, bit by bit; and which table is chosen.
#include "lattice/simd/kernels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "base/status.h"
#include "lattice/simd/kernel_sets.h"
#include "scheme/parameters.h"

namespace keymemrt::lattice {
namespace {

using ::testing::HasSubstr;

template <typename T>
struct CacheLineAllocator {
  using value_type = T;
  T* allocate(size_t n) { return static_cast<T*>(operator new(n * sizeof(T), std::align_val_t{64})); }
  void deallocate(T* p, size_t) { operator delete(p, std::align_val_t{64}); }
  bool operator==(const CacheLineAllocator&) const = default;
};
using Words = std::vector<uint64_t, CacheLineAllocator<uint64_t>>;

Words RandomWords(size_t n, uint64_t below, std::mt19937_64& random) {
  Words words(n);
  for (uint64_t& word : words) {
    // One in eight at an edge.
    const uint64_t r = random();
    const uint64_t edges[] = {0, 1 % below, below - 1, below / 2};
    word = r % 8 == 0 ? edges[r / 8 % 4] : (r >> 8 ^ random() << 3) % below;
  }
  return words;
}

uint64_t Prime(int bits, int log_n) {
  return scheme::FindNttPrimes(bits, log_n, 1)->front();
}

std::vector<std::string> SupportedNames() {
  std::vector<std::string> names;
  for (const Kernels* kernels : SupportedKernels()) names.emplace_back(kernels->name);
  return names;
}

class EveryTable : public ::testing::TestWithParam<std::string> {
 protected:
  const Kernels& kernels = **ChooseKernels(GetParam(), SupportedKernels());
};
INSTANTIATE_TEST_SUITE_P(Kernels, EveryTable, ::testing::ValuesIn(SupportedNames()),
                         [](const auto& info) { return info.param; });

void CheckNtt(const Kernels& kernels, int log_n, int bits) {
  SCOPED_TRACE("N=2^" + std::to_string(log_n) + ", " + std::to_string(bits) + " bits");
  const NttTable table(log_n, Modulus(Prime(bits, log_n)));
  const size_t n = table.n();
  const uint64_t q = table.modulus().value();
  std::mt19937_64 random(static_cast<uint64_t>(log_n * 100 + bits));
  std::vector<Words> inputs = {Words(n, q - 1), RandomWords(n, q, random), Words(n, 0)};
  inputs[2][n - 1] = q - 1;
  for (const Words& input : inputs) {
    Words expected = input, actual = input;
    kScalarKernels.ntt_forward(expected.data(), table);
    kernels.ntt_forward(actual.data(), table);
    ASSERT_TRUE(actual == expected) << "forward";
    expected = actual = input;
    kScalarKernels.ntt_inverse(expected.data(), table);
    kernels.ntt_inverse(actual.data(), table);
    ASSERT_TRUE(actual == expected) << "inverse";
  }
}

TEST_P(EveryTable, NttOfEveryPrimeSize) {
  for (int bits = 26; bits <= 61; ++bits) {
    for (int log_n = 10; log_n <= 13; ++log_n) CheckNtt(kernels, log_n, bits);
  }
}

TEST_P(EveryTable, NttOfEveryLength) {
  for (int log_n = 3; log_n <= 17; ++log_n) {
    for (const int bits : {26, 40, 45, 46, 47, 49, 50, 51, 60, 61}) CheckNtt(kernels, log_n, bits);
  }
}

// Moduli at both ends of every bit length; they need not be primes here.
std::vector<uint64_t> Moduli() {
  std::vector<uint64_t> moduli = {2, 3};
  for (int bits = 3; bits <= 61; ++bits) {
    const uint64_t bottom = uint64_t{1} << (bits - 1);
    moduli.insert(moduli.end(), {bottom, bottom + 1, 2 * bottom - 1});
  }
  moduli.insert(moduli.end(), {65537, (uint64_t{1} << 40) - 87, (uint64_t{1} << 50) - 27, (uint64_t{1} << 60) - 93});
  return moduli;
}

TEST_P(EveryTable, Pointwise) {
  std::mt19937_64 random(1);
  const Kernels& scalar = kScalarKernels;
  for (const uint64_t q_value : Moduli()) {
    SCOPED_TRACE(q_value);
    const Modulus q(q_value);
    for (const size_t n : {8, 24, 256}) {
      const Words a = RandomWords(n, q_value, random), b = RandomWords(n, q_value, random);
      const Words c = RandomWords(n, q_value, random);
      const auto binary = [&](auto kernel, const char* name) {
        Words expected = c, actual = c;
        (scalar.*kernel)(expected.data(), a.data(), b.data(), n, q);
        (kernels.*kernel)(actual.data(), a.data(), b.data(), n, q);
        ASSERT_EQ(actual, expected) << name;
        expected = actual = a;
        (scalar.*kernel)(expected.data(), expected.data(), b.data(), n, q);
        (kernels.*kernel)(actual.data(), actual.data(), b.data(), n, q);
        ASSERT_EQ(actual, expected) << name << " in place of the first operand";
        expected = actual = b;
        (scalar.*kernel)(expected.data(), a.data(), expected.data(), n, q);
        (kernels.*kernel)(actual.data(), a.data(), actual.data(), n, q);
        ASSERT_EQ(actual, expected) << name << " in place of the second operand";
      };
      binary(&Kernels::add, "add");
      binary(&Kernels::sub, "sub");
      binary(&Kernels::mul, "mul");
      binary(&Kernels::mul_add, "mul_add");

      Words expected(n), actual(n);
      scalar.negate(expected.data(), a.data(), n, q);
      kernels.negate(actual.data(), a.data(), n, q);
      ASSERT_EQ(actual, expected) << "negate";

      for (const uint64_t w : {uint64_t{0}, 1 % q_value, q_value - 1, random() % q_value}) {
        expected = actual = c;
        scalar.mul_scalar(expected.data(), a.data(), w, n, q);
        kernels.mul_scalar(actual.data(), a.data(), w, n, q);
        ASSERT_EQ(actual, expected) << "mul_scalar " << w;
        expected = actual = c;
        scalar.mul_scalar_add(expected.data(), a.data(), w, n, q);
        kernels.mul_scalar_add(actual.data(), a.data(), w, n, q);
        ASSERT_EQ(actual, expected) << "mul_scalar_add " << w;
        scalar.sub_mul_scalar(expected.data(), a.data(), b.data(), w, n, q);
        kernels.sub_mul_scalar(actual.data(), a.data(), b.data(), w, n, q);
        ASSERT_EQ(actual, expected) << "sub_mul_scalar " << w;
      }

      const Words any = RandomWords(n, ~uint64_t{0}, random);
      scalar.reduce(expected.data(), any.data(), n, q);
      kernels.reduce(actual.data(), any.data(), n, q);
      ASSERT_EQ(actual, expected) << "reduce";
    }
  }
}

// Estimates of a quotient err most when the modulus is just above a power of two and the operands are large.
TEST_P(EveryTable, ProductsWhereQuotientsErrMost) {
  std::mt19937_64 random(6);
  const size_t n = 512;
  for (const int bits : {26, 46, 50, 51, 61}) {
    for (int i = 0; i < 64; ++i) {
      const uint64_t q_value = (uint64_t{1} << (bits - 1)) + random() % (uint64_t{1} << (bits - 5));
      const Modulus q(q_value);
      Words a(n), b(n), c(n, q_value - 1), expected(n), actual(n);
      for (size_t j = 0; j < n; ++j) {
        a[j] = q_value - 1 - random() % (q_value / 16);
        b[j] = q_value - 1 - random() % (q_value / 16);
      }
      kScalarKernels.mul(expected.data(), a.data(), b.data(), n, q);
      kernels.mul(actual.data(), a.data(), b.data(), n, q);
      ASSERT_EQ(actual, expected) << "mul modulo " << q_value;
      expected = actual = c;
      kScalarKernels.mul_add(expected.data(), a.data(), b.data(), n, q);
      kernels.mul_add(actual.data(), a.data(), b.data(), n, q);
      ASSERT_EQ(actual, expected) << "mul_add modulo " << q_value;
    }
  }
}

TEST_P(EveryTable, ReduceCentered) {
  std::mt19937_64 random(2);
  const size_t n = 64;
  for (const uint64_t from :
       {uint64_t{3}, uint64_t{4}, uint64_t{65537}, (uint64_t{1} << 40) - 87, (uint64_t{1} << 50) - 27,
        (uint64_t{1} << 52) + 21, (uint64_t{1} << 60), (uint64_t{1} << 61) - 1}) {
    Words a = RandomWords(n, from, random);
    a[1] = from / 2;
    a[2] = from / 2 + 1;
    for (const uint64_t q_value : Moduli()) {
      Words expected(n), actual(n);
      kScalarKernels.reduce_centered(expected.data(), a.data(), n, Modulus(from), Modulus(q_value));
      kernels.reduce_centered(actual.data(), a.data(), n, Modulus(from), Modulus(q_value));
      ASSERT_EQ(actual, expected) << "from " << from << " to " << q_value;
    }
  }
}

TEST_P(EveryTable, Dot) {
  std::mt19937_64 random(3);
  for (const uint64_t q_value : Moduli()) {
    const Modulus q(q_value);
    for (const size_t count : {0, 1, 2, 3, 4, 5, 7, 8, 9, 11, 12, 14, 15, 16, 17, 18, 19, 40, 100}) {
      for (const int in_bits : {26, 50, 51, 52, 53, 54, 55, 56, 60, 61}) {
        const size_t n = count % 2 == 0 ? 24 : 64;
        std::vector<Words> in;
        std::vector<const uint64_t*> pointers;
        Words w(count + 1);
        for (size_t i = 0; i < count; ++i) {
          // The largest words everywhere, and mixed with others; words of different sizes in one sum.
          const uint64_t below = uint64_t{1} << (i % 3 == 1 ? std::min(in_bits, 40) : in_bits);
          in.push_back(count % 5 != 2 ? Words(n, below - 1) : RandomWords(n, below, random));
          w[i] = count % 5 != 2 || i % 2 == 0 ? q_value - 1 : random() % q_value;
        }
        for (const Words& limb : in) pointers.push_back(limb.data());
        w[count] = q_value - 1;
        std::vector<uint8_t> u(n);
        for (uint8_t& byte : u) byte = count % 3 == 0 ? 255 : static_cast<uint8_t>(random());
        Words expected(n), actual(n);
        kScalarKernels.dot(expected.data(), pointers.data(), in_bits, u.data(), w.data(), count, n, q);
        kernels.dot(actual.data(), pointers.data(), in_bits, u.data(), w.data(), count, n, q);
        ASSERT_EQ(actual, expected) << count << " terms of " << in_bits << " bits modulo " << q_value;
      }
    }
  }
}

TEST_P(EveryTable, InnerProduct) {
  std::mt19937_64 random(5);
  for (const uint64_t q_value : Moduli()) {
    const Modulus q(q_value);
    for (const size_t count : {0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 13, 17, 40, 100}) {
      const size_t n = count % 2 == 0 ? 24 : 64;
      std::vector<Words> a, b;
      std::vector<const uint64_t*> a_pointers, b_pointers;
      for (size_t i = 0; i < count; ++i) {
        const bool largest = count == 100 || count == 8;
        a.push_back(largest ? Words(n, q_value - 1) : RandomWords(n, q_value, random));
        b.push_back(largest ? Words(n, q_value - 1) : RandomWords(n, q_value, random));
      }
      for (size_t i = 0; i < count; ++i) {
        a_pointers.push_back(a[i].data());
        b_pointers.push_back(b[i].data());
      }
      Words expected(n), actual(n);
      kScalarKernels.inner_product(expected.data(), a_pointers.data(), b_pointers.data(), count, n, q);
      kernels.inner_product(actual.data(), a_pointers.data(), b_pointers.data(), count, n, q);
      ASSERT_EQ(actual, expected) << count << " terms modulo " << q_value;
    }
  }
}

TEST_P(EveryTable, Permute) {
  std::mt19937_64 random(4);
  const int log_n = 10;
  const size_t n = size_t{1} << log_n;
  const Words in = RandomWords(n, ~uint64_t{0}, random);
  const auto reverse = [](size_t x) {
    size_t reversed = 0;
    for (int i = 0; i < log_n; ++i) reversed |= ((x >> i) & 1) << (log_n - 1 - i);
    return reversed;
  };
  std::vector<std::vector<uint32_t>> indices(1, std::vector<uint32_t>(n));
  std::iota(indices[0].begin(), indices[0].end(), 0);
  std::shuffle(indices[0].begin(), indices[0].end(), random);  // arbitrary
  indices.push_back(indices[0]);                               // arbitrary but for one aligned group
  std::iota(indices[1].begin() + 16, indices[1].begin() + 24, 40);
  indices.push_back(indices[1]);  // a group shifted by one
  std::iota(indices[2].begin() + 16, indices[2].begin() + 24, 41);
  for (const size_t galois : {size_t{5}, size_t{25}, 2 * n - 1, size_t{1}}) {  // automorphisms
    std::vector<uint32_t> index(n);
    for (size_t i = 0; i < n; ++i) {
      const size_t exponent = (2 * reverse(i) + 1) * galois % (2 * n);
      index[i] = static_cast<uint32_t>(reverse(exponent / 2));
    }
    indices.push_back(index);
  }
  for (const std::vector<uint32_t>& index : indices) {
    Words expected(n), actual(n);
    kScalarKernels.permute(expected.data(), in.data(), index.data(), n);
    kernels.permute(actual.data(), in.data(), index.data(), n);
    ASSERT_EQ(actual, expected);
  }
}

TEST(ChooseKernels, TakesTheFastestOrTheForcedOne) {
  const Kernels scalar = {.name = "scalar"}, avx2 = {.name = "avx2"};
  const Kernels* const supported[] = {&scalar, &avx2};
  EXPECT_EQ(*ChooseKernels("", supported), &avx2);
  EXPECT_EQ(*ChooseKernels("scalar", supported), &scalar);
  EXPECT_EQ(*ChooseKernels("avx2", supported), &avx2);
}

TEST(ChooseKernels, RefusesUnknownAndUnsupportedNames) {
  const Kernels scalar = {.name = "scalar"};
  const Kernels* const supported[] = {&scalar};
  for (const char* name : {"avx2", "avx512", "ifma"}) {
    const auto chosen = ChooseKernels(name, supported);
    ASSERT_FALSE(chosen.ok());
    EXPECT_EQ(chosen.status().code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(chosen.status().message(), HasSubstr("CPU does not have"));
  }
  for (const char* name : {"AVX2", "sse", "scalar "}) {
    const auto chosen = ChooseKernels(name, supported);
    ASSERT_FALSE(chosen.ok());
    EXPECT_THAT(chosen.status().message(), HasSubstr("no such kernels; this CPU can run scalar"));
  }
}

// Run once for each name as well (see CMakeLists.txt): then the environment has the word.
TEST(ActiveKernels, FollowTheEnvironment) {
  const char* forced = std::getenv("KEYMEMRT_KERNELS");
  if (forced != nullptr && *forced != '\0') {
    EXPECT_STREQ(ActiveKernels().name, forced);
  } else {
    EXPECT_EQ(&ActiveKernels(), SupportedKernels().back());
  }
}

TEST(ActiveKernelsDeathTest, UnknownNameEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // a new process: the choice is made once
  EXPECT_EXIT(
      {
        setenv("KEYMEMRT_KERNELS", "mmx", 1);
        ActiveKernels();
      },
      ::testing::ExitedWithCode(2), "KEYMEMRT_KERNELS=mmx: no such kernels");
}

}  // namespace
}  // namespace keymemrt::lattice
