// SPDX-License-Identifier: Apache-2.0
#include "lattice/ntt/ntt_table.h"

#include <gtest/gtest.h>

#include "scheme/parameters.h"

namespace keymemrt::lattice {
namespace {

size_t ReverseBits(size_t x, int bits) {
  size_t reversed = 0;
  for (; bits > 0; --bits, x >>= 1) reversed = reversed << 1 | (x & 1);
  return reversed;
}

TEST(NttTable, PsiIsTheLeastRoot) {
  // By hand: the elements of order 16 modulo 17 are 3, 5, 6, 7, 10, 11, 12, 14; of order 16 modulo 97 the least is 8.
  EXPECT_EQ(NttTable(3, Modulus(17)).psi(), 3u);
  EXPECT_EQ(NttTable(3, Modulus(97)).psi(), 8u);
  // Exhaustively, for one more.
  const Modulus q(12289);
  const NttTable table(10, q);
  for (uint64_t x = 2; x < table.psi(); ++x) EXPECT_NE(q.Pow(x, 1024), q.value() - 1) << x;
  EXPECT_EQ(q.Pow(table.psi(), 1024), q.value() - 1);
}

void CheckTwiddles(const NttTable& table) {
  const Modulus& q = table.modulus();
  const size_t n = table.n();
  const uint64_t inverse_psi = q.Inverse(table.psi());
  for (size_t k = 1; k < n; ++k) {
    const uint64_t w = q.Pow(table.psi(), ReverseBits(k, table.log_n()));
    const uint64_t v = q.Pow(inverse_psi, ReverseBits(k, table.log_n()));
    ASSERT_EQ(table.roots()[k], w);
    ASSERT_EQ(table.roots_shoup()[k], q.Shoup(w));
    ASSERT_EQ(table.inverse_roots()[k], v);
    ASSERT_EQ(table.inverse_roots_shoup()[k], q.Shoup(v));
    if (table.roots_shoup52() != nullptr) {
      ASSERT_EQ(table.roots_shoup52()[k], static_cast<uint64_t>((static_cast<uint128_t>(w) << 52) / q.value()));
      ASSERT_EQ(table.inverse_roots_shoup52()[k], static_cast<uint64_t>((static_cast<uint128_t>(v) << 52) / q.value()));
    }
  }
  EXPECT_EQ(q.Mul(table.inverse_n(), n % q.value()), 1u);
  EXPECT_EQ(table.inverse_n_shoup(), q.Shoup(table.inverse_n()));
}

TEST(NttTable, TwiddlesAreBitReversedPowersWithTheirQuotients) {
  for (const int bits : {26, 49, 50, 51, 61}) {
    SCOPED_TRACE(bits);
    const int log_n = 10;
    const NttTable table(log_n, Modulus(scheme::FindNttPrimes(bits, log_n, 1)->front()));
    ASSERT_EQ(table.roots_shoup52() != nullptr, bits <= 50);
    CheckTwiddles(table);
    for (int log_subring = 3; log_subring <= log_n; ++log_subring) CheckTwiddles(table.Subring(log_subring));
  }
}

TEST(NttTable, CopiesShareTheirArrays) {
  const NttTable table(3, Modulus(97));
  const NttTable copy = table;
  EXPECT_EQ(copy.roots(), table.roots());
  EXPECT_EQ(reinterpret_cast<uintptr_t>(copy.roots()) % 64, 0u);
}

}  // namespace
}  // namespace keymemrt::lattice
