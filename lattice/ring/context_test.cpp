// SPDX-License-Identifier: Apache-2.0
#include "lattice/ring/context.h"

#include <gmpxx.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "lattice/ring/test_parameters.h"

namespace keymemrt::lattice {
namespace {

mpz_class Big(uint64_t x) {
  mpz_class big;
  mpz_import(big.get_mpz_t(), 1, -1, sizeof(x), 0, 0, &x);
  return big;
}

uint64_t Residue(const mpz_class& x, uint64_t q) {
  mpz_class r = x % Big(q);
  if (r < 0) r += Big(q);
  return mpz_get_ui(r.get_mpz_t());
}

// Converts random numbers and the extremes of (-F/2, F/2) and compares with GMP.
void CheckConversion(const Context& context, const BaseConversion& conversion) {
  const size_t n = context.n(), count = conversion.from.size();
  gmp_randclass random(gmp_randinit_default);
  random.seed(7);
  mpz_class product = 1;
  for (const int limb : conversion.from) product *= Big(context.modulus(limb).value());
  const mpz_class half = product / 2;
  std::vector<mpz_class> x(n);
  for (mpz_class& value : x) value = random.get_z_range(product) - half;
  // Within 2^-50 of the ends the double sum may round either way; 2^-40 is clear of that.
  const mpz_class margin = product / (mpz_class(1) << 40) + 1;
  x[0] = 0, x[1] = 1, x[2] = -1, x[3] = half - margin, x[4] = margin - half;

  std::vector<std::vector<uint64_t>> y(count, std::vector<uint64_t>(n));
  std::vector<const uint64_t*> inputs;
  for (size_t i = 0; i < count; ++i) {
    const Modulus& f = context.modulus(conversion.from[i]);
    for (size_t j = 0; j < n; ++j) y[i][j] = f.Mul(Residue(x[j], f.value()), conversion.inverse[i]);
    inputs.push_back(y[i].data());
  }
  std::vector<uint8_t> overflow(n);
  std::vector<uint64_t> out(n);
  ConversionOverflow(context, conversion, inputs.data(), overflow.data());
  for (size_t t = 0; t < conversion.to.size(); ++t) {
    const Modulus& q = context.modulus(conversion.to[t]);
    context.kernels().dot(out.data(), inputs.data(), 61, overflow.data(), conversion.weights[t].data(), count, n, q);
    for (size_t j = 0; j < n; ++j) {
      ASSERT_EQ(out[j], Residue(x[j], q.value())) << "limb " << conversion.to[t] << " coefficient " << j;
    }
    ASSERT_EQ(q.Mul(conversion.product[t], conversion.product_inverse[t]), 1u);
    ASSERT_EQ(conversion.product[t], Residue(product, q.value()));
  }
}

TEST(BaseConversion, IsExactAgainstGmp) {
  const Context context(TestParameters(10, {55, 40, 40, 40, 40, 40, 40, 40}, {60, 60, 61}, 40));
  const scheme::Parameters& parameters = context.parameters();
  ASSERT_EQ(parameters.digit_size(), 4);
  for (const int level : {7, 5, 4, 0}) {
    CheckConversion(context, context.ModDown(level));
    for (int digit = 0; digit < parameters.DigitCount(level); ++digit) {
      const BaseConversion& up = context.ModUp(digit, level);
      EXPECT_EQ(up.from.size() + up.to.size(), static_cast<size_t>(level + 1 + parameters.p_count()));
      CheckConversion(context, up);
    }
  }
}

TEST(BaseConversion, IsExactForManyLargeLimbs) {
  const Context context(
      TestParameters(10, {60, 59, 59, 59, 59, 59, 59, 59, 59, 59}, {60, 60, 60, 60, 60, 60, 60, 60, 60}, 50));
  CheckConversion(context, context.ModDown(9));
  CheckConversion(context, context.ModUp(0, 9));
  CheckConversion(context, context.ModUp(1, 9));
}

TEST(Context, InverseOfIsTheInverse) {
  const Context context(TestParameters(10, {30, 25, 26, 27}, {31}, 20));
  for (int i = 0; i < 4; ++i) {
    for (int j = 0; j < 4; ++j) {
      if (i == j) continue;
      const Modulus& q = context.modulus(j);
      EXPECT_EQ(q.Mul(context.InverseOf(i, j), q.Reduce(context.modulus(i).value())), 1u);
    }
  }
}

// The automorphism on coefficients: X^i -> X^(i*g), X^N = -1.
std::vector<uint64_t> ApplyToCoefficients(const std::vector<uint64_t>& x, uint64_t g, const Modulus& q) {
  const size_t n = x.size();
  std::vector<uint64_t> out(n);
  for (size_t i = 0; i < n; ++i) {
    const size_t power = i * g % (2 * n);
    out[power % n] = power < n ? x[i] : q.Negate(x[i]);
  }
  return out;
}

class PermutationTest : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Rings, PermutationTest, testing::Values(10, 11, 13, 17));

TEST_P(PermutationTest, IsTheAutomorphismAndKeepsGroupsOfEight) {
  const Context context(TestParameters(GetParam(), {50}, {50}, 30));
  const Modulus& q = context.modulus(0);
  const size_t n = context.n();
  std::mt19937_64 random(1);
  std::vector<uint64_t> x(n);
  for (uint64_t& word : x) word = random() % q.value();
  for (const uint64_t g : {uint64_t{1}, uint64_t{5}, uint64_t{25}, context.parameters().GaloisElement(-3),
                           context.parameters().GaloisElement(200), context.parameters().ConjugationElement()}) {
    std::vector<uint64_t> expected = ApplyToCoefficients(x, g, q), evaluations = x, permuted(n);
    context.kernels().ntt_forward(expected.data(), context.ntt(0));
    context.kernels().ntt_forward(evaluations.data(), context.ntt(0));
    std::vector<uint32_t> index(n);
    context.WritePermutation(g, index.data());
    context.kernels().permute(permuted.data(), evaluations.data(), index.data(), n);
    EXPECT_EQ(permuted, expected) << g;
    for (size_t i = 0; i < n; ++i) ASSERT_EQ(index[i] / 8, index[i & ~size_t{7}] / 8) << g << " " << i;
  }
}

}  // namespace
}  // namespace keymemrt::lattice
