// SPDX-License-Identifier: Apache-2.0
//
// The error of the canonical embedding, measured against evaluation in 128-bit floats (GMP), within what
// docs/encodings/canonical-embedding.md states.
#include "lattice/encoding/canonical_encoding.h"

#include <gmpxx.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "lattice/encoding/plaintext_test.h"

namespace keymemrt::lattice {
namespace {

constexpr mp_bitcnt_t kPrecision = 128;

mpf_class Real(double x = 0) {
  return mpf_class(x, kPrecision);
}

struct Complex {
  mpf_class re = Real(), im = Real();
};
Complex operator*(const Complex& a, const Complex& b) {
  return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}
Complex operator+(const Complex& a, const Complex& b) {
  return {a.re + b.re, a.im + b.im};
}
Complex operator-(const Complex& a, const Complex& b) {
  return {a.re - b.re, a.im - b.im};
}

// exp(i*pi*k/n), k = 0..n-1, n a power of two: half angles down from -1, then products.
std::vector<Complex> Roots(size_t n) {
  std::vector<Complex> roots(n);
  roots[0].re = 1;
  Complex root{Real(0), Real(1)};  // of angle pi * step / n
  for (size_t step = n / 2; step >= 1; step /= 2) {
    for (size_t k = 0; k < n; k += 2 * step) roots[k + step] = roots[k] * root;
    mpf_class cosine = Real();
    cosine = sqrt(mpf_class((1 + root.re) / 2, kPrecision));
    root = {cosine, root.im / (2 * cosine)};
  }
  return roots;
}

// Values of sum_i x_i * Y^i at Y = exp(2*pi*i*k/m), k = 0..m-1, m = x.size(); `roots` as above with n = stride*m/2.
std::vector<Complex> Fourier(const std::vector<Complex>& x, const std::vector<Complex>& roots, size_t stride) {
  const size_t m = x.size();
  if (m == 1) return x;
  std::vector<Complex> even, odd;
  for (size_t i = 0; i < m; i += 2) even.push_back(x[i]), odd.push_back(x[i + 1]);
  even = Fourier(even, roots, 2 * stride);
  odd = Fourier(odd, roots, 2 * stride);
  std::vector<Complex> result(m);
  for (size_t k = 0; k < m / 2; ++k) {
    const Complex t = roots[k * stride] * odd[k];
    result[k] = even[k] + t;
    result[k + m / 2] = even[k] - t;
  }
  return result;
}

// Real parts of sum_i x_i zeta^(5^j*i), zeta = exp(i*pi/N), j = 0..N/2-1.
std::vector<mpf_class> Slots(const std::vector<mpz_class>& x, const std::vector<Complex>& roots) {
  const size_t n = x.size();
  std::vector<Complex> twisted(n);
  for (size_t i = 0; i < n; ++i) {
    const mpf_class value(x[i], kPrecision);
    twisted[i] = {roots[i].re * value, roots[i].im * value};
  }
  // zeta^(2k+1), k = 0..N-1: the stride doubles, as the roots are of angle pi/N and not 2*pi/N.
  const std::vector<Complex> values = Fourier(twisted, roots, 2);
  std::vector<mpf_class> slots;
  size_t power = 1;
  for (size_t j = 0; j < n / 2; ++j, power = power * 5 % (2 * n)) slots.push_back(values[power / 2].re);
  return slots;
}

// By the definition, term by term.
mpf_class SlotByDefinition(const std::vector<mpz_class>& x, size_t j, const std::vector<Complex>& roots) {
  const size_t n = x.size();
  size_t power = 1;
  for (size_t i = 0; i < j; ++i) power = power * 5 % (2 * n);
  mpf_class sum = Real();
  for (size_t i = 0; i < n; ++i) {
    const size_t turn = power * i % (2 * n);
    sum += (turn < n ? roots[turn].re : mpf_class(-roots[turn - n].re)) * mpf_class(x[i], kPrecision);
  }
  return sum;
}

struct Errors {
  double encode = 0;  // largest |m(zeta^(5^j))/scale - value|
  double decode = 0;  // largest |decoded slot - m(zeta^(5^j))/scale|
  double both = 0;
};

class CanonicalPrecision : public PlaintextTest, public testing::WithParamInterface<int> {
 protected:
  CanonicalPrecision() : PlaintextTest(GetParam()), encoder_(context_), roots_(Roots(context_.n())) {}

  Errors Measure(const CanonicalEncoding& encoding, const std::vector<double>& values) {
    const Plaintext plaintext = *encoding.Encode(values);
    const std::vector<mpf_class> exact = Slots(Coefficients(plaintext), roots_);
    const std::vector<double> decoded = *encoding.Decode(plaintext);
    Errors errors;
    for (size_t j = 0; j < exact.size(); ++j) {
      const mpf_class slot = exact[j] / Real(plaintext.scale);
      const double value = values[j % values.size()];
      errors.encode = std::max(errors.encode, std::abs(mpf_class(slot - Real(value)).get_d()));
      errors.decode = std::max(errors.decode, std::abs(mpf_class(slot - Real(decoded[j])).get_d()));
      errors.both = std::max(errors.both, std::abs(decoded[j] - value));
    }
    return errors;
  }

  // Inputs of largest magnitude 1, of every kind that could make errors add up.
  std::vector<std::pair<std::string, std::vector<double>>> Inputs() {
    const size_t slots = context_.n() / 2;
    std::mt19937_64 random(1);
    std::vector<double> uniform(slots), spike(slots), signs(slots), ramp(slots), powers(slots);
    for (size_t j = 0; j < slots; ++j) {
      uniform[j] = std::uniform_real_distribution<double>(-1, 1)(random);
      signs[j] = random() % 2 == 0 ? 1 : -1;
      ramp[j] = static_cast<double>(j) / static_cast<double>(slots);
      powers[j] = std::ldexp(1.0, -static_cast<int>(j % 40));
    }
    uniform[0] = 1;
    spike[slots / 3] = 1;
    if (slots > 1 << 14) return {{"uniform", uniform}, {"signs", signs}};  // seconds each
    return {{"uniform", uniform}, {"signs", signs}, {"ramp", ramp},
            {"powers", powers},   {"spike", spike}, {"constant", {1.0 / 3}}};
  }

  Encoder encoder_;
  std::vector<Complex> roots_;
};

TEST_P(CanonicalPrecision, ErrorsAreWithinTheStatedBounds) {
  const double n = static_cast<double>(context_.n());
  for (const double log_scale : {40.0, 90.0}) {
    const double scale = std::exp2(log_scale);
    const auto encoding = *CanonicalEncoding::Create(context_, encoder_, pool_, 3, scale);
    for (const auto& [name, values] : Inputs()) {
      const Errors errors = Measure(encoding, values);
      std::printf("N=2^%d scale=2^%g %-8s  encode 2^%.1f  decode 2^%.1f  both 2^%.1f  bound 2^%.1f\n", GetParam(),
                  log_scale, name.c_str(), std::log2(errors.encode), std::log2(errors.decode), std::log2(errors.both),
                  std::log2(encoding.ErrorBound(values)));
      EXPECT_LE(errors.both, encoding.ErrorBound(values)) << name;
      // The figures of the page: rounding as a random walk, transforms far better than their worst case.
      EXPECT_LE(errors.encode, 3 * std::sqrt(n) / scale + 0x1p-48) << name << log_scale;
      EXPECT_LE(errors.decode, 0x1p-48) << name << log_scale;
      // It is a measurement: rounding N coefficients of a random input cannot be better than this.
      if (name == "uniform") {
        EXPECT_GE(errors.encode, 0.3 * std::sqrt(n) / scale) << log_scale;
      }
    }
  }
}

TEST_P(CanonicalPrecision, TheReferenceIsTheDefinition) {
  gmp_randclass random(gmp_randinit_default);
  random.seed(3);
  std::vector<mpz_class> x(context_.n());
  for (mpz_class& value : x) value = random.get_z_bits(60) - (mpz_class(1) << 59);
  const std::vector<mpf_class> slots = Slots(x, roots_);
  for (const size_t j : {size_t{0}, size_t{1}, size_t{5}, context_.n() / 2 - 1}) {
    EXPECT_LE(std::abs(mpf_class(slots[j] - SlotByDefinition(x, j, roots_)).get_d()), 0x1p-40) << j;
  }
  for (const size_t k : {size_t{1}, context_.n() / 3}) {
    const double angle = std::numbers::pi * static_cast<double>(k) / static_cast<double>(context_.n());
    EXPECT_NEAR(roots_[k].re.get_d(), std::cos(angle), 1e-15);
    EXPECT_NEAR(roots_[k].im.get_d(), std::sin(angle), 1e-15);
  }
}

INSTANTIATE_TEST_SUITE_P(Rings, CanonicalPrecision, testing::Values(10, 12, 16),
                         [](const auto& info) { return "N2To" + std::to_string(info.param); });

}  // namespace
}  // namespace keymemrt::lattice
