// SPDX-License-Identifier: Apache-2.0
//
// The pages of docs/encodings say how homomorphic operations act on each encoding: here on ciphertexts, noise included.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "lattice/encoding/bit_field_encoding.h"
#include "lattice/encoding/coefficient_encoding.h"
#include "lattice/encoding/evaluation_encoding.h"
#include "lattice/encoding/residue_number_system.h"
#include "lattice/evaluator/engine_test.h"

namespace keymemrt::lattice {
namespace {

class EncryptedEncodings : public testing::Test {
 protected:
  EncryptedEncodings() : engine_(TestParameters(11, {60, 50, 50, 50}, {61}, 50)) {
    engine_.MakeRelinearization();
    engine_.MakeRotation(3);
    EXPECT_TRUE(engine_.keys.Generate(engine_.secret, kConjugation(), 3).ok());
  }
  scheme::KeyId kConjugation() const {
    return {scheme::KeyKind::kConjugation, engine_.parameters().ConjugationElement()};
  }

  Ciphertext Encrypt(const Plaintext& plaintext) {
    return *lattice::Encrypt(engine_.context, engine_.pool, engine_.public_key, plaintext);
  }
  Plaintext Decrypt(const Ciphertext& ciphertext) {
    return *lattice::Decrypt(engine_.context, engine_.pool, engine_.secret, ciphertext);
  }
  Ciphertext Product(const Ciphertext& a, const Ciphertext& b) {
    return *engine_.evaluator.Relinearize(*engine_.evaluator.Mul(a, b), engine_.keys);
  }

  Engine engine_;
};

TEST_F(EncryptedEncodings, EvaluationsAreExact) {
  const uint64_t t = 65537;
  const Modulus modulus(t);
  const auto encoding = EvaluationEncoding::Create(engine_.context, engine_.pool, t, 3, 0x1p60);
  ASSERT_TRUE(encoding.ok()) << encoding.status().message();
  std::mt19937_64 random(1);
  std::vector<uint64_t> a(engine_.context.n()), b(a.size());
  for (uint64_t& x : a) x = random() % t;
  for (uint64_t& x : b) x = random() % t;
  const Ciphertext x = Encrypt(*encoding->Encode(a)), y = Encrypt(*encoding->Encode(b));

  const auto sum = encoding->Decode(Decrypt(*engine_.evaluator.Add(engine_.evaluator.Copy(x), y)));
  const Ciphertext xy = Product(x, y);
  const auto product = encoding->Decode(Decrypt(xy));
  // A plaintext factor needs no room for noise.
  const auto factor = EvaluationEncoding::Create(engine_.context, engine_.pool, t, 3, 1);
  const auto scaled = encoding->Decode(Decrypt(*engine_.evaluator.MulPlain(x, *factor->Encode(b))));
  for (size_t i = 0; i < a.size(); ++i) {
    ASSERT_EQ((*sum)[i], modulus.Add(a[i], b[i])) << i;
    ASSERT_EQ((*product)[i], modulus.Mul(a[i], b[i])) << i;
    ASSERT_EQ((*scaled)[i], modulus.Mul(a[i], b[i])) << i;
  }
  // A rescale divides scale and noise alike.
  EXPECT_EQ(*encoding->Decode(Decrypt(*engine_.evaluator.Rescale(engine_.evaluator.Copy(xy)))), *product);

  const auto half = static_cast<std::ptrdiff_t>(a.size() / 2);
  std::vector<uint64_t> rotated = a, swapped = a;
  std::rotate(rotated.begin(), rotated.begin() + 3, rotated.begin() + half);
  std::rotate(rotated.begin() + half, rotated.begin() + half + 3, rotated.end());
  std::rotate(swapped.begin(), swapped.begin() + half, swapped.end());
  EXPECT_EQ(*encoding->Decode(Decrypt(*engine_.evaluator.Rotate(x, 3, engine_.keys))), rotated);
  EXPECT_EQ(*encoding->Decode(Decrypt(*engine_.evaluator.Conjugate(x, engine_.keys))), swapped);
}

TEST_F(EncryptedEncodings, BitFieldsAreExact) {
  const auto encoding = BitFieldEncoding::Create(engine_.context, engine_.pool, {.start = 60, .width = 16}, 3);
  ASSERT_TRUE(encoding.ok()) << encoding.status().message();
  std::mt19937_64 random(2);
  std::vector<uint64_t> a(engine_.context.n()), b(a.size());
  for (uint64_t& x : a) x = random() & 0xffff;
  for (uint64_t& x : b) x = random() & 0xffff;
  const Ciphertext x = Encrypt(*encoding->Encode(a)), y = Encrypt(*encoding->Encode(b));
  const auto sum = encoding->Decode(Decrypt(*engine_.evaluator.Add(engine_.evaluator.Copy(x), y)));
  const auto product = encoding->Decode(Decrypt(Product(x, y)));
  std::vector<uint64_t> expected(a.size());
  for (size_t i = 0; i < a.size(); ++i) {
    ASSERT_EQ((*sum)[i], (a[i] + b[i]) & 0xffff);
    for (size_t j = 0; j < b.size(); ++j) {
      expected[(i + j) % a.size()] += i + j < a.size() ? a[i] * b[j] : -(a[i] * b[j]);
    }
  }
  for (uint64_t& value : expected) value &= 0xffff;
  EXPECT_EQ(*product, expected);
}

TEST_F(EncryptedEncodings, CoefficientsConvolveUpToNoise) {
  const auto encoding = CoefficientEncoding::Create(engine_.context, engine_.pool, 3, 0x1p50);
  // A polynomial times a sparse one: the convolution of a signal with a filter.
  const std::vector<double> signal = RandomValues(engine_.context.n(), 3), filter = {0.25, -0.5, 1};
  const auto result = encoding->Decode(Decrypt(
      *engine_.evaluator.Rescale(Product(Encrypt(*encoding->Encode(signal)), Encrypt(*encoding->Encode(filter))))));
  const size_t n = signal.size();
  for (size_t i = 0; i < n; ++i) {
    double expected = 0;
    for (size_t k = 0; k < filter.size(); ++k) expected += filter[k] * (i >= k ? signal[i - k] : -signal[n + i - k]);
    // Fresh noise of about 2^13 per coefficient, spread over N terms: far below 2^30/2^50.
    ASSERT_NEAR((*result)[i], expected, 0x1p-20) << i;
  }
}

}  // namespace
}  // namespace keymemrt::lattice
