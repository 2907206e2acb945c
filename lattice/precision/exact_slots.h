// SPDX-License-Identifier: Apache-2.0
//
// For tests: the slots of a plaintext as its integer coefficients define them, in floats of 192 bits (GMP).
#pragma once

#include <gmpxx.h>

#include <string>
#include <utility>
#include <vector>

#include "lattice/ring/context.h"
#include "lattice/ring/poly.h"

namespace keymemrt::lattice {

inline constexpr mp_bitcnt_t kExactBits = 192;

struct ExactComplex {
  mpf_class re{0, kExactBits}, im{0, kExactBits};

  ExactComplex() = default;
  ExactComplex(double real, double imaginary) : re(real, kExactBits), im(imaginary, kExactBits) {}
};
inline ExactComplex operator+(const ExactComplex& a, const ExactComplex& b) {
  ExactComplex result;
  result.re = a.re + b.re;
  result.im = a.im + b.im;
  return result;
}
inline ExactComplex operator-(const ExactComplex& a, const ExactComplex& b) {
  ExactComplex result;
  result.re = a.re - b.re;
  result.im = a.im - b.im;
  return result;
}
inline ExactComplex operator*(const ExactComplex& a, const ExactComplex& b) {
  ExactComplex result;
  result.re = a.re * b.re - a.im * b.im;
  result.im = a.re * b.im + a.im * b.re;
  return result;
}
using ExactSlots = std::vector<ExactComplex>;

// Evaluates polynomials at zeta^(5^j), zeta = exp(i*pi/N), j = 0..N/2-1. As zeta^(5^j * N/2) = i, coefficient k+N/2
// counts as the imaginary part of coefficient k, and one Fourier transform of length N/2 gives the values at all
// zeta^(4t+1).
class SlotEvaluator {
 public:
  explicit SlotEvaluator(const Context& context) : context_(context), roots_(context.n()) {
    const size_t n = context.n();
    // exp(i*pi*k/N), k = 0..N-1: half angles down from i, then products.
    roots_[0] = {1, 0};
    ExactComplex root(0, 1);
    for (size_t step = n / 2; step >= 1; step /= 2) {
      for (size_t k = 0; k < n; k += 2 * step) roots_[k + step] = roots_[k] * root;
      ExactComplex half;
      half.re = sqrt((1 + root.re) / 2);
      half.im = root.im / (2 * half.re);
      root = std::move(half);
    }
  }

  ExactSlots Slots(const Plaintext& plaintext, SlotPool& pool) const {
    const size_t half = context_.n() / 2;
    const std::vector<mpz_class> m = Coefficients(plaintext, pool);
    ExactSlots x(half);
    for (size_t k = 0; k < half; ++k) {
      ExactComplex value;
      value.re = m[k];
      value.im = m[k + half];
      x[k] = value * roots_[k];
    }
    Fourier(x);
    const mpf_class scale(plaintext.scale, kExactBits);
    ExactSlots slots(half);
    size_t power = 1;
    for (ExactComplex& slot : slots) {
      slot.re = x[power / 4].re / scale;
      slot.im = x[power / 4].im / scale;
      power = power * 5 % (4 * half);
    }
    return slots;
  }

 private:
  // The representatives in (-Q_level/2, Q_level/2), by the textbook formula of the Chinese remainder theorem.
  std::vector<mpz_class> Coefficients(const Plaintext& plaintext, SlotPool& pool) const {
    mpz_class q = 1;
    for (int limb = 0; limb <= plaintext.level; ++limb) q *= mpz_class(context_.modulus(limb).value());
    std::vector<mpz_class> m(context_.n());
    const Slot words = pool.Take(MemoryClass::kScratch);
    for (int limb = 0; limb <= plaintext.level; ++limb) {
      const mpz_class modulus(context_.modulus(limb).value());
      mpz_class weight, rest = q / modulus;
      mpz_invert(weight.get_mpz_t(), rest.get_mpz_t(), modulus.get_mpz_t());
      weight *= rest;
      std::copy_n(plaintext.poly.limb(limb), context_.n(), words.data());
      context_.kernels().ntt_inverse(words.data(), context_.ntt(limb));
      for (size_t k = 0; k < m.size(); ++k) mpz_addmul_ui(m[k].get_mpz_t(), weight.get_mpz_t(), words.data()[k]);
    }
    const mpz_class half = q / 2;
    for (mpz_class& value : m) {
      value %= q;
      if (value > half) value -= q;
    }
    return m;
  }

  // x_t := sum over k of x_k * exp(2*pi*i*k*t / (N/2)), in place.
  void Fourier(ExactSlots& x) const {
    const size_t length = x.size();
    for (size_t i = 1, j = 0; i < length; ++i) {
      size_t bit = length >> 1;
      for (; j & bit; bit >>= 1) j ^= bit;
      j ^= bit;
      if (i < j) std::swap(x[i], x[j]);
    }
    for (size_t h = 1; h < length; h *= 2) {
      const size_t stride = context_.n() / h;  // the root of order 2h is zeta^(N/h)
      for (size_t k = 0; k < h; ++k) {
        const ExactComplex& root = roots_[k * stride];
        for (size_t i = k; i < length; i += 2 * h) {
          const ExactComplex t = root * x[i + h];
          x[i + h] = x[i] - t;
          x[i] = x[i] + t;
        }
      }
    }
  }

  const Context& context_;
  std::vector<ExactComplex> roots_;
};

}  // namespace keymemrt::lattice
