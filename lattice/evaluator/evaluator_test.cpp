// SPDX-License-Identifier: Apache-2.0
//
// Every operation, decrypted and compared with doubles.
//
// Bounds: the noise of a fresh encryption, of a rescale and of a key switch is that of a rounding, a few times
// sqrt(N/12 * (1 + 2N/3)) on a coefficient and sqrt(N) more in a slot: below N * 8 in practice for the largest of N/2
// slots. RoundingError is that, divided by the scale.
#include "lattice/evaluator/evaluator.h"

#include <complex>
#include <cstdio>

#include "lattice/evaluator/engine_test.h"

namespace keymemrt::lattice {
namespace {

double RoundingError(const Engine& engine, double scale) {
  return 8 * static_cast<double>(engine.context.n()) / scale;
}

class EvaluatorTest : public testing::Test {
 protected:
  EvaluatorTest() : engine_(TestParameters(10, {60, 45, 45, 45, 45, 45}, {60, 60}, 45)) {
    x_ = RandomValues(512, 1);
    y_ = RandomValues(512, 2);
  }
  double Bound() const { return RoundingError(engine_, engine_.parameters().default_scale()); }
  template <typename Operation>
  std::vector<double> Each(Operation operation) const {
    std::vector<double> result(x_.size());
    for (size_t i = 0; i < x_.size(); ++i) result[i] = operation(x_[i], y_[i]);
    return result;
  }

  Engine engine_;
  std::vector<double> x_, y_;
};

TEST_F(EvaluatorTest, EncryptsAndDecryptsAtEveryLevel) {
  for (int level = 0; level <= 5; ++level) {
    const Ciphertext a = engine_.Encrypt(x_, level);
    EXPECT_EQ(a.level, level);
    EXPECT_EQ(a.parts.size(), 2u);
    EXPECT_LT(WorstError(engine_.Decrypt(a), x_), Bound()) << level;
    EXPECT_FALSE(Equal(a, engine_.Encrypt(x_, level), engine_.context.n())) << "encryption must be randomised";
  }
}

TEST_F(EvaluatorTest, DecryptsOnlyUnderItsOwnSecret) {
  const Ciphertext a = engine_.Encrypt(x_, 5);
  const SecretKey other = *SecretKey::Generate(engine_.parameters());
  const Plaintext wrong = *Decrypt(engine_.context, engine_.pool, other, a);
  EXPECT_GT(WorstError(engine_.encoder.Decode(wrong, engine_.pool), x_), 1e3);
}

// The noise of an encryption modulo QP is a rounding's, not v*e.
TEST_F(EvaluatorTest, EncryptionNoiseIsThatOfARounding) {
  const std::vector<double> noise = engine_.Decrypt(engine_.Encrypt(std::vector<double>(512, 0.0), 5, 1.0));
  double square = 0;
  for (const double x : noise) square += x * x;
  const double n = 1024;
  // A slot is a sum of N coefficients of variance (1 + 2N/3) / 12 times unit vectors; its real part has half of that.
  const double expected = std::sqrt(n / 2 * (1 + 2 * n / 3) / 12);
  const double deviation = std::sqrt(square / static_cast<double>(noise.size()));
  EXPECT_GT(deviation, expected / 1.5);
  EXPECT_LT(deviation, expected * 1.5);
}

TEST_F(EvaluatorTest, AddsSubtractsNegates) {
  const Ciphertext a = engine_.Encrypt(x_, 3), b = engine_.Encrypt(y_, 3);
  const Plaintext p = engine_.Encode(y_, 3);
  const Evaluator& evaluator = engine_.evaluator;
  const auto sum = Each([](double x, double y) { return x + y; });
  const auto difference = Each([](double x, double y) { return x - y; });
  EXPECT_LT(WorstError(engine_.Decrypt(*evaluator.Add(evaluator.Copy(a), b)), sum), 2 * Bound());
  EXPECT_LT(WorstError(engine_.Decrypt(*evaluator.Sub(evaluator.Copy(a), b)), difference), 2 * Bound());
  EXPECT_LT(WorstError(engine_.Decrypt(*evaluator.AddPlain(evaluator.Copy(a), p)), sum), 2 * Bound());
  EXPECT_LT(WorstError(engine_.Decrypt(*evaluator.SubPlain(evaluator.Copy(a), p)), difference), 2 * Bound());
  EXPECT_LT(
      WorstError(engine_.Decrypt(*evaluator.Negate(evaluator.Copy(a))), Each([](double x, double) { return -x; })),
      Bound());
  EXPECT_LT(WorstError(engine_.Decrypt(a), x_), Bound()) << "operands stay as they are";
}

TEST_F(EvaluatorTest, MultipliesByPlaintextsAndAccumulates) {
  const Ciphertext a = engine_.Encrypt(x_, 3);
  const Plaintext p = engine_.Encode(y_, 3, engine_.parameters().modulus(3));
  Ciphertext product = *engine_.evaluator.MulPlain(a, p);
  EXPECT_EQ(product.scale, a.scale * p.scale);
  ASSERT_TRUE(engine_.evaluator.MulPlainAdd(product, a, p).ok());
  product = *engine_.evaluator.Rescale(std::move(product));
  EXPECT_EQ(product.scale, a.scale);  // the plaintext was encoded at the prime of the rescale
  EXPECT_EQ(product.level, 2);
  EXPECT_LT(WorstError(engine_.Decrypt(product), Each([](double x, double y) { return 2 * x * y; })), 4 * Bound());
}

TEST_F(EvaluatorTest, MultipliesRelinearizesAndRescalesDownTheLevels) {
  engine_.MakeRelinearization();
  for (int level = 5; level >= 1; --level) {
    const Ciphertext a = engine_.Encrypt(x_, level), b = engine_.Encrypt(y_, level);
    const auto expected = Each([](double x, double y) { return x * y; });
    Ciphertext product = *engine_.evaluator.Mul(a, b);
    ASSERT_EQ(product.parts.size(), 3u);
    EXPECT_EQ(product.scale, a.scale * b.scale);
    if (level >= 2) {
      EXPECT_LT(WorstError(engine_.Decrypt(product), expected), 3 * Bound());  // three parts decrypt too
    }
    product = *engine_.evaluator.Relinearize(std::move(product), engine_.keys);
    ASSERT_EQ(product.parts.size(), 2u);
    product = *engine_.evaluator.Rescale(std::move(product));
    EXPECT_EQ(product.scale, a.scale * b.scale / static_cast<double>(engine_.parameters().modulus(level)));
    EXPECT_LT(WorstError(engine_.Decrypt(product), expected), 4 * Bound()) << level;
  }
}

TEST_F(EvaluatorTest, AddsCiphertextsOfTwoAndThreeParts) {
  const Ciphertext a = engine_.Encrypt(x_, 4), b = engine_.Encrypt(y_, 4);
  const Ciphertext three = *engine_.evaluator.Mul(a, b);
  const Ciphertext two = *engine_.evaluator.MulPlain(a, engine_.Encode(y_, 4));
  const auto twice = Each([](double x, double y) { return 2 * x * y; });
  const std::vector<double> zero(512, 0.0);
  const Evaluator& evaluator = engine_.evaluator;
  EXPECT_LT(WorstError(engine_.Decrypt(*evaluator.Add(evaluator.Copy(two), three)), twice), 6 * Bound());
  EXPECT_LT(WorstError(engine_.Decrypt(*evaluator.Add(evaluator.Copy(three), two)), twice), 6 * Bound());
  EXPECT_LT(WorstError(engine_.Decrypt(*evaluator.Sub(evaluator.Copy(two), three)), zero), 6 * Bound());
  EXPECT_LT(WorstError(engine_.Decrypt(*evaluator.Sub(evaluator.Copy(three), two)), zero), 6 * Bound());
}

TEST_F(EvaluatorTest, RotationsAreStdRotate) {
  for (const int64_t shift : {1, 2, 7, 255, 256, 510, -1, -3, -200}) {
    engine_.MakeRotation(shift);
    for (const int level : {5, 4, 3, 2, 1, 0}) {
      const Ciphertext a = engine_.Encrypt(x_, level);
      const auto rotated = engine_.evaluator.Rotate(a, shift, engine_.keys);
      ASSERT_TRUE(rotated.ok()) << rotated.status().message();
      EXPECT_EQ(rotated->scale, a.scale);
      EXPECT_LT(WorstError(engine_.Decrypt(*rotated), Rotated(x_, shift)), 3 * Bound()) << shift << " " << level;
    }
  }
  // Shifts are modulo N/2, and 0 needs no key.
  const Ciphertext a = engine_.Encrypt(x_, 2);
  EXPECT_TRUE(
      Equal(*engine_.evaluator.Rotate(a, 7, engine_.keys), *engine_.evaluator.Rotate(a, 7 - 512, engine_.keys), 1024));
  EXPECT_TRUE(Equal(*engine_.evaluator.Rotate(a, 0, engine_.keys), a, 1024));
  EXPECT_TRUE(Equal(*engine_.evaluator.Rotate(a, 1024, engine_.keys), a, 1024));
}

TEST_F(EvaluatorTest, ConjugationKeepsRealSlotsAndIsItsOwnInverse) {
  const KeyId key{KeyKind::kConjugation, engine_.parameters().ConjugationElement()};
  ASSERT_TRUE(engine_.keys.Generate(engine_.secret, key, 5).ok());
  const Ciphertext a = engine_.Encrypt(x_, 3);
  const Ciphertext b = *engine_.evaluator.Conjugate(a, engine_.keys);
  EXPECT_FALSE(Equal(a, b, 1024));
  EXPECT_LT(WorstError(engine_.Decrypt(b), x_), 3 * Bound());
  // Multiplied by X^(N/2) = i, a real message is imaginary, and conjugation negates it.
  Ciphertext turned = engine_.evaluator.Copy(a);
  std::vector<uint64_t> monomial(1024);
  for (int limb = 0; limb <= 3; ++limb) {
    std::fill(monomial.begin(), monomial.end(), 0);
    monomial[512] = 1;
    engine_.context.kernels().ntt_forward(monomial.data(), engine_.context.ntt(limb));
    for (Poly& part : turned.parts) {
      engine_.context.kernels().mul(part.limb(limb), part.limb(limb), monomial.data(), 1024,
                                    engine_.context.modulus(limb));
    }
  }
  const Ciphertext sum = *engine_.evaluator.Add(*engine_.evaluator.Conjugate(turned, engine_.keys), turned);
  EXPECT_LT(WorstError(engine_.Decrypt(sum), std::vector<double>(512, 0.0)), 6 * Bound());
}

TEST_F(EvaluatorTest, RefusesOperandsThatDoNotFit) {
  engine_.MakeRotation(1);
  const Evaluator& evaluator = engine_.evaluator;
  const Ciphertext a = engine_.Encrypt(x_, 2), low = engine_.Encrypt(x_, 1), scaled = engine_.Encrypt(x_, 2, 0x1p40);
  const Plaintext p = engine_.Encode(x_, 2), p_low = engine_.Encode(x_, 1), p_scaled = engine_.Encode(x_, 2, 0x1p40);
  const auto refused = [](const auto& result, const char* why) {
    ASSERT_FALSE(result.ok()) << why;
    const Status status = [&] {
      if constexpr (requires { result.status(); }) {
        return result.status();
      } else {
        return result;
      }
    }();
    EXPECT_EQ(status.code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(status.message().find(why), std::string::npos) << status.message();
  };
  refused(evaluator.Add(evaluator.Copy(a), low), "levels 2 and 1");
  refused(evaluator.Sub(evaluator.Copy(a), scaled), "scales");
  refused(evaluator.AddPlain(evaluator.Copy(a), p_low), "levels");
  refused(evaluator.SubPlain(evaluator.Copy(a), p_scaled), "scales");
  refused(evaluator.MulPlain(a, p_low), "levels");
  refused(evaluator.Mul(a, low), "levels");
  const Ciphertext three = *evaluator.Mul(a, a);
  refused(evaluator.Mul(three, a), "relinearize");
  refused(evaluator.Rotate(three, 1, engine_.keys), "relinearize");
  refused(evaluator.Relinearize(evaluator.Copy(a), engine_.keys), "3 expected");
  refused(evaluator.Relinearize(evaluator.Copy(three), engine_.keys), "no key");
  refused(evaluator.Rotate(a, 2, engine_.keys), "no key");
  refused(evaluator.Rescale(engine_.Encrypt(x_, 0)), "level 0");
  refused(evaluator.LevelReduce(evaluator.Copy(a), 3), "level");
  refused(evaluator.LevelReduce(evaluator.Copy(a), -1), "level");
  refused(evaluator.RotateHoisted(low, *evaluator.Decompose(a), 1, engine_.keys), "levels");
  Ciphertext sum = *evaluator.MulPlain(a, p);
  refused(evaluator.MulPlainAdd(sum, low, p), "levels");
  refused(evaluator.MulPlainAdd(sum, a, p_scaled), "scales");
  EXPECT_TRUE(evaluator.Add(evaluator.Copy(a), engine_.Encrypt(x_, 2, 0x1p45 * (1 + 0x1p-31))).ok());
}

TEST_F(EvaluatorTest, LevelReduceKeepsTheMessage) {
  Ciphertext a = *engine_.evaluator.LevelReduce(engine_.Encrypt(x_, 5), 1);
  EXPECT_EQ(a.level, 1);
  EXPECT_EQ(a.parts[0].limbs(), 2);
  EXPECT_LT(WorstError(engine_.Decrypt(a), x_), Bound());
}

// Twenty squarings and rescales: the tracked scale is the true one to the last bits.
TEST(Evaluator, TracksScalesExactlyThroughManyRescales) {
  std::vector<int> q(21, 40);
  q[0] = 60;
  Engine engine(TestParameters(10, q, {60, 60, 60}, 40));
  engine.MakeRelinearization();
  std::vector<double> expected = RandomValues(512, 9);
  for (double& x : expected) x = 0.9995 + 0.0005 * x;
  Ciphertext a = engine.Encrypt(expected, 20);
  double scale = a.scale;
  for (int level = 20; level >= 1; --level) {
    // Alternate squaring with multiplication by one, so that values stay away from zero.
    if (level % 2 == 0) {
      a = *engine.evaluator.Relinearize(*engine.evaluator.Mul(a, a), engine.keys);
      for (double& x : expected) x *= x;
      scale *= scale;
    } else {
      // Encoded at the scale that brings the product back to the default one.
      const double back =
          engine.parameters().default_scale() * static_cast<double>(engine.parameters().modulus(level)) / a.scale;
      a = *engine.evaluator.MulPlain(a, engine.Encode({1.0}, level, back));
      scale *= back;
    }
    a = *engine.evaluator.Rescale(std::move(a));
    scale /= static_cast<double>(engine.parameters().modulus(level));
    EXPECT_EQ(a.scale, scale);
  }
  // Errors double with each squaring: ten of them.
  EXPECT_LT(WorstError(engine.Decrypt(a), expected), 1024 * 2 * RoundingError(engine, 0x1p40));
}

// Random programs over a few ciphertexts, against the same program on doubles.
TEST(Evaluator, RandomProgramsAgreeWithTheCleartextModel) {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    const int levels = 4 + static_cast<int>(random() % 4);
    std::vector<int> q(static_cast<size_t>(levels) + 1, 45);
    q[0] = 60;
    Engine engine(TestParameters(10, q, std::vector<int>(1 + random() % 3, 60), 45),
                  1 + static_cast<int>(random() % 2));
    engine.MakeRelinearization();
    const int64_t shifts[] = {1, -5, 64};
    for (const int64_t shift : shifts) engine.MakeRotation(shift);
    struct Value {
      Ciphertext encrypted;
      std::vector<double> clear;
    };
    std::vector<Value> values;
    for (uint64_t i = 0; i < 3; ++i) {
      std::vector<double> clear = RandomValues(512, 100 * seed + i);
      values.push_back({engine.Encrypt(clear, levels), clear});
    }
    const Evaluator& evaluator = engine.evaluator;
    for (int step = 0; step < 24; ++step) {
      Value& a = values[random() % values.size()];
      Value& b = values[random() % values.size()];
      const int level = std::min(a.encrypted.level, b.encrypted.level);
      Value result{evaluator.Copy(a.encrypted), a.clear};
      std::string operation;
      switch (random() % 6) {
        case 0:
        case 1: {  // multiply, and with a constant bring the scale back; keep values near 1
          if (level < 2) continue;
          operation = "mul";
          result.encrypted =
              *evaluator.Relinearize(*evaluator.Mul(*evaluator.LevelReduce(evaluator.Copy(a.encrypted), level),
                                                    *evaluator.LevelReduce(evaluator.Copy(b.encrypted), level)),
                                     engine.keys);
          result.encrypted = *evaluator.Rescale(std::move(result.encrypted));
          const double back =
              0x1p45 * static_cast<double>(engine.parameters().modulus(level - 1)) / result.encrypted.scale;
          result.encrypted =
              *evaluator.Rescale(*evaluator.MulPlain(result.encrypted, engine.Encode({0.5}, level - 1, back)));
          for (size_t i = 0; i < 512; ++i) result.clear[i] = a.clear[i] * b.clear[i] * 0.5;
          break;
        }
        case 2: {
          operation = "add";
          result.encrypted = *evaluator.Add(*evaluator.LevelReduce(std::move(result.encrypted), level),
                                            *evaluator.LevelReduce(evaluator.Copy(b.encrypted), level));
          for (size_t i = 0; i < 512; ++i) result.clear[i] = a.clear[i] + b.clear[i];
          break;
        }
        case 3: {
          operation = "sub plain";
          const std::vector<double> plain = RandomValues(512, random());
          result.encrypted = *evaluator.SubPlain(std::move(result.encrypted),
                                                 engine.Encode(plain, a.encrypted.level, a.encrypted.scale));
          for (size_t i = 0; i < 512; ++i) result.clear[i] = a.clear[i] - plain[i];
          break;
        }
        default: {
          operation = "rotate";
          const int64_t shift = shifts[random() % 3];
          const Digits digits = *evaluator.Decompose(a.encrypted);
          result.encrypted = *evaluator.RotateHoisted(a.encrypted, digits, shift, engine.keys);
          result.clear = Rotated(a.clear, shift);
        }
      }
      double largest = 1;
      for (const double x : result.clear) largest = std::max(largest, std::abs(x));
      if (largest > 8) continue;
      ASSERT_LT(WorstError(engine.Decrypt(result.encrypted), result.clear), 1e-6)
          << "step " << step << " " << operation;
      values[random() % values.size()] = std::move(result);
    }
  }
}

// One light test of each size of ring that programs use.
TEST(Evaluator, WorksInEveryRing) {
  for (const int log_n : {13, 14, 16, 17}) {
    SCOPED_TRACE(log_n);
    Engine engine(TestParameters(log_n, {55, 40, 40, 40}, {60}, 40), 2);
    engine.MakeRotation(3);
    engine.MakeRelinearization();
    const std::vector<double> x = RandomValues(engine.parameters().slots(), 5);
    Ciphertext a = engine.Encrypt(x, 2);
    a = *engine.evaluator.Rotate(a, 3, engine.keys);
    a = *engine.evaluator.Rescale(*engine.evaluator.Relinearize(*engine.evaluator.Mul(a, a), engine.keys));
    std::vector<double> expected = Rotated(x, 3);
    for (double& value : expected) value *= value;
    EXPECT_LT(WorstError(engine.Decrypt(a), expected), 4 * RoundingError(engine, 0x1p40));
  }
}

using Complex = std::complex<double>;

double WorstError(const std::vector<Complex>& a, const std::vector<Complex>& b) {
  EXPECT_EQ(a.size(), b.size());
  double worst = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double error = std::abs(a[i] - b[i]);
    worst = std::isnan(error) ? std::numeric_limits<double>::infinity() : std::max(worst, error);
  }
  return worst;
}

TEST_F(EvaluatorTest, MultipliesByScalarsAndAddsThem) {
  const Evaluator& evaluator = engine_.evaluator;
  std::vector<Complex> z(512);
  for (size_t i = 0; i < z.size(); ++i) z[i] = {x_[i], y_[i]};
  const auto each = [&](auto operation) {
    std::vector<Complex> result;
    for (const Complex& value : z) result.push_back(operation(value));
    return result;
  };
  const auto decrypt = [&](const Ciphertext& a) {
    return engine_.encoder.DecodeComplex(*Decrypt(engine_.context, engine_.pool, engine_.secret, a), engine_.pool);
  };
  const double scale = engine_.parameters().default_scale();
  const Ciphertext a =
      *Encrypt(engine_.context, engine_.pool, engine_.public_key, *engine_.encoder.Encode(z, scale, 4, engine_.pool));
  EXPECT_LT(WorstError(decrypt(a), z), Bound());

  const Complex c(-0.75, 0.4);
  const Ciphertext product = *evaluator.MulScalar(evaluator.Copy(a), c, scale * 0x1.8p50);
  EXPECT_EQ(product.scale, scale * 0x1.8p50);
  EXPECT_LT(WorstError(decrypt(product), each([&](Complex v) { return c * v; })), 2 * Bound());
  EXPECT_LT(
      WorstError(decrypt(*evaluator.AddScalar(evaluator.Copy(product), c)), each([&](Complex v) { return c * v + c; })),
      2 * Bound());
  Ciphertext sum = evaluator.Copy(product);
  ASSERT_TRUE(evaluator.MulScalarAdd(sum, a, {2, -1}).ok());
  EXPECT_LT(WorstError(decrypt(sum), each([&](Complex v) { return (c + Complex(2, -1)) * v; })), 4 * Bound());

  // A multiplication by i, and by an integer that only changes the scale, is exact: four of the one are none.
  Ciphertext turned = evaluator.Copy(a);
  for (int i = 0; i < 4; ++i) turned = *evaluator.MulScalar(std::move(turned), {0, 1}, scale);
  EXPECT_TRUE(Equal(turned, a, engine_.context.n()));
  EXPECT_LT(WorstError(decrypt(*evaluator.MulScalar(evaluator.Copy(a), 1, scale * 4096)), decrypt(a)), 0x1p-40);
  // Also one that no word holds: 3 * 2^100 against doublings.
  Ciphertext doubled = *evaluator.MulScalar(evaluator.Copy(a), 3, scale);
  for (int i = 0; i < 100; ++i) doubled = *evaluator.Add(evaluator.Copy(doubled), doubled);
  doubled.scale = scale * 0x1p100;
  EXPECT_TRUE(Equal(*evaluator.MulScalar(evaluator.Copy(a), 3, scale * 0x1p100), doubled, engine_.context.n()));

  EXPECT_FALSE(evaluator.MulScalar(evaluator.Copy(a), 1, -scale).ok());
  EXPECT_FALSE(evaluator.MulScalar(evaluator.Copy(a), INFINITY, scale).ok());
  EXPECT_FALSE(evaluator.AddScalar(evaluator.Copy(a), NAN).ok());
  EXPECT_FALSE(evaluator.MulScalarAdd(sum, *evaluator.LevelReduce(evaluator.Copy(a), 3), 1).ok());
}

TEST_F(EvaluatorTest, ModRaiseAddsMultiplesOfTheBasePrime) {
  const Evaluator& evaluator = engine_.evaluator;
  const size_t n = engine_.context.n();
  const Ciphertext low = engine_.Encrypt(x_, 0);
  const Ciphertext high = *evaluator.ModRaise(low, 4);
  EXPECT_EQ(high.level, 4);
  EXPECT_EQ(high.scale, low.scale);
  // The same ciphertext modulo q_0 ...
  EXPECT_TRUE(Equal(*evaluator.LevelReduce(evaluator.Copy(high), 0), low, n));
  // ... and below q_0 in size: an integer that two limbs hold is the same modulo all.
  const Plaintext message = *Decrypt(engine_.context, engine_.pool, engine_.secret, low);
  const Plaintext raised = *Decrypt(engine_.context, engine_.pool, engine_.secret, high);
  const auto coefficients = [&](const Plaintext& plaintext, int limb) {
    std::vector<uint64_t> x(plaintext.poly.limb(limb), plaintext.poly.limb(limb) + n);
    engine_.context.kernels().ntt_inverse(x.data(), engine_.context.ntt(limb));
    return x;
  };
  const uint64_t q0 = engine_.context.modulus(0).value();
  const std::vector<uint64_t> m = coefficients(message, 0);
  for (int limb = 1; limb <= 4; ++limb) {
    const Modulus& q = engine_.context.modulus(limb);
    const std::vector<uint64_t> r = coefficients(raised, limb);
    for (size_t i = 0; i < n; ++i) {
      const uint64_t centred = m[i] > q0 / 2 ? q.Negate(q.Reduce(q0 - m[i])) : q.Reduce(m[i]);
      // (r - m) / q_0 is a small integer: at most half of the secret's 1024 coefficients.
      const uint64_t multiple = q.Mul(q.Sub(r[i], centred), q.Inverse(q.Reduce(q0)));
      EXPECT_LT(std::min(multiple, q.Negate(multiple)), 512u);
    }
  }
  EXPECT_FALSE(evaluator.ModRaise(high, 5).ok());
  EXPECT_FALSE(evaluator.ModRaise(low, 6).ok());
}

}  // namespace
}  // namespace keymemrt::lattice
