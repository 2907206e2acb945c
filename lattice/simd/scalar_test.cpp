// SPDX-License-Identifier: Apache-2.0
//
// The scalar kernels against NTL and against the definition of what they compute.
#include <NTL/ZZ_pX.h>
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "lattice/simd/kernel_sets.h"
#include "scheme/parameters.h"

namespace keymemrt::lattice {
namespace {

using Words = std::vector<uint64_t>;

constexpr const Kernels& kernels = kScalarKernels;

NTL::ZZ Big(uint64_t x) {
  return NTL::to_ZZ(static_cast<unsigned long>(x));
}
uint64_t Word(const NTL::ZZ& x) {
  return NTL::to_ulong(x);
}

Words RandomWords(size_t n, uint64_t below, std::mt19937_64& random) {
  Words words(n);
  for (uint64_t& word : words) word = random() % below;
  words[0] = 0;
  words[1] = 1;
  words[2] = words[n - 1] = below - 1;
  return words;
}

NttTable MakeTable(int log_n, int bits) {
  return NttTable(log_n, Modulus(scheme::FindNttPrimes(bits, log_n, 1)->front()));
}

size_t ReverseBits(size_t x, int bits) {
  size_t reversed = 0;
  for (; bits > 0; --bits, x >>= 1) reversed = reversed << 1 | (x & 1);
  return reversed;
}

TEST(ScalarNtt, EvaluatesAtOddPowersOfPsiInBitReversedOrder) {
  std::mt19937_64 random(1);
  for (const int bits : {26, 40, 50, 61}) {
    for (const int log_n : {3, 4, 8}) {
      const NttTable table = MakeTable(log_n, bits);
      const Modulus& q = table.modulus();
      const Words x = RandomWords(table.n(), q.value(), random);
      Words y = x;
      kernels.ntt_forward(y.data(), table);
      for (size_t i = 0; i < table.n(); ++i) {
        const uint64_t point = q.Pow(table.psi(), 2 * ReverseBits(i, log_n) + 1);
        uint64_t value = 0;
        for (size_t j = table.n(); j-- > 0;) value = q.Add(q.Mul(value, point), x[j]);
        ASSERT_EQ(y[i], value) << "N=2^" << log_n << " q=" << q.value() << " i=" << i;
      }
      kernels.ntt_inverse(y.data(), table);
      ASSERT_EQ(y, x);
    }
  }
}

// Products modulo X^n + 1 by way of the transform, against NTL, at sizes that are used in earnest.
TEST(ScalarNtt, MultipliesNegacyclically) {
  std::mt19937_64 random(2);
  for (const auto& [log_n, bits] : {std::pair{10, 61}, {12, 26}, {13, 50}, {16, 60}, {17, 40}}) {
    const NttTable table = MakeTable(log_n, bits);
    const Modulus& q = table.modulus();
    const size_t n = table.n();
    Words a = RandomWords(n, q.value(), random);
    Words b = RandomWords(n, q.value(), random);

    NTL::ZZ_p::init(Big(q.value()));
    NTL::ZZ_pX a_poly, b_poly;
    for (size_t j = 0; j < n; ++j) {
      NTL::SetCoeff(a_poly, static_cast<long>(j), NTL::to_ZZ_p(Big(a[j])));
      NTL::SetCoeff(b_poly, static_cast<long>(j), NTL::to_ZZ_p(Big(b[j])));
    }
    const NTL::ZZ_pX product = a_poly * b_poly;
    Words expected(n);
    for (size_t j = 0; j < n; ++j) {
      const auto low = NTL::coeff(product, static_cast<long>(j));
      const auto high = NTL::coeff(product, static_cast<long>(j + n));
      expected[j] = Word(NTL::rep(low - high));
    }

    kernels.ntt_forward(a.data(), table);
    kernels.ntt_forward(b.data(), table);
    kernels.mul(a.data(), a.data(), b.data(), n, q);
    kernels.ntt_inverse(a.data(), table);
    ASSERT_EQ(a, expected) << "N=2^" << log_n << " q=" << q.value();
  }
}

TEST(ScalarPointwise, AgreesWithNtl) {
  std::mt19937_64 random(3);
  const size_t n = 64;
  for (const uint64_t q_value : {uint64_t{3}, uint64_t{65537}, (uint64_t{1} << 50) - 27, (uint64_t{1} << 61) - 1}) {
    const Modulus q(q_value);
    const NTL::ZZ big_q = Big(q_value);
    const Words a = RandomWords(n, q_value, random);
    Words b = RandomWords(n, q_value, random);
    std::swap(b[0], b[2]);
    const Words c = RandomWords(n, q_value, random);
    const Words any = RandomWords(n, ~uint64_t{0}, random);
    for (const uint64_t w : {uint64_t{0}, uint64_t{1}, q_value - 1, random() % q_value}) {
      Words add(n), sub(n), negate(n), mul(n), mul_add = c, mul_scalar(n), mul_scalar_add = c, sub_mul_scalar(n),
                                               reduce(n);
      kernels.add(add.data(), a.data(), b.data(), n, q);
      kernels.sub(sub.data(), a.data(), b.data(), n, q);
      kernels.negate(negate.data(), a.data(), n, q);
      kernels.mul(mul.data(), a.data(), b.data(), n, q);
      kernels.mul_add(mul_add.data(), a.data(), b.data(), n, q);
      kernels.mul_scalar(mul_scalar.data(), a.data(), w, n, q);
      kernels.mul_scalar_add(mul_scalar_add.data(), a.data(), w, n, q);
      kernels.sub_mul_scalar(sub_mul_scalar.data(), a.data(), b.data(), w, n, q);
      kernels.reduce(reduce.data(), any.data(), n, q);
      for (size_t j = 0; j < n; ++j) {
        const NTL::ZZ x = Big(a[j]), y = Big(b[j]), z = Big(c[j]), s = Big(w);
        ASSERT_EQ(add[j], Word((x + y) % big_q)) << q_value;
        ASSERT_EQ(sub[j], Word((x - y) % big_q)) << q_value;
        ASSERT_EQ(negate[j], Word(-x % big_q)) << q_value;
        ASSERT_EQ(mul[j], Word(x * y % big_q)) << q_value;
        ASSERT_EQ(mul_add[j], Word((z + x * y) % big_q)) << q_value;
        ASSERT_EQ(mul_scalar[j], Word(x * s % big_q)) << q_value;
        ASSERT_EQ(mul_scalar_add[j], Word((z + x * s) % big_q)) << q_value;
        ASSERT_EQ(sub_mul_scalar[j], Word((x - y) * s % big_q)) << q_value;
        ASSERT_EQ(reduce[j], Word(Big(any[j]) % big_q)) << q_value;
      }
    }
  }
}

TEST(ScalarPointwise, ReducesTheSymmetricRepresentative) {
  std::mt19937_64 random(4);
  const size_t n = 64;
  for (const uint64_t from_value : {uint64_t{4}, uint64_t{97}, (uint64_t{1} << 40) - 87, (uint64_t{1} << 61) - 1}) {
    for (const uint64_t q_value : {uint64_t{3}, uint64_t{65537}, (uint64_t{1} << 50) - 27, (uint64_t{1} << 61) - 1}) {
      Words a = RandomWords(n, from_value, random), out(n);
      a[3] = from_value / 2;
      a[4] = from_value / 2 + 1;
      kernels.reduce_centered(out.data(), a.data(), n, Modulus(from_value), Modulus(q_value));
      for (size_t j = 0; j < n; ++j) {
        const NTL::ZZ x = 2 * Big(a[j]) > Big(from_value) ? Big(a[j]) - Big(from_value) : Big(a[j]);
        ASSERT_EQ(out[j], Word(x % Big(q_value))) << a[j] << " mod " << from_value << " to " << q_value;
      }
    }
  }
}

TEST(ScalarPointwise, SumsOfManyLargeTerms) {
  std::mt19937_64 random(5);
  const size_t n = 16;
  for (const uint64_t q_value : {uint64_t{65537}, (uint64_t{1} << 50) - 27, (uint64_t{1} << 61) - 1}) {
    for (const size_t count : {0, 1, 2, 31, 32, 33, 100}) {
      std::vector<Words> in;
      std::vector<const uint64_t*> pointers;
      Words w(count);
      for (size_t i = 0; i < count; ++i) {
        in.push_back(RandomWords(n, uint64_t{1} << 61, random));
        w[i] = i % 2 == 0 ? q_value - 1 : random() % q_value;
      }
      for (const Words& limb : in) pointers.push_back(limb.data());
      // The same factors as limbs.
      std::vector<Words> in_q, factors;
      std::vector<const uint64_t*> in_q_pointers, factor_pointers;
      for (size_t i = 0; i < count; ++i) {
        in_q.push_back(in[i]);
        for (uint64_t& word : in_q.back()) word %= q_value;
        factors.emplace_back(n, w[i]);
      }
      for (size_t i = 0; i < count; ++i) {
        in_q_pointers.push_back(in_q[i].data());
        factor_pointers.push_back(factors[i].data());
      }
      Words inner(n);
      kernels.inner_product(inner.data(), in_q_pointers.data(), factor_pointers.data(), count, n, Modulus(q_value));

      Words out(n);
      w.push_back(q_value - 1);
      std::vector<uint8_t> u(n);
      for (uint8_t& byte : u) byte = static_cast<uint8_t>(random());
      kernels.dot(out.data(), pointers.data(), 61, u.data(), w.data(), count, n, Modulus(q_value));
      for (size_t j = 0; j < n; ++j) {
        NTL::ZZ sum;
        for (size_t i = 0; i < count; ++i) sum += Big(in[i][j]) * Big(w[i]);
        ASSERT_EQ(inner[j], Word(sum % Big(q_value))) << count << " terms modulo " << q_value;
        sum += Big(u[j]) * Big(w[count]);
        ASSERT_EQ(out[j], Word(sum % Big(q_value))) << count << " terms modulo " << q_value;
      }
    }
  }
}

TEST(ScalarPointwise, Permutes) {
  const Words in = {10, 11, 12, 13, 14, 15, 16, 17};
  const uint32_t index[] = {7, 0, 6, 1, 5, 2, 4, 3};
  Words out(8);
  kernels.permute(out.data(), in.data(), index, 8);
  EXPECT_EQ(out, (Words{17, 10, 16, 11, 15, 12, 14, 13}));
}

}  // namespace
}  // namespace keymemrt::lattice
