// SPDX-License-Identifier: Apache-2.0
//
// Keys of a shape: made for a level over a special modulus of their own.
#include "scheme/key_shape.h"

#include "lattice/evaluator/engine_test.h"

namespace keymemrt::lattice {
namespace {

using scheme::KeyShape;

constexpr size_t kN = 1024;

double RootMeanSquareError(const std::vector<double>& a, const std::vector<double>& b) {
  double square = 0;
  for (size_t i = 0; i < a.size(); ++i) square += (a[i] - b[i]) * (a[i] - b[i]);
  return std::sqrt(square / static_cast<double>(a.size()));
}

class KeyShapeTest : public testing::Test {
 protected:
  KeyShapeTest()
      : engine_(TestParameters(10, {50, 40, 40, 40, 40, 40, 40, 40}, {50, 50}, 40)),
        parameters_(engine_.parameters()),
        x_(RandomValues(512, 1)) {}

  static constexpr double kBound = 24.0 * kN / 0x1p40;

  const Context& At(const KeyShape& shape) { return **engine_.context.At(shape); }
  void MakeRotation(const KeyShape& shape, int64_t shift) {
    const Status status = engine_.keys.Generate(engine_.secret, At(shape).parameters().RotationKey(shift), shape.level);
    ASSERT_TRUE(status.ok()) << status.message();
  }

  Engine engine_;
  const scheme::Parameters& parameters_;
  std::vector<double> x_;
};

TEST_F(KeyShapeTest, RotatesAndRelinearizesAtEveryLevelWithEverySpecialModulus) {
  engine_.MakeRotation(3);
  std::vector<double> squares;
  for (const double x : x_) squares.push_back(x * x);
  int shapes = 0;
  for (int level = 0; level <= 7; ++level) {
    const Ciphertext a = engine_.Encrypt(x_, level);
    const Ciphertext square = *engine_.evaluator.Mul(a, a);
    const std::vector<double> expected = Rotated(x_, 3);
    const double plain = RootMeanSquareError(engine_.Decrypt(*engine_.evaluator.Rotate(a, 3, engine_.keys)), expected);
    for (int specials = 1; specials <= 2 + 7 - level; ++specials) {
      const KeyShape shape{level, specials};
      SCOPED_TRACE(shape.ToString());
      const scheme::Parameters& shaped = At(shape).parameters();
      const Evaluator evaluator = *engine_.evaluator.At(shape);
      MakeRotation(shape, 3);
      StreamingKeys keys(shaped, engine_.keys);
      const auto rotated = evaluator.Rotate(a, 3, keys);
      ASSERT_TRUE(rotated.ok()) << rotated.status().message();
      EXPECT_EQ(rotated->level, level);
      EXPECT_EQ(rotated->parts[0].limbs(), level + 1);
      EXPECT_LT(WorstError(engine_.Decrypt(*rotated), expected), kBound);
      EXPECT_LT(RootMeanSquareError(engine_.Decrypt(*rotated), expected), 8 * plain);
      EXPECT_EQ(static_cast<int>(keys.asked.size()), scheme::CostOfKey(shaped, level).chunks);
      EXPECT_EQ(keys.most_held, 1u);

      ASSERT_TRUE(engine_.keys.Generate(engine_.secret, shaped.RelinearizationKey(), level).ok());
      if (level >= 2) {  // below, the product does not fit
        const Ciphertext relinearized = *evaluator.Relinearize(evaluator.Copy(square), engine_.keys);
        EXPECT_LT(WorstError(engine_.Decrypt(relinearized), squares), kBound);
      }
      ++shapes;
    }
  }
  EXPECT_EQ(shapes, 9 + 8 + 7 + 6 + 5 + 4 + 3 + 2);
}

TEST_F(KeyShapeTest, TheBestShapeSavesWhatItPromises) {
  int smaller = 0;
  for (int level = 0; level <= 7; ++level) {
    const KeyShape shape = *scheme::BestShape(parameters_, level);
    if (shape.plain()) continue;
    const auto bytes = [&](const KeyId& key) {
      const uint64_t before = engine_.pool.bytes(MemoryClass::kKeys);
      EXPECT_TRUE(engine_.keys.Generate(engine_.secret, key, level).ok());
      return engine_.pool.bytes(MemoryClass::kKeys) - before;
    };
    const scheme::Parameters& shaped = At(shape).parameters();
    const uint64_t plain_bytes = bytes(parameters_.RotationKey(level + 1)),
                   shaped_bytes = bytes(shaped.RotationKey(level + 1));
    EXPECT_EQ(plain_bytes, scheme::CostOfKey(parameters_, level).chunks * parameters_.chunk_bytes());
    EXPECT_EQ(shaped_bytes, scheme::CostOfKey(shaped, level).chunks * parameters_.chunk_bytes());
    EXPECT_LE(shaped_bytes, plain_bytes);
    smaller += shaped_bytes < plain_bytes;
  }
  EXPECT_GE(smaller, 4);
}

TEST_F(KeyShapeTest, AKeyServesTheLevelsBelowItsOwnAndNoneAbove) {
  const KeyShape shape{4, 4};
  MakeRotation(shape, 5);
  const Evaluator evaluator = *engine_.evaluator.At(shape);
  for (int level = 4; level >= 0; --level) {
    const Ciphertext a = engine_.Encrypt(x_, level);
    EXPECT_LT(WorstError(engine_.Decrypt(*evaluator.Rotate(a, 5, engine_.keys)), Rotated(x_, 5)), kBound) << level;
  }
  const Ciphertext above = engine_.Encrypt(x_, 5);
  for (const Status& status : {evaluator.Rotate(above, 5, engine_.keys).status(), evaluator.Decompose(above).status(),
                               evaluator.Relinearize(*evaluator.Mul(above, above), engine_.keys).status(),
                               evaluator.SwitchSecret(above, 0, engine_.keys).status()}) {
    EXPECT_EQ(status.code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(status.message().find("level 5; 4 and below"), std::string::npos) << status.message();
  }
  // What needs no key is done at every level.
  EXPECT_LT(WorstError(engine_.Decrypt(*evaluator.Rescale(*evaluator.MulPlain(
                           engine_.Encrypt(x_, 7), engine_.Encode({1.0}, 7, parameters_.modulus(7))))),
                       x_),
            kBound);
  EXPECT_EQ(engine_.evaluator.At({4, 6}).status().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(engine_.keys.Generate(engine_.secret, {KeyKind::kRotation, 5, {4, 6}}, 4).code(),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(engine_.keys.Generate(engine_.secret, {KeyKind::kRotation, 5, {4, 3}}, 5).code(),
            ErrorCode::kInvalidArgument);
}

TEST_F(KeyShapeTest, HoistedIsPlainBitForBitAlsoOnThreads) {
  ThreadPool workers(3);
  for (const KeyShape& shape : {KeyShape{3, 1}, {3, 2}, {3, 4}, {0, 9}, {6, 3}}) {
    SCOPED_TRACE(shape.ToString());
    MakeRotation(shape, 7);
    const Evaluator parallel = *Evaluator(engine_.context, engine_.pool, &workers).At(shape);
    const Evaluator alone = *engine_.evaluator.At(shape);
    const Ciphertext a = engine_.Encrypt(x_, shape.level);
    const Ciphertext rotated = *alone.Rotate(a, 7, engine_.keys);
    EXPECT_TRUE(Equal(*parallel.Rotate(a, 7, engine_.keys), rotated, kN));
    EXPECT_TRUE(Equal(*alone.RotateHoisted(a, *parallel.Decompose(a), 7, engine_.keys), rotated, kN));
    EXPECT_EQ(alone.RotateHoisted(a, *engine_.evaluator.Decompose(a), 7, engine_.keys).status().code(),
              ErrorCode::kInvalidArgument);
    EXPECT_EQ(engine_.evaluator.RotateHoisted(a, *alone.Decompose(a), 7, engine_.keys).status().code(),
              ErrorCode::kInvalidArgument);
    engine_.pool.ResetPeaks();
    const uint64_t before = engine_.pool.bytes(MemoryClass::kScratch);
    EXPECT_TRUE(alone.Rotate(a, 7, engine_.keys).ok());
    EXPECT_EQ(engine_.pool.peak_bytes(MemoryClass::kScratch) - before,
              static_cast<uint64_t>(alone.ScratchSlots(shape.level)) * engine_.pool.slot_bytes());
  }
}

// No chunk is there for nothing, and none is another key's.
TEST_F(KeyShapeTest, EveryChunkMattersAndIsOfItsShapeAlone) {
  const KeyShape shape{3, 3}, other{3, 4};
  MakeRotation(shape, 3);
  MakeRotation(other, 3);
  engine_.MakeRotation(3);
  const scheme::Parameters& shaped = At(shape).parameters();
  const Evaluator evaluator = *engine_.evaluator.At(shape);
  const Ciphertext a = engine_.Encrypt(x_, 3);
  const Ciphertext right = *evaluator.Rotate(a, 3, engine_.keys);
  for (int digit = 0; digit < shaped.DigitCount(3); ++digit) {
    for (int limb = 0; limb < shaped.limb_count(); ++limb) {
      const auto chunk = engine_.keys.MutableChunk(shaped.RotationKey(3), digit, limb);
      const std::vector<uint64_t> saved(chunk.begin(), chunk.end());
      // The same modulus in the other keys: limbs 0..3 and the common special primes.
      const int plain_limb = limb < 6 ? (limb < 4 ? limb : limb + 4) : 4;
      const auto plain_chunk = engine_.keys.MutableChunk(parameters_.RotationKey(3), digit, plain_limb);
      EXPECT_FALSE(std::equal(chunk.begin(), chunk.end(), plain_chunk.begin()));
      std::copy(plain_chunk.begin(), plain_chunk.end(), chunk.begin());
      EXPECT_GT(WorstError(engine_.Decrypt(*evaluator.Rotate(a, 3, engine_.keys)), Rotated(x_, 3)), 1.0);
      const auto other_chunk = engine_.keys.MutableChunk(At(other).parameters().RotationKey(3), 0, limb);
      std::copy(other_chunk.begin(), other_chunk.end(), chunk.begin());
      EXPECT_GT(WorstError(engine_.Decrypt(*evaluator.Rotate(a, 3, engine_.keys)), Rotated(x_, 3)), 1.0);
      std::copy(saved.begin(), saved.end(), chunk.begin());
    }
  }
  EXPECT_TRUE(Equal(*evaluator.Rotate(a, 3, engine_.keys), right, kN));
}

// To a sparse secret at the lowest level and back to the first one at any: sparse-secret encapsulation's two keys.
TEST_F(KeyShapeTest, SecretsAreSwitchedBothWays) {
  const SecretKey sparse = *SecretKey::Generate(parameters_, {32});
  const KeyShape lowest{0, 1};
  ASSERT_TRUE(
      engine_.keys.GenerateSecretSwitch(engine_.secret, sparse, At(lowest).parameters().SecretSwitchKey(0), 0).ok());
  ASSERT_TRUE(engine_.keys.GenerateSecretSwitch(sparse, engine_.secret, parameters_.SecretSwitchKey(1), 7).ok());
  const auto decrypt = [&](const SecretKey& secret, const Ciphertext& a) {
    return engine_.encoder.Decode(*Decrypt(engine_.context, engine_.pool, secret, a), engine_.pool);
  };
  const Ciphertext a = engine_.Encrypt(x_, 0);
  const Ciphertext encapsulated = *engine_.evaluator.At(lowest)->SwitchSecret(a, 0, engine_.keys);
  EXPECT_LT(WorstError(decrypt(sparse, encapsulated), x_), kBound);
  EXPECT_GT(WorstError(decrypt(engine_.secret, encapsulated), x_), 1.0);
  const Ciphertext back = *engine_.evaluator.SwitchSecret(encapsulated, 1, engine_.keys);
  EXPECT_LT(WorstError(decrypt(engine_.secret, back), x_), kBound);

  const PublicKey sparse_public = *GeneratePublicKey(engine_.context, engine_.pool, sparse);
  for (const int level : {7, 3}) {
    const Ciphertext b = *Encrypt(engine_.context, engine_.pool, sparse_public, engine_.Encode(x_, level));
    EXPECT_LT(WorstError(decrypt(sparse, b), x_), kBound);
    EXPECT_LT(WorstError(decrypt(engine_.secret, *engine_.evaluator.SwitchSecret(b, 1, engine_.keys)), x_), kBound);
  }
  EXPECT_EQ(engine_.evaluator.SwitchSecret(a, 2, engine_.keys).status().code(), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace keymemrt::lattice
