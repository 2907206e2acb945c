// SPDX-License-Identifier: Apache-2.0
#include "lattice/keys/keys.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

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
                             std::span<const uint64_t> b, const SecretKey* from = nullptr) {
    const Context& context = **context_.At(key.shape);
    const scheme::Parameters& parameters = context.parameters();
    const Kernels& kernels = context.kernels();
    const Modulus& q = context.modulus(limb);
    const size_t n = context.n();
    const bool galois = key.kind == KeyKind::kRotation || key.kind == KeyKind::kConjugation;
    // The automorphism of s on coefficients, in another way than the key generator's.
    std::vector<int8_t> image(n);
    uint64_t inverse = 1;
    while (galois && inverse * key.galois_element % (2 * n) != 1) inverse += 2;
    for (size_t i = 0; i < n; ++i) {
      const size_t power = i * inverse % (2 * n);
      image[power % n] = static_cast<int8_t>(power < n ? secret.coefficients()[i] : -secret.coefficients()[i]);
    }
    std::vector<uint64_t> u(n), w(n), a(n), error(b.begin(), b.end());
    SmallToNtt(context, image, limb, u.data());
    SmallToNtt(context, (from == nullptr ? secret : *from).coefficients(), limb, w.data());
    if (key.kind == KeyKind::kRelinearization) kernels.mul(w.data(), w.data(), w.data(), n, q);
    UniformExpander(seed, key).Fill(digit, limb, q, a);
    kernels.mul_add(error.data(), a.data(), u.data(), n, q);
    if (limb < parameters.q_count() && limb / parameters.digit_size() == digit) {
      uint64_t p = 1;
      for (int i = 0; i < parameters.p_count(); ++i)
        p = q.Mul(p, q.Reduce(parameters.modulus(parameters.q_count() + i)));
      kernels.mul_scalar_add(error.data(), w.data(), q.Negate(p), n, q);
    }
    kernels.ntt_inverse(error.data(), context.ntt(limb));
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
  const scheme::Parameters& base = context_.parameters();
  const SecretKey secret = *SecretKey::Generate(base), from = *SecretKey::Generate(base, {64});
  const auto check = [&](const KeyId& key, int level) {
    SCOPED_TRACE(key.ToString());
    const scheme::Parameters& parameters = (*context_.At(key.shape))->parameters();
    const SecretKey* const other = key.kind == KeyKind::kSecretSwitch ? &from : nullptr;
    const Seed seed = *RandomSeed();
    std::vector<std::vector<int64_t>> errors(static_cast<size_t>(parameters.DigitCount(level)));
    int next = 0;
    const auto sink = [&](int digit, int limb, std::span<const uint64_t> b) {
      EXPECT_EQ(parameters.ChunkIndex(digit, limb), next++);
      const auto error = Error(secret, seed, key, digit, limb, b, other);
      auto& first = errors[static_cast<size_t>(digit)];
      if (first.empty()) first = error;
      EXPECT_EQ(error, first) << digit << " " << limb;
      return Status();
    };
    const Status status = other != nullptr
                              ? GenerateSecretSwitchingKey(context_, pool_, from, secret, seed, key, level, sink)
                              : GenerateSwitchingKey(context_, pool_, secret, seed, key, level, sink);
    ASSERT_TRUE(status.ok()) << status.message();
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
  };
  for (const scheme::KeyShape& shape : {scheme::KeyShape{}, {2, 1}, {2, 3}, {0, 1}}) {
    const scheme::Parameters& parameters = (*context_.At(shape))->parameters();
    for (const KeyId& key : {parameters.RelinearizationKey(), parameters.RotationKey(-7), parameters.ConjugationKey(),
                             parameters.SecretSwitchKey(6)}) {
      for (const int level : {4, 2, 0}) {
        if (level <= parameters.max_level()) check(key, level);
      }
    }
  }
}

TEST_F(KeysTest, GenerationStreamsInAFewSlotsAndStopsWithItsSink) {
  const SecretKey secret = *SecretKey::Generate(context_.parameters());
  for (const int threads : {1, 2, 3}) {
    SlotPool pool(context_.n());
    ThreadPool workers(threads);
    int chunks = 0;
    const Status stopped = GenerateSwitchingKey(
        context_, pool, secret, *RandomSeed(), {KeyKind::kRotation, 5}, 4,
        [&](int, int, std::span<const uint64_t>) { return ++chunks == 9 ? Failed("the disk is full") : Status(); },
        &workers);
    EXPECT_EQ(stopped.message(), "the disk is full");
    EXPECT_EQ(chunks, 9);
    EXPECT_LE(pool.peak_total_bytes(), static_cast<size_t>(4 * threads + 1) * pool.slot_bytes());
  }
}

// Under one seed one name has one b: however often, up to whatever level and on however many threads it is made.
TEST_F(KeysTest, MakingAKeyAgainGivesTheSameBits) {
  const scheme::Parameters& parameters = context_.parameters();
  const SecretKey secret = *SecretKey::Generate(parameters), other = *SecretKey::Generate(parameters);
  const Seed seed = *RandomSeed();
  using Words = std::vector<std::vector<uint64_t>>;
  const auto make = [&](const SecretKey& under, const Seed& a_seed, const KeyId& key, int level, int threads,
                        size_t stop_after = 1000) {
    ThreadPool workers(threads);
    Words chunks;
    const ChunkSink sink = [&](int, int, std::span<const uint64_t> b) {
      chunks.emplace_back(b.begin(), b.end());
      return chunks.size() == stop_after ? Failed("interrupted") : Status();
    };
    const Status status =
        key.kind == KeyKind::kSecretSwitch
            ? GenerateSecretSwitchingKey(context_, pool_, other, under, a_seed, key, level, sink, &workers)
            : GenerateSwitchingKey(context_, pool_, under, a_seed, key, level, sink, &workers);
    EXPECT_EQ(status.ok(), stop_after == 1000) << status.message();
    return chunks;
  };
  const auto is_prefix = [](const Words& a, const Words& b) {
    return a.size() <= b.size() && std::equal(a.begin(), a.end(), b.begin());
  };
  const scheme::Parameters shaped = *parameters.At({3, 3});
  for (const KeyId& key : {parameters.RotationKey(3), parameters.RelinearizationKey(), parameters.SecretSwitchKey(1),
                           shaped.RotationKey(3), shaped.SecretSwitchKey(1)}) {
    SCOPED_TRACE(key.ToString());
    const Words whole = make(secret, seed, key, 3, 1);
    for (const int threads : {1, 2, 3, 8}) EXPECT_EQ(make(secret, seed, key, 3, threads), whole) << threads;
    for (const int level : {0, 1, 2}) {
      const Words lower = make(secret, seed, key, level, 1);
      EXPECT_LT(lower.size(), whole.size());
      EXPECT_TRUE(is_prefix(lower, whole)) << level;
    }
    EXPECT_TRUE(is_prefix(make(secret, seed, key, 3, 1, 3), whole));
    EXPECT_TRUE(is_prefix(make(secret, seed, key, 3, 3, 3), whole));
    EXPECT_NE(make(secret, *RandomSeed(), key, 3, 1), whole);
    EXPECT_NE(make(other, seed, key, 3, 1), whole);
  }
}

// Errors differ with everything that a differs with.
TEST_F(KeysTest, EveryNameAndSeedHasErrorsOfItsOwn) {
  const scheme::Parameters& parameters = context_.parameters();
  const SecretKey secret = *SecretKey::Generate(parameters);
  const Seed seed = *RandomSeed();
  std::set<std::vector<int64_t>> errors;
  size_t digits = 0;
  const auto collect = [&](const Seed& a_seed, const KeyId& key) {
    ASSERT_TRUE(GenerateSwitchingKey(context_, pool_, secret, a_seed, key, 2,
                                     [&](int digit, int limb, std::span<const uint64_t> b) {
                                       if (limb == 0) {
                                         errors.insert(Error(secret, a_seed, key, digit, limb, b));
                                         ++digits;
                                       }
                                       return Status();
                                     })
                    .ok());
  };
  for (const scheme::KeyShape& shape : {scheme::KeyShape{}, {2, 1}, {2, 2}, {3, 2}}) {
    const scheme::Parameters& shaped = (*context_.At(shape))->parameters();
    for (const int64_t shift : {1, 2}) collect(seed, shaped.RotationKey(shift));
    collect(seed, shaped.RelinearizationKey());
    collect(seed, shaped.ConjugationKey());
    collect(*RandomSeed(), shaped.RotationKey(1));
  }
  EXPECT_EQ(errors.size(), digits);
}

TEST(KeySecurity, KeysAboveTheBoundOfTheirSecretAreRefused) {
  // 12 * 60 + 2 * 61 = 842 bits at N = 2^15.
  scheme::ParameterLiteral literal{.log_n = 15, .log_default_scale = 50};
  literal.q = *scheme::FindNttPrimes(60, 15, 12);
  literal.p = *scheme::FindNttPrimes(61, 15, 2);
  const Context context(*scheme::Parameters::Create(literal, scheme::Security::k128Bit));
  const scheme::Parameters& parameters = context.parameters();
  SlotPool pool(context.n());
  const SecretKey uniform = *SecretKey::Generate(parameters), sparse = *SecretKey::Generate(parameters, {192}),
                  unknown = *SecretKey::Generate(parameters, {64});
  const auto made = [&](const SecretKey& secret, const KeyId& key, int level) {
    // The first chunk will do: what is refused makes none.
    const Status status = GenerateSwitchingKey(context, pool, secret, *RandomSeed(), key, level,
                                               [](int, int, std::span<const uint64_t>) { return Failed("enough"); });
    EXPECT_TRUE(status.message() == "enough" || status.code() == ErrorCode::kInvalidArgument) << status.message();
    return status.message() == "enough";
  };
  const KeyId plain = parameters.RotationKey(1), shaped = parameters.At({9, 3})->RotationKey(1);
  EXPECT_TRUE(made(uniform, plain, 11));
  EXPECT_TRUE(made(uniform, shaped, 9));
  EXPECT_TRUE(made(sparse, plain, 9));
  EXPECT_FALSE(made(sparse, plain, 10));
  EXPECT_FALSE(made(sparse, shaped, 9));
  EXPECT_FALSE(made(sparse, parameters.RelinearizationKey(), 11));
  EXPECT_FALSE(made(unknown, plain, 0));
  EXPECT_TRUE(GeneratePublicKey(context, pool, uniform).ok());
  EXPECT_EQ(GeneratePublicKey(context, pool, sparse).status().code(), ErrorCode::kInvalidArgument);
  // What counts is the secret that a switch leads to.
  const auto switched = [&](const SecretKey& from, const SecretKey& to, int level) {
    return GenerateSecretSwitchingKey(context, pool, from, to, *RandomSeed(), parameters.SecretSwitchKey(0), level,
                                      [](int, int, std::span<const uint64_t>) { return Failed("enough"); })
               .message() == "enough";
  };
  EXPECT_TRUE(switched(sparse, uniform, 11));
  EXPECT_FALSE(switched(uniform, sparse, 11));
  EXPECT_TRUE(switched(uniform, sparse, 9));

  literal.p.push_back(scheme::FindNttPrimes(58, 15, 1)->front());
  EXPECT_FALSE(scheme::Parameters::Create(literal, scheme::Security::k128Bit).ok());
  const Context insecure(*scheme::Parameters::Create(literal, scheme::Security::kInsecure));
  EXPECT_TRUE(GeneratePublicKey(insecure, pool, sparse).ok());
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
  EXPECT_EQ(code({KeyKind::kSecretSwitch, 0}, 4), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({KeyKind::kRotation, 5, {2, 2}}, 3), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({KeyKind::kRotation, 5, {2, 5}}, 2), ErrorCode::kInvalidArgument);
  EXPECT_EQ(GenerateSecretSwitchingKey(context_, pool_, secret, secret, *RandomSeed(), {KeyKind::kRotation, 5}, 4, sink)
                .code(),
            ErrorCode::kInvalidArgument);
  // A context of a shape makes keys of this shape only: under its limb numbers a plain name would be another key.
  EXPECT_EQ(GenerateSwitchingKey(**context_.At({2, 2}), pool_, secret, *RandomSeed(), {KeyKind::kRotation, 5}, 2, sink)
                .code(),
            ErrorCode::kInvalidArgument);
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

TEST_F(KeysTest, SparseSecretsHaveTheirWeightAndPassForNothingElse) {
  const scheme::Parameters& parameters = context_.parameters();
  for (const int weight : {1, 32, 192, 1024}) {
    const SecretKey key = *SecretKey::Generate(parameters, {weight});
    EXPECT_EQ(key.distribution(), (scheme::SecretDistribution{weight}));
    const std::vector<int8_t> x(key.coefficients().begin(), key.coefficients().end());
    EXPECT_EQ(std::count(x.begin(), x.end(), 0), 1024 - weight);
    if (weight >= 192) {
      EXPECT_NEAR(static_cast<double>(std::count(x.begin(), x.end(), 1)), weight / 2.0, 5 * std::sqrt(weight));
    }
    EXPECT_TRUE(SecretKey::FromCoefficients(parameters, x, {weight}).ok());
    EXPECT_EQ(SecretKey::FromCoefficients(parameters, x, {weight + 1}).status().code(), ErrorCode::kCorrupt);
    EXPECT_EQ(SecretKey::FromCoefficients(parameters, x).status().code(), ErrorCode::kCorrupt);
  }
  EXPECT_EQ(SecretKey::Generate(parameters, {-1}).status().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(SecretKey::Generate(parameters, {1025}).status().code(), ErrorCode::kInvalidArgument);
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
