// SPDX-License-Identifier: Apache-2.0
//
// What the tests of the encodings share: a small ring, its arithmetic on plaintexts, and plaintexts as integers of GMP.
#pragma once

#include <gmpxx.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/slot_pool.h"
#include "lattice/ring/context.h"
#include "lattice/ring/poly.h"
#include "lattice/ring/test_parameters.h"

namespace keymemrt::lattice {

class PlaintextTest : public testing::Test {
 protected:
  explicit PlaintextTest(int log_n = 10)
      : context_(TestParameters(log_n, {60, 50, 50, 50}, {60}, 50)), pool_(context_.n()) {}

  mpz_class Q(int level) const {
    mpz_class product = 1;
    for (int limb = 0; limb <= level; ++limb) product *= mpz_class(std::to_string(context_.modulus(limb).value()));
    return product;
  }

  // The plaintext of integer coefficients.
  Plaintext FromCoefficients(const std::vector<mpz_class>& coefficients, int level, double scale) {
    Plaintext plaintext{Poly(pool_, MemoryClass::kPlaintexts, level + 1), level, scale};
    for (int limb = 0; limb <= level; ++limb) {
      for (size_t i = 0; i < context_.n(); ++i) {
        plaintext.poly.limb(limb)[i] = mpz_fdiv_ui(coefficients[i].get_mpz_t(), context_.modulus(limb).value());
      }
      context_.kernels().ntt_forward(plaintext.poly.limb(limb), context_.ntt(limb));
    }
    return plaintext;
  }
  // The symmetric coefficients of a plaintext, by the textbook formula of the Chinese remainder theorem.
  std::vector<mpz_class> Coefficients(const Plaintext& plaintext) {
    const mpz_class q = Q(plaintext.level);
    std::vector<mpz_class> x(context_.n());
    for (int limb = 0; limb <= plaintext.level; ++limb) {
      const mpz_class modulus(std::to_string(context_.modulus(limb).value()));
      const mpz_class rest = q / modulus;
      mpz_class weight;
      mpz_invert(weight.get_mpz_t(), rest.get_mpz_t(), modulus.get_mpz_t());
      weight *= rest;
      Poly words(pool_, MemoryClass::kScratch, 1);
      std::copy_n(plaintext.poly.limb(limb), context_.n(), words.limb(0));
      context_.kernels().ntt_inverse(words.limb(0), context_.ntt(limb));
      for (size_t i = 0; i < x.size(); ++i) x[i] += weight * mpz_class(std::to_string(words.limb(0)[i]));
    }
    for (mpz_class& value : x) {
      value %= q;
      if (value > q / 2) value -= q;
    }
    return x;
  }

  Plaintext Add(const Plaintext& a, const Plaintext& b) {
    EXPECT_EQ(a.scale, b.scale);
    return Each(a, a.scale, [&](int limb, uint64_t* out) {
      context_.kernels().add(out, a.poly.limb(limb), b.poly.limb(limb), context_.n(), context_.modulus(limb));
    });
  }
  Plaintext Mul(const Plaintext& a, const Plaintext& b) {
    return Each(a, a.scale * b.scale, [&](int limb, uint64_t* out) {
      context_.kernels().mul(out, a.poly.limb(limb), b.poly.limb(limb), context_.n(), context_.modulus(limb));
    });
  }
  // X -> X^galois_element, on coefficients by the definition.
  Plaintext Automorphism(const Plaintext& a, uint64_t galois_element) {
    const size_t n = context_.n();
    const std::vector<mpz_class> x = Coefficients(a);
    std::vector<mpz_class> image(n);
    for (size_t i = 0; i < n; ++i) {
      const size_t power = i * galois_element % (2 * n);
      image[power % n] = power < n ? x[i] : mpz_class(-x[i]);
    }
    return FromCoefficients(image, a.level, a.scale);
  }

  Context context_;
  SlotPool pool_;

 private:
  template <typename Body>
  Plaintext Each(const Plaintext& like, double scale, const Body& body) {
    Plaintext result{Poly(pool_, MemoryClass::kPlaintexts, like.level + 1), like.level, scale};
    for (int limb = 0; limb <= like.level; ++limb) body(limb, result.poly.limb(limb));
    return result;
  }
};

}  // namespace keymemrt::lattice
