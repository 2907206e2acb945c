// SPDX-License-Identifier: Apache-2.0
//
// Key switching: which chunks are used, in which order, with how much memory, and that it cannot be right by accident.
#include "lattice/evaluator/key_switch.h"

#include <gmpxx.h>

#include "lattice/evaluator/engine_test.h"

namespace keymemrt::lattice {
namespace {

constexpr size_t kN = 1024;

struct Gadget {
  std::vector<int> specials;  // bits
  int digit_size;
};

// The basis has eight limbs; digits from one limb to all of them.
class KeySwitchTest : public testing::TestWithParam<Gadget> {
 protected:
  KeySwitchTest()
      : engine_(TestParameters(10, {45, 45, 45, 45, 45, 45, 45, 45}, GetParam().specials, 40)),
        parameters_(engine_.parameters()),
        x_(RandomValues(512, 1)) {}
  double Bound() const { return 24.0 * kN / 0x1p40; }

  Engine engine_;
  const scheme::Parameters& parameters_;
  std::vector<double> x_;
};

INSTANTIATE_TEST_SUITE_P(EveryDigitSize, KeySwitchTest,
                         testing::Values(Gadget{{46}, 1}, Gadget{{60, 31}, 2}, Gadget{{60, 60, 18}, 3},
                                         Gadget{{60, 60, 60, 21}, 4}, Gadget{{60, 60, 60, 60, 60, 60, 21}, 8}),
                         [](const auto& info) { return "Limbs" + std::to_string(info.param.digit_size); });

TEST_P(KeySwitchTest, UsesTheChunksOfItsLevelOnceInOrderOneAtATime) {
  ASSERT_EQ(parameters_.digit_size(), GetParam().digit_size);
  engine_.MakeRotation(3);
  for (int level = 7; level >= 0; --level) {
    const Ciphertext a = engine_.Encrypt(x_, level);
    const Ciphertext expected = *engine_.evaluator.Rotate(a, 3, engine_.keys);
    EXPECT_LT(WorstError(engine_.Decrypt(expected), Rotated(x_, 3)), Bound()) << level;

    StreamingKeys streaming(parameters_, engine_.keys);
    const auto rotated = engine_.evaluator.Rotate(a, 3, streaming);
    ASSERT_TRUE(rotated.ok()) << rotated.status().message();
    EXPECT_TRUE(Equal(*rotated, expected, kN)) << level;
    EXPECT_EQ(streaming.most_held, 1u);
    std::vector<std::pair<int, int>> order;  // P first, then Q; within a limb the digits in turn
    for (int i = 0; i < parameters_.p_count() + level + 1; ++i) {
      const int limb = i < parameters_.p_count() ? parameters_.q_count() + i : i - parameters_.p_count();
      for (int digit = 0; digit < parameters_.DigitCount(level); ++digit) order.emplace_back(limb, digit);
    }
    EXPECT_EQ(streaming.asked, order);
    EXPECT_EQ(order.size(), static_cast<size_t>(parameters_.ChunkCount(level)));
  }
}

TEST_P(KeySwitchTest, AKeyMadeForALevelServesThatLevelAndThoseBelow) {
  ASSERT_TRUE(engine_.keys.Generate(engine_.secret, engine_.RotationKey(9), 4).ok());
  for (int level = 4; level >= 0; --level) {
    const auto rotated = engine_.evaluator.Rotate(engine_.Encrypt(x_, level), 9, engine_.keys);
    ASSERT_TRUE(rotated.ok()) << rotated.status().message();
    EXPECT_LT(WorstError(engine_.Decrypt(*rotated), Rotated(x_, 9)), Bound()) << level;
  }
  EXPECT_EQ(engine_.evaluator.Rotate(engine_.Encrypt(x_, 5), 9, engine_.keys).status().code(),
            ErrorCode::kInvalidArgument);
}

TEST_P(KeySwitchTest, HoistedIsPlainBitForBitAlsoOnThreads) {
  ThreadPool workers(3);
  const Evaluator parallel(engine_.context, engine_.pool, &workers);
  const Evaluator alone(engine_.context, engine_.pool, nullptr);
  for (const int64_t shift : {1, 6, -100}) engine_.MakeRotation(shift);
  engine_.MakeRelinearization();
  for (const int level : {7, 4, 2, 0}) {
    const Ciphertext a = engine_.Encrypt(x_, level);
    const Digits digits = *alone.Decompose(a), parallel_digits = *parallel.Decompose(a);
    ASSERT_EQ(digits.digits.size(), static_cast<size_t>(parameters_.DigitCount(level)));
    for (const int64_t shift : {1, 6, -100}) {
      const Ciphertext plain = *alone.Rotate(a, shift, engine_.keys);
      EXPECT_LT(WorstError(engine_.Decrypt(plain), Rotated(x_, shift)), Bound());
      EXPECT_TRUE(Equal(*alone.RotateHoisted(a, digits, shift, engine_.keys), plain, kN)) << level;
      EXPECT_TRUE(Equal(*parallel.RotateHoisted(a, parallel_digits, shift, engine_.keys), plain, kN)) << level;
      StreamingKeys streaming(parameters_, engine_.keys);
      EXPECT_TRUE(Equal(*parallel.Rotate(a, shift, streaming), plain, kN)) << level;
      EXPECT_LE(streaming.most_held, 3u);
    }
    const Ciphertext square = *alone.Mul(a, a);
    const Ciphertext relinearized = *alone.Relinearize(alone.Copy(square), engine_.keys);
    EXPECT_TRUE(Equal(*parallel.Relinearize(parallel.Copy(square), engine_.keys), relinearized, kN));
    if (level > 0) {
      EXPECT_TRUE(Equal(*parallel.Rescale(parallel.Copy(a)), *alone.Rescale(alone.Copy(a)), kN));
    }
  }
}

// The comparison of the other tests can fail: one wrong word in any chunk spoils the result.
TEST_P(KeySwitchTest, APerturbedChunkMakesTheResultWrong) {
  engine_.MakeRotation(3);
  const Ciphertext a = engine_.Encrypt(x_, 7);
  const Ciphertext right = *engine_.evaluator.Rotate(a, 3, engine_.keys);
  const KeyId key = engine_.RotationKey(3);
  for (const int digit : {0, parameters_.DigitCount(7) - 1}) {
    for (const int limb : {0, 7, 8, parameters_.limb_count() - 1}) {
      uint64_t& word = engine_.keys.MutableChunk(key, digit, limb)[17];
      const uint64_t saved = word;
      word = engine_.context.modulus(limb).Add(word, 1);
      const Ciphertext wrong = *engine_.evaluator.Rotate(a, 3, engine_.keys);
      EXPECT_FALSE(Equal(wrong, right, kN)) << digit << " " << limb;
      EXPECT_GT(WorstError(engine_.Decrypt(wrong), Rotated(x_, 3)), 1.0) << digit << " " << limb;
      word = saved;
    }
  }
  EXPECT_TRUE(Equal(*engine_.evaluator.Rotate(a, 3, engine_.keys), right, kN));
}

TEST_P(KeySwitchTest, TheKeyOfAnotherShiftIsWrong) {
  engine_.MakeRotation(3);
  engine_.MakeRotation(4);
  const KeyId three = engine_.RotationKey(3), four = engine_.RotationKey(4);
  for (int digit = 0; digit < parameters_.DigitCount(7); ++digit) {
    for (int limb = 0; limb < parameters_.limb_count(); ++limb) {
      const auto from = engine_.keys.MutableChunk(four, digit, limb),
                 to = engine_.keys.MutableChunk(three, digit, limb);
      std::copy(from.begin(), from.end(), to.begin());
    }
  }
  const Ciphertext wrong = *engine_.evaluator.Rotate(engine_.Encrypt(x_, 7), 3, engine_.keys);
  EXPECT_GT(WorstError(engine_.Decrypt(wrong), Rotated(x_, 3)), 1.0);
  EXPECT_GT(WorstError(engine_.Decrypt(wrong), Rotated(x_, 4)), 1.0);
}

TEST_P(KeySwitchTest, ErrorsOfTheSourceAreReturnedAndNothingIsLeftBehind) {
  engine_.MakeRotation(3);
  engine_.MakeRelinearization();
  ThreadPool workers(3);
  const Evaluator parallel(engine_.context, engine_.pool, &workers);
  const Ciphertext a = engine_.Encrypt(x_, 7), square = *parallel.Mul(a, a);
  const uint64_t before = engine_.pool.bytes(MemoryClass::kScratch) + engine_.pool.bytes(MemoryClass::kCiphertexts);
  for (int chunks = 0; chunks < parameters_.ChunkCount(7); ++chunks) {
    for (const Evaluator* evaluator : {&std::as_const(engine_.evaluator), &parallel}) {
      StreamingKeys streaming(parameters_, engine_.keys);
      streaming.fail_after = chunks;
      const Status status = evaluator->Rotate(a, 3, streaming).status();
      EXPECT_EQ(status.code(), ErrorCode::kCorrupt);
      EXPECT_NE(status.message().find("rotation-"), std::string::npos) << status.message();
    }
  }
  StreamingKeys streaming(parameters_, engine_.keys);
  streaming.fail_after = 0;
  EXPECT_EQ(parallel.Relinearize(parallel.Copy(square), streaming).status().code(), ErrorCode::kCorrupt);
  EXPECT_EQ(engine_.pool.bytes(MemoryClass::kScratch) + engine_.pool.bytes(MemoryClass::kCiphertexts), before);
}

TEST_P(KeySwitchTest, NoOperationTakesMoreScratchThanItSays) {
  engine_.MakeRotation(3);
  engine_.MakeRelinearization();
  for (const int threads : {1, 2, 3}) {
    ThreadPool workers(threads);
    const Evaluator evaluator(engine_.context, engine_.pool, &workers);
    for (const int level : {7, 4, 1, 0}) {
      const Ciphertext a = engine_.Encrypt(x_, level);
      const Plaintext p = engine_.Encode(x_, level);
      const auto scratch = [&](auto operation) {
        engine_.pool.ResetPeaks();
        const uint64_t before = engine_.pool.bytes(MemoryClass::kScratch);
        EXPECT_TRUE(operation().ok());
        return static_cast<int>((engine_.pool.peak_bytes(MemoryClass::kScratch) - before) / engine_.pool.slot_bytes());
      };
      const int most = evaluator.ScratchSlots(level);
      const int rotate = scratch([&] { return evaluator.Rotate(a, 3, engine_.keys); });
      if (threads == 1) {
        EXPECT_EQ(rotate, most) << level;
      } else {
        EXPECT_LE(rotate, most) << level;
      }
      EXPECT_LE(scratch([&] { return evaluator.Decompose(a); }), most);
      const Digits digits = *evaluator.Decompose(a);
      EXPECT_LE(scratch([&] { return evaluator.RotateHoisted(a, digits, 3, engine_.keys); }), most);
      EXPECT_LE(scratch([&] { return evaluator.Relinearize(*evaluator.Mul(a, a), engine_.keys); }), most);
      EXPECT_LE(scratch([&] { return evaluator.Add(evaluator.Copy(a), a); }), most);
      EXPECT_LE(scratch([&] { return evaluator.AddPlain(evaluator.Copy(a), p); }), most);
      EXPECT_LE(scratch([&] { return evaluator.MulPlain(a, p); }), most);
      if (level > 0) {
        EXPECT_LE(scratch([&] { return evaluator.Rescale(*evaluator.Mul(a, a)); }), most);
      }
    }
  }
}

mpz_class Big(uint64_t x) {
  return mpz_class(std::to_string(x));
}

uint64_t Residue(const mpz_class& x, uint64_t q) {
  mpz_class r = x % Big(q);
  if (r < 0) r += Big(q);
  return mpz_get_ui(r.get_mpz_t());
}

// Symmetric coefficients modulo q_0..q_level by GMP's CRT.
std::vector<mpz_class> Coefficients(const Context& context, const Poly& poly, int level) {
  std::vector<mpz_class> x(kN);
  mpz_class product = 1;
  for (int limb = 0; limb <= level; ++limb) {
    const mpz_class q = Big(context.modulus(limb).value());
    std::vector<uint64_t> words(poly.limb(limb), poly.limb(limb) + kN);
    context.kernels().ntt_inverse(words.data(), context.ntt(limb));
    mpz_class inverse;
    mpz_invert(inverse.get_mpz_t(), product.get_mpz_t(), q.get_mpz_t());
    for (size_t i = 0; i < kN; ++i)
      x[i] += Residue((Big(words[i]) - x[i]) * inverse, context.modulus(limb).value()) * product;
    product *= q;
  }
  for (mpz_class& value : x) {
    if (value > product / 2) value -= product;
  }
  return x;
}

// floor(x / d + 1/2), d odd.
mpz_class RoundedQuotient(const mpz_class& x, const mpz_class& d) {
  mpz_class quotient;
  mpz_fdiv_q(quotient.get_mpz_t(), mpz_class(2 * x + d).get_mpz_t(), mpz_class(2 * d).get_mpz_t());
  return quotient;
}

TEST_P(KeySwitchTest, RescaleIsTheRoundedQuotientOfGmp) {
  const Ciphertext a = engine_.Encrypt(x_, 5);  // its second part is uniform: coefficients of every size
  const Ciphertext b = *engine_.evaluator.Rescale(engine_.evaluator.Copy(a));
  for (size_t part = 0; part < 2; ++part) {
    const auto before = Coefficients(engine_.context, a.parts[part], 5),
               after = Coefficients(engine_.context, b.parts[part], 4);
    mpz_class q = 1;
    for (int limb = 0; limb <= 4; ++limb) q *= Big(parameters_.modulus(limb));
    for (size_t i = 0; i < kN; ++i) {
      // At the very ends the quotient may leave (-Q/2, Q/2): compare modulo Q.
      ASSERT_TRUE((RoundedQuotient(before[i], Big(parameters_.modulus(5))) - after[i]) % q == 0) << part << " " << i;
    }
  }
}

// Every extended digit is the symmetric representative of the input modulo the digit's limbs, for all limbs.
TEST_P(KeySwitchTest, DecomposeIsExactAgainstGmp) {
  for (const int level : {7, 3}) {
    const Ciphertext a = engine_.Encrypt(x_, level);
    const Digits digits = *engine_.evaluator.Decompose(a);
    const auto whole = Coefficients(engine_.context, a.parts[1], level);
    for (int digit = 0; digit < parameters_.DigitCount(level); ++digit) {
      mpz_class f = 1;
      for (int limb = parameters_.DigitBegin(digit); limb < parameters_.DigitEnd(digit, level); ++limb) {
        f *= Big(parameters_.modulus(limb));
      }
      for (int index = 0; index < level + 1 + parameters_.p_count(); ++index) {
        const int limb = index <= level ? index : index - level - 1 + parameters_.q_count();
        const uint64_t* out = digits.digits[static_cast<size_t>(digit)].limb(index);
        std::vector<uint64_t> words(out, out + kN);
        engine_.context.kernels().ntt_inverse(words.data(), engine_.context.ntt(limb));
        for (size_t i = 0; i < kN; ++i) {
          mpz_class centered = whole[i] % f;
          if (centered > f / 2) centered -= f;
          if (centered < -f / 2) centered += f;
          ASSERT_EQ(words[i], Residue(centered, parameters_.modulus(limb))) << digit << " " << limb << " " << i;
        }
      }
    }
  }
}

// ModDown: with a key whose chunks are known numbers the switched pair is the rounded quotient by P, computed by GMP.
class KnownKeys : public KeySource, public KeyUse {
 public:
  KnownKeys(const Engine& engine, std::vector<mpz_class> b) : engine_(engine), b_(std::move(b)) {}
  const Seed& a_seed() const override { return seed_; }
  Result<std::unique_ptr<KeyUse>> Acquire(const KeyId&, int) override {
    return std::unique_ptr<KeyUse>(new KnownKeys(engine_, b_));
  }
  Result<std::span<const uint64_t>> Chunk(int digit, int limb) override {
    words_.assign(kN, 0);
    // The constant b_[digit] in every evaluation.
    std::fill(words_.begin(), words_.end(),
              Residue(b_[static_cast<size_t>(digit)], engine_.parameters().modulus(limb)));
    return std::span<const uint64_t>(words_);
  }
  void Done(int, int) override {}

 private:
  const Engine& engine_;
  std::vector<mpz_class> b_;
  std::vector<uint64_t> words_;
  Seed seed_{};
};

TEST_P(KeySwitchTest, ModDownIsTheRoundedQuotientOfGmp) {
  const int level = 6;
  const Ciphertext a = engine_.Encrypt(x_, level);
  const auto whole = Coefficients(engine_.context, a.parts[1], level);
  mpz_class p = 1, q = 1;
  for (int i = 0; i < parameters_.p_count(); ++i) p *= Big(parameters_.modulus(parameters_.q_count() + i));
  for (int limb = 0; limb <= level; ++limb) q *= Big(parameters_.modulus(limb));
  gmp_randclass random(gmp_randinit_default);
  random.seed(5);
  std::vector<mpz_class> b, f;
  for (int digit = 0; digit < parameters_.DigitCount(level); ++digit) {
    b.push_back(random.get_z_range(p * q));
    f.emplace_back(1);
    for (int limb = parameters_.DigitBegin(digit); limb < parameters_.DigitEnd(digit, level); ++limb) {
      f.back() *= Big(parameters_.modulus(limb));
    }
  }
  KnownKeys keys(engine_, b);
  const Workspace work{engine_.context, engine_.pool, nullptr};
  const ModUpDigits digits(work, a.parts[1], level);
  Poly switched(engine_.pool, MemoryClass::kScratch, level + 1);
  ASSERT_TRUE(SwitchKey(
                  work, level,
                  [&](int digit, int limb, uint64_t* scratch) { return digits.Limb(digit, limb, scratch); },
                  {KeyKind::kRotation, 5}, keys,
                  [&](int limb, uint64_t* part0, uint64_t*) { std::copy_n(part0, kN, switched.limb(limb)); })
                  .ok());
  const auto result = Coefficients(engine_.context, switched, level);
  for (size_t i = 0; i < kN; ++i) {
    mpz_class sum = 0;
    for (size_t digit = 0; digit < b.size(); ++digit) {
      mpz_class centered = whole[i] % f[digit];
      if (centered > f[digit] / 2) centered -= f[digit];
      if (centered < -f[digit] / 2) centered += f[digit];
      sum += centered * b[digit];
    }
    ASSERT_TRUE((RoundedQuotient(sum, p) - result[i]) % q == 0) << i;
  }
}

}  // namespace
}  // namespace keymemrt::lattice
