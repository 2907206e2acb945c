// SPDX-License-Identifier: Apache-2.0
#include "lattice/keys/keys.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "lattice/keys/memory_keys.h"
#include "lattice/keys/small.h"
#include "lattice/keys/uniform.h"
#include "lattice/ring/test_parameters.h"

namespace keymemrt::lattice {
namespace {

using scheme::KeyId;
using scheme::KeyKind;

class KeysTest : public testing::Test {
 protected:
  KeysTest() : context_(TestParameters(10, {40, 35, 35, 35, 35}, {50, 50}, 35)), pool_(context_.n()) {}

  // b + a*u - [t in digit] P*w, as symmetric numbers: the error polynomial.
  std::vector<int64_t> Error(const SecretKey& secret, const Seed& seed, const KeyId& key, int digit, int limb,
                             std::span<const uint64_t> b) {
    const scheme::Parameters& parameters = context_.parameters();
    const Kernels& kernels = context_.kernels();
    const Modulus& q = context_.modulus(limb);
    const size_t n = context_.n();
    // The automorphism of s on coefficients, in another way than the key generator's.
    std::vector<int8_t> image(n);
    uint64_t inverse = 1;
    while (key.kind != KeyKind::kRelinearization && inverse * key.galois_element % (2 * n) != 1) inverse += 2;
    for (size_t i = 0; i < n; ++i) {
      const size_t power = i * inverse % (2 * n);
      image[power % n] = static_cast<int8_t>(power < n ? secret.coefficients()[i] : -secret.coefficients()[i]);
    }
    std::vector<uint64_t> u(n), w(n), a(n), error(b.begin(), b.end());
    SmallToNtt(context_, image, limb, u.data());
    SmallToNtt(context_, secret.coefficients(), limb, w.data());
    if (key.kind == KeyKind::kRelinearization) kernels.mul(w.data(), w.data(), w.data(), n, q);
    UniformExpander(seed, key).Fill(digit, limb, q, a);
    kernels.mul_add(error.data(), a.data(), u.data(), n, q);
    if (limb < parameters.q_count() && limb / parameters.digit_size() == digit) {
      uint64_t p = 1;
      for (int i = 0; i < parameters.p_count(); ++i)
        p = q.Mul(p, q.Reduce(parameters.modulus(parameters.q_count() + i)));
      kernels.mul_scalar_add(error.data(), w.data(), q.Negate(p), n, q);
    }
    kernels.ntt_inverse(error.data(), context_.ntt(limb));
    std::vector<int64_t> result(n);
    for (size_t i = 0; i < n; ++i) {
      result[i] = static_cast<int64_t>(error[i]) - static_cast<int64_t>(error[i] > q.value() / 2 ? q.value() : 0);
    }
    return result;
  }

  Context context_;
  SlotPool pool_;
};

TEST_F(KeysTest, SwitchingKeysHideWhatTheySayWithOneErrorPerDigit) {
  const scheme::Parameters& parameters = context_.parameters();
  const SecretKey secret = *SecretKey::Generate(parameters);
  for (const KeyId key : {KeyId{KeyKind::kRelinearization, 0}, KeyId{KeyKind::kRotation, parameters.GaloisElement(-7)},
                          KeyId{KeyKind::kConjugation, parameters.ConjugationElement()}}) {
    for (const int level : {4, 2, 0}) {
      const Seed fresh = *RandomSeed();
      std::vector<std::vector<int64_t>> errors(static_cast<size_t>(parameters.DigitCount(level)));
      int next = 0;
      ASSERT_TRUE(GenerateSwitchingKey(context_, pool_, secret, fresh, key, level,
                                       [&](int digit, int limb, std::span<const uint64_t> b) {
                                         EXPECT_EQ(parameters.ChunkIndex(digit, limb), next++);
                                         const auto error = Error(secret, fresh, key, digit, limb, b);
                                         auto& first = errors[static_cast<size_t>(digit)];
                                         if (first.empty()) first = error;
                                         EXPECT_EQ(error, first) << digit << " " << limb;
                                         return Status();
                                       })
                      .ok());
      EXPECT_EQ(next, parameters.ChunkCount(level));
      for (const auto& error : errors) {
        double square = 0;
        for (const int64_t x : error) {
          ASSERT_LE(std::abs(x), 19);
          square += static_cast<double>(x * x);
        }
        EXPECT_NEAR(std::sqrt(square / static_cast<double>(context_.n())), 3.2, 0.4);
      }
      if (errors.size() > 1) {
        EXPECT_NE(errors[0], errors[1]);
      }
    }
  }
}

TEST_F(KeysTest, GenerationStreamsInAFewSlotsAndStopsWithItsSink) {
  const SecretKey secret = *SecretKey::Generate(context_.parameters());
  pool_.ResetPeaks();
  int chunks = 0;
  const Status stopped = GenerateSwitchingKey(
      context_, pool_, secret, *RandomSeed(), {KeyKind::kRotation, 5}, 4,
      [&](int, int, std::span<const uint64_t>) { return ++chunks == 9 ? Failed("the disk is full") : Status(); });
  EXPECT_EQ(stopped.message(), "the disk is full");
  EXPECT_EQ(chunks, 9);
  EXPECT_LE(pool_.peak_total_bytes(), 5 * pool_.slot_bytes());
}

TEST_F(KeysTest, RefusesKeysThatDoNotExist) {
  const SecretKey secret = *SecretKey::Generate(context_.parameters());
  const auto sink = [](int, int, std::span<const uint64_t>) { return Status(); };
  const auto code = [&](const KeyId& key, int level) {
    return GenerateSwitchingKey(context_, pool_, secret, *RandomSeed(), key, level, sink).code();
  };
  EXPECT_EQ(code({KeyKind::kRotation, 4}, 4), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({KeyKind::kRotation, 2049}, 4), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({KeyKind::kRelinearization, 5}, 4), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({KeyKind::kRotation, 5}, 5), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({KeyKind::kRotation, 5}, -1), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({KeyKind::kRotation, 5}, 4), ErrorCode::kOk);
}

TEST_F(KeysTest, MemoryKeysRefuseASecondKeyUnderOneSeedAndLevelsAboveTheirs) {
  const SecretKey secret = *SecretKey::Generate(context_.parameters());
  MemoryKeys keys(context_, pool_, *RandomSeed());
  const KeyId key{KeyKind::kRotation, 5};
  ASSERT_TRUE(keys.Generate(secret, key, 2).ok());
  EXPECT_EQ(keys.Generate(secret, key, 2).code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(keys.Acquire(key, 3).status().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(keys.Acquire({KeyKind::kRotation, 25}, 0).status().code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(keys.Acquire(key, 2).ok());
}

TEST_F(KeysTest, SecretKeysAreTernaryFreshAndChecked) {
  const scheme::Parameters& parameters = context_.parameters();
  const SecretKey a = *SecretKey::Generate(parameters), b = *SecretKey::Generate(parameters);
  const std::vector<int8_t> x(a.coefficients().begin(), a.coefficients().end());
  EXPECT_NE(x, std::vector<int8_t>(b.coefficients().begin(), b.coefficients().end()));
  for (const int8_t value : {-1, 0, 1}) EXPECT_GT(std::count(x.begin(), x.end(), value), 200);
  const auto again = SecretKey::FromCoefficients(parameters, x);
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(std::equal(x.begin(), x.end(), again->coefficients().begin()));
  std::vector<int8_t> wrong = x;
  wrong[5] = 2;
  EXPECT_EQ(SecretKey::FromCoefficients(parameters, wrong).status().code(), ErrorCode::kCorrupt);
  EXPECT_EQ(SecretKey::FromCoefficients(parameters, {1, 0, -1}).status().code(), ErrorCode::kCorrupt);
}

TEST_F(KeysTest, PublicKeyIsAnEncryptionOfZeroOverTheFullBasis) {
  const SecretKey secret = *SecretKey::Generate(context_.parameters());
  const PublicKey key = *GeneratePublicKey(context_, pool_, secret);
  ASSERT_EQ(key.b.limbs(), context_.parameters().limb_count());
  std::vector<int64_t> first;
  for (int limb = 0; limb < key.b.limbs(); ++limb) {
    const Modulus& q = context_.modulus(limb);
    std::vector<uint64_t> a(context_.n()), s(context_.n()), e(key.b.limb(limb), key.b.limb(limb) + context_.n());
    UniformExpander(key.seed, kPublicKeyName).Fill(0, limb, q, a);
    SmallToNtt(context_, secret.coefficients(), limb, s.data());
    context_.kernels().mul_add(e.data(), a.data(), s.data(), context_.n(), q);
    context_.kernels().ntt_inverse(e.data(), context_.ntt(limb));
    std::vector<int64_t> error;
    for (const uint64_t x : e) {
      error.push_back(static_cast<int64_t>(x) - static_cast<int64_t>(x > q.value() / 2 ? q.value() : 0));
      ASSERT_LE(std::abs(error.back()), 19);
    }
    if (first.empty()) first = error;
    EXPECT_EQ(error, first) << limb;
  }
}

}  // namespace
}  // namespace keymemrt::lattice
