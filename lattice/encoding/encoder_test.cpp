// SPDX-License-Identifier: Apache-2.0
#include "lattice/encoding/encoder.h"

#include <gmpxx.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <numbers>
#include <random>

#include "lattice/ring/test_parameters.h"

namespace keymemrt::lattice {
namespace {

std::vector<double> RandomValues(size_t count, uint64_t seed, double bound = 1) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> distribution(-bound, bound);
  std::vector<double> values(count);
  for (double& value : values) value = distribution(random);
  return values;
}

// Not-a-number counts as infinitely wrong.
double WorstError(const std::vector<double>& a, const std::vector<double>& b) {
  EXPECT_EQ(a.size(), b.size());
  double worst = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double error = std::abs(a[i] - b[i]);
    worst = std::isnan(error) ? std::numeric_limits<double>::infinity() : std::max(worst, error);
  }
  return worst;
}

class EncoderTest : public testing::Test {
 protected:
  EncoderTest() : context_(TestParameters(10, {60, 50, 50, 50}, {60}, 50)), encoder_(context_), pool_(context_.n()) {}

  // The plaintext of integer coefficients.
  Plaintext FromCoefficients(const std::vector<mpz_class>& coefficients, int level, double scale) {
    Plaintext plaintext{Poly(pool_, MemoryClass::kPlaintexts, level + 1), level, scale};
    for (int limb = 0; limb <= level; ++limb) {
      const mpz_class q(std::to_string(context_.modulus(limb).value()));
      for (size_t i = 0; i < coefficients.size(); ++i) {
        mpz_class residue = coefficients[i] % q;
        if (residue < 0) residue += q;
        plaintext.poly.limb(limb)[i] = mpz_get_ui(residue.get_mpz_t());
      }
      context_.kernels().ntt_forward(plaintext.poly.limb(limb), context_.ntt(limb));
    }
    return plaintext;
  }
  // The symmetric coefficients of a plaintext, by GMP's CRT.
  std::vector<mpz_class> Coefficients(const Plaintext& plaintext) {
    std::vector<mpz_class> x(context_.n());
    mpz_class product = 1;
    for (int limb = 0; limb <= plaintext.level; ++limb) {
      const mpz_class q(std::to_string(context_.modulus(limb).value()));
      std::vector<uint64_t> words(plaintext.poly.limb(limb), plaintext.poly.limb(limb) + context_.n());
      context_.kernels().ntt_inverse(words.data(), context_.ntt(limb));
      mpz_class inverse;
      mpz_invert(inverse.get_mpz_t(), product.get_mpz_t(), q.get_mpz_t());
      for (size_t i = 0; i < x.size(); ++i) {
        mpz_class step = (mpz_class(std::to_string(words[i])) - x[i]) * inverse % q;
        if (step < 0) step += q;
        x[i] += step * product;
      }
      product *= q;
    }
    for (mpz_class& value : x) {
      if (value > product / 2) value -= product;
    }
    return x;
  }
  // Re m(zeta^(5^j)) / scale, term by term in long doubles.
  double Slot(const std::vector<long double>& coefficients, size_t j) {
    const size_t n = context_.n();
    size_t power = 1;
    for (size_t i = 0; i < j; ++i) power = power * 5 % (2 * n);
    long double sum = 0;
    for (size_t i = 0; i < n; ++i) {
      const size_t turn = power * i % (2 * n);
      sum += coefficients[i] *
             std::cos(std::numbers::pi_v<long double> * static_cast<long double>(turn) / static_cast<long double>(n));
    }
    return static_cast<double>(sum);
  }

  Context context_;
  Encoder encoder_;
  SlotPool pool_;
};

TEST_F(EncoderTest, SlotsAreEvaluationsAtPowersOfFive) {
  std::mt19937_64 random(3);
  std::vector<mpz_class> coefficients(context_.n());
  std::vector<long double> real(context_.n());
  for (size_t i = 0; i < coefficients.size(); ++i) {
    const int64_t x = static_cast<int64_t>(random() >> 24) - (int64_t{1} << 39);
    coefficients[i] = mpz_class(std::to_string(x));
    real[i] = static_cast<long double>(x) / 0x1p40L;
  }
  const std::vector<double> slots = encoder_.Decode(FromCoefficients(coefficients, 2, 0x1p40), pool_);
  for (const size_t j : {size_t{0}, size_t{1}, size_t{2}, size_t{100}, size_t{511}}) {
    EXPECT_NEAR(slots[j], Slot(real, j), 1e-12) << j;
  }
}

TEST_F(EncoderTest, RoundTripAtEveryLevelAndScale) {
  const std::vector<double> values = RandomValues(512, 1);
  for (int level = 0; level <= 3; ++level) {
    for (const double log_scale : {20.0, 40.3, 50.0, 57.9, 62.0, 64.0, 70.5, 100.0, 107.0, 150.0, 200.0, 204.0}) {
      if (log_scale + 3 > context_.parameters().LogQ(level)) continue;  // values below 1: coefficients below 1 too
      const double scale = std::exp2(log_scale);
      const auto plaintext = encoder_.Encode(values, scale, level, pool_);
      ASSERT_TRUE(plaintext.ok()) << plaintext.status().message();
      EXPECT_EQ(plaintext->poly.limbs(), level + 1);
      const double bound = 32 / scale + 1e-14;  // sqrt(N) = 32
      EXPECT_LT(WorstError(encoder_.Decode(*plaintext, pool_), values), bound) << level << " " << log_scale;
    }
  }
}

// The residues are those of the same integers modulo every prime, whatever their size.
TEST_F(EncoderTest, LargeCoefficientsAreTheExactIntegers) {
  for (const double log_scale : {30.0, 49.0, 50.0, 51.0, 53.0, 63.0, 97.0, 98.0, 99.0, 150.0, 200.0}) {
    std::vector<double> values(512, 0.0);
    values[7] = 1;  // coefficients cos(...)/512*scale
    const auto plaintext = encoder_.Encode(values, std::exp2(log_scale), 3, pool_);
    ASSERT_TRUE(plaintext.ok());
    const std::vector<mpz_class> x = Coefficients(*plaintext);
    // Large ones are doubles: at most 53 significant bits; all are as large as they should be.
    mpz_class largest = 0;
    for (const mpz_class& value : x) {
      if (abs(value) > largest) largest = abs(value);
      if (value == 0) continue;
      const size_t bits = mpz_sizeinbase(value.get_mpz_t(), 2), zeros = mpz_scan1(value.get_mpz_t(), 0);
      EXPECT_LE(bits - zeros, 53u) << log_scale;
    }
    EXPECT_NEAR(std::log2(largest.get_d()), log_scale - 9, 0.01);  // one slot: 2/N of the scale
  }
}

TEST_F(EncoderTest, DecodesNearHalfOfTheModulus) {
  const std::vector<double> none(512, 0.0);
  for (int level = 0; level <= 3; ++level) {
    mpz_class q = 1;
    for (int limb = 0; limb <= level; ++limb) q *= mpz_class(std::to_string(context_.modulus(limb).value()));
    const mpz_class half = q / 2;
    const double scale = half.get_d();
    for (const int sign : {1, -1}) {
      for (const int inside : {0, 1, 12345}) {
        // A constant polynomial has that constant in every slot; a wrong side would give the other sign.
        std::vector<mpz_class> coefficients(context_.n());
        coefficients[0] = sign * (half - inside);
        const std::vector<double> slots = encoder_.Decode(FromCoefficients(coefficients, level, scale), pool_);
        for (const double slot : slots) ASSERT_NEAR(slot, sign, 1e-12) << level << " " << inside;
      }
    }
    // Random numbers of all sizes up to half of Q, against GMP's CRT and long doubles.
    gmp_randclass random(gmp_randinit_default);
    random.seed(11);
    std::vector<mpz_class> coefficients(context_.n());
    std::vector<long double> real(context_.n());
    for (size_t i = 0; i < coefficients.size(); ++i) {
      const mpz_class divisor = mpz_class(1) << (i % 64);
      coefficients[i] = (random.get_z_range(q) - half) / divisor;
      real[i] = mpq_class(coefficients[i], half).get_d();
    }
    const std::vector<double> slots = encoder_.Decode(FromCoefficients(coefficients, level, scale), pool_);
    for (const size_t j : {size_t{0}, size_t{77}, size_t{511}}) EXPECT_NEAR(slots[j], Slot(real, j), 1e-11) << level;
  }
}

// A lone multiple of q_0 (or of q_0*q_1) has only zero digits below: the skipped digits must still be divided out.
TEST_F(EncoderTest, DecodesNumbersWhoseLowerDigitsAreZero) {
  mpz_class product = 1;
  for (int limb = 0; limb < 3; ++limb) {
    product *= mpz_class(std::to_string(context_.modulus(limb).value()));
    std::vector<mpz_class> coefficients(context_.n());
    coefficients[0] = -3 * product;
    const std::vector<double> slots = encoder_.Decode(FromCoefficients(coefficients, 3, product.get_d()), pool_);
    for (const double slot : slots) ASSERT_NEAR(slot, -3, 1e-12) << limb;
  }
}

TEST_F(EncoderTest, RepeatsValuesCyclically) {
  const std::vector<double> values = {1, -2, 0.5, 4};
  const std::vector<double> slots = encoder_.Decode(*encoder_.Encode(values, 0x1p40, 1, pool_), pool_);
  for (size_t j = 0; j < slots.size(); ++j) ASSERT_NEAR(slots[j], values[j % 4], 1e-9);
}

// Values of any period are encoded in their subring; the coefficients must be those of the whole ring.
TEST_F(EncoderTest, EveryPeriodGivesTheCoefficientsOfAllSlots) {
  const size_t slots = context_.parameters().slots();
  for (size_t period = 1; period <= slots; period *= 2) {
    const std::vector<double> re = RandomValues(period, 7), im = RandomValues(period, 8);
    std::vector<std::complex<double>> values(period), repeated(slots);
    for (size_t j = 0; j < period; ++j) values[j] = {re[j], im[j]};
    for (size_t j = 0; j < slots; ++j) repeated[j] = values[j % period];
    for (const double scale : {0x1p45, 0x1p130}) {  // one piece and several
      const std::vector<mpz_class> x = Coefficients(*encoder_.Encode(values, scale, 3, pool_));
      const std::vector<mpz_class> y = Coefficients(*encoder_.Encode(repeated, scale, 3, pool_));
      const mpz_class bound(scale * 0x1p-40);
      for (size_t i = 0; i < x.size(); ++i) {
        ASSERT_TRUE(abs(x[i] - y[i]) <= bound) << "period " << period << ", coefficient " << i;
        if (i % (slots / period) != 0) {
          ASSERT_TRUE(x[i] == 0) << "period " << period << ", coefficient " << i;
        }
      }
    }
  }
}

TEST_F(EncoderTest, RefusesWhatDoesNotFit) {
  const std::vector<double> three(3, 1.0), one(1, 1.0), infinite(1, HUGE_VAL), nan(1, std::nan(""));
  const auto refused = [&](std::span<const double> values, double scale, int level, const char* why) {
    const auto result = encoder_.Encode(values, scale, level, pool_);
    ASSERT_FALSE(result.ok()) << why;
    EXPECT_EQ(result.status().code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(result.status().message().find(why), std::string::npos) << result.status().message();
  };
  refused(three, 0x1p40, 0, "divide");
  refused({}, 0x1p40, 0, "divide");
  refused(one, 0x1p60, 0, "fit");
  refused(one, 0x1p210, 3, "fit");
  refused(infinite, 0x1p40, 0, "finite");
  refused(nan, 0x1p40, 0, "finite");
  refused(one, 0, 0, "scale");
  refused(one, -1, 0, "scale");
  refused(one, HUGE_VAL, 0, "scale");
  refused(one, 0x1p40, 4, "level");
  EXPECT_TRUE(encoder_.Encode(one, 0x1p58, 0, pool_).ok());
  EXPECT_TRUE(encoder_.Encode(one, 0x1p208, 3, pool_).ok());
}

TEST(Encoder, LargestRings) {
  for (const int log_n : {16, 17}) {
    const Context context(TestParameters(log_n, {60, 50}, {60}, 50));
    const Encoder encoder(context);
    SlotPool pool(context.n());
    const std::vector<double> values = RandomValues(context.n() / 2, 5, 100);
    const auto plaintext = encoder.Encode(values, 0x1p50, 1, pool);
    ASSERT_TRUE(plaintext.ok());
    EXPECT_LT(WorstError(encoder.Decode(*plaintext, pool), values), 512 / 0x1p50 + 1e-11);
  }
}

TEST_F(EncoderTest, ComplexValuesAreTwoRealEncodings) {
  const size_t slots = context_.parameters().slots();
  const std::vector<double> re = RandomValues(slots, 91), im = RandomValues(slots, 92);
  std::vector<std::complex<double>> values(slots);
  for (size_t i = 0; i < slots; ++i) values[i] = {re[i], im[i]};
  const double scale = 0x1p45;
  const Plaintext plaintext = *encoder_.Encode(values, scale, 2, pool_);
  EXPECT_LT(WorstError(encoder_.Decode(plaintext, pool_), re), 1e-11);
  const std::vector<std::complex<double>> decoded = encoder_.DecodeComplex(plaintext, pool_);
  std::vector<double> decoded_im;
  for (const std::complex<double>& value : decoded) decoded_im.push_back(value.imag());
  EXPECT_LT(WorstError(decoded_im, im), 1e-11);

  // i is X^(N/2).
  const std::vector<std::complex<double>> unit = {{0, 1}};
  const std::vector<mpz_class> coefficients = Coefficients(*encoder_.Encode(unit, 1024, 1, pool_));
  for (size_t k = 0; k < coefficients.size(); ++k) EXPECT_TRUE(coefficients[k] == (k == slots ? 1024 : 0)) << k;

  // Real numbers are the same either way, bit for bit.
  std::vector<std::complex<double>> real(re.begin(), re.end());
  EXPECT_TRUE(Coefficients(*encoder_.Encode(real, scale, 2, pool_)) ==
              Coefficients(*encoder_.Encode(re, scale, 2, pool_)));
}

}  // namespace
}  // namespace keymemrt::lattice
