// SPDX-License-Identifier: Apache-2.0
//
// Every form, decrypted and compared with doubles and with the other forms.
//
// Bound (docs/linear-transforms.md): a fresh encryption and each key switch are off by at most 8*N in a slot, before
// the scale is divided out (evaluator_test.cpp); a product with a diagonal multiplies that by the diagonal's values,
// and adds the diagonal's own rounding, at most sqrt(N)/scale, times the input. The diagonals of the tests are random,
// so the errors of D products add up in squares; with values of at most 1 a result is off by at most
//   sqrt(D * (1 + c)) * 8*N / x.scale + sqrt(D * N) / scale + sqrt(g) * 8*N / (x.scale * scale),
// c the most key switches that a rotated input has behind it (kMinimumKey: all babies; else 1), g those of giants.
#include "lattice/linear/linear_transform.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <random>

#include "lattice/evaluator/engine_test.h"

namespace keymemrt::lattice {
namespace {

using circuit::LinearTransformForm;
using circuit::LinearTransformPlan;

using Form = LinearTransformForm;
using Matrix = std::vector<std::vector<double>>;  // [row]: the diagonal

// Notes the keys asked for.
class CountingKeys : public KeySource {
 public:
  explicit CountingKeys(KeySource& keys) : keys_(keys) {}
  const Seed& a_seed() const override { return keys_.a_seed(); }
  Result<std::unique_ptr<KeyUse>> Acquire(const KeyId& key, int level) override {
    asked.push_back(key);
    levels.insert(level);
    return keys_.Acquire(key, level);
  }

  std::vector<KeyId> asked;
  std::set<int> levels;

 private:
  KeySource& keys_;
};

std::vector<double> Expected(const std::vector<int64_t>& indices, const Matrix& rows, const std::vector<double>& x) {
  std::vector<double> y(x.size());
  for (size_t r = 0; r < rows.size(); ++r) {
    const std::vector<double> rotated = Rotated(x, indices[r]);
    for (size_t i = 0; i < x.size(); ++i) y[i] += rows[r][i % rows[r].size()] * rotated[i];
  }
  return y;
}

class LinearTransformTest : public testing::Test {
 protected:
  explicit LinearTransformTest(int log_n = 10, std::vector<int> q = {60, 45, 45, 45, 45, 45},
                               std::vector<int> p = {60, 60}, int log_scale = 45)
      : engine_(TestParameters(log_n, q, p, log_scale)), x_(RandomValues(engine_.parameters().slots(), 1)) {}

  int64_t slots() const { return static_cast<int64_t>(engine_.parameters().slots()); }
  double Scale() const { return engine_.parameters().default_scale(); }
  Workspace Work() { return {engine_.context, engine_.pool, &engine_.workers}; }

  LinearTransformPlan Plan(const std::vector<int64_t>& indices, Form form, int64_t baby_step = 0) {
    return *LinearTransformPlan::Make(indices, slots(), form, baby_step);
  }
  void MakeKeys(const LinearTransformPlan& plan) {
    for (const int64_t shift : plan.keys) {
      if (made_.insert(shift).second) engine_.MakeRotation(shift);
    }
  }
  Matrix RandomRows(size_t count, uint64_t seed, size_t size = 0) {
    Matrix rows;
    for (size_t r = 0; r < count; ++r) {
      rows.push_back(RandomValues(size == 0 ? x_.size() : size, seed * 1000 + r));
    }
    return rows;
  }
  static Diagonals Of(const Matrix& rows) {
    return [&rows](size_t row) -> Result<std::span<const double>> { return std::span<const double>(rows[row]); };
  }
  double Bound(const LinearTransformPlan& plan, const Ciphertext& x, double scale) const {
    const double n = static_cast<double>(engine_.context.n()), d = static_cast<double>(plan.terms.size());
    const double chain = plan.form == Form::kMinimumKey ? static_cast<double>(plan.rotations.size()) : 1;
    return std::sqrt(d * (1 + chain)) * 8 * n / x.scale + std::sqrt(d * n) / scale +
           std::sqrt(static_cast<double>(plan.rotations.size())) * 8 * n / (x.scale * scale);
  }

  // All forms at one level: against doubles, against the first form, keys as planned.
  void CheckForms(const std::vector<int64_t>& indices, const Matrix& rows, int level, double scale,
                  int64_t baby_step = 0) {
    const std::vector<double> expected = Expected(indices, rows, x_);
    const Ciphertext x = engine_.Encrypt(x_, level);
    std::vector<double> first;
    double first_bound = 0;
    for (const Form form : circuit::kLinearTransformForms) {
      SCOPED_TRACE(fmt::format("{} at level {}", ToString(form), level));
      const LinearTransformPlan plan = Plan(indices, form, baby_step);
      MakeKeys(plan);
      CountingKeys keys(engine_.keys);
      const auto y = ApplyLinearTransform(Work(), engine_.encoder, plan, x, Of(rows), scale, keys);
      ASSERT_TRUE(y.ok()) << y.status().message();
      EXPECT_EQ(y->level, level);
      EXPECT_EQ(y->scale, x.scale * scale);
      ASSERT_EQ(y->parts.size(), 2u);
      EXPECT_EQ(y->parts[0].limbs(), level + 1);
      EXPECT_EQ(y->parts[1].limbs(), level + 1);

      std::vector<KeyId> planned;
      for (const int64_t shift : plan.rotations) planned.push_back(engine_.RotationKey(shift));
      EXPECT_EQ(keys.asked, planned);
      if (!planned.empty()) {
        EXPECT_EQ(keys.levels, std::set<int>{level});
      }

      const std::vector<double> values = engine_.Decrypt(*y);
      const double bound = Bound(plan, x, scale);
      EXPECT_LT(WorstError(values, expected), bound);
      if (first.empty()) {
        first = values;
        first_bound = bound;
      }
      EXPECT_LT(WorstError(values, first), bound + first_bound);
    }
  }

  Engine engine_;
  std::vector<double> x_;
  std::set<int64_t> made_;
};

std::vector<int64_t> Range(int64_t first, int64_t count, int64_t stride = 1) {
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < count; ++i) indices.push_back(first + i * stride);
  return indices;
}

TEST_F(LinearTransformTest, DenseAtEveryLevel) {
  const std::vector<int64_t> indices = Range(0, 24);
  const Matrix rows = RandomRows(24, 1);
  for (int level = 5; level >= 1; --level) CheckForms(indices, rows, level, Scale(), 8);
}

// One limb of Q: the scales must leave room below 2^60.
TEST_F(LinearTransformTest, AtTheLastLevel) {
  CheckForms(Range(0, 8), RandomRows(8, 2), 0, 0x1p10);
}

TEST_F(LinearTransformTest, ChosenBabySteps) {
  CheckForms(Range(0, 32), RandomRows(32, 3), 4, Scale());
  CheckForms(Range(0, 12, 28), RandomRows(12, 4), 3, Scale());
}

TEST_F(LinearTransformTest, NegativeAndBeyondTheSlots) {
  CheckForms({-1, 0, 1, -28, -27, -29, 27, 28, 29}, RandomRows(9, 5), 3, Scale());
  CheckForms({-512, 513, 1025, -3, 700}, RandomRows(5, 6), 2, Scale());
}

TEST_F(LinearTransformTest, OneDiagonal) {
  CheckForms({5}, RandomRows(1, 7), 3, Scale());
  CheckForms({-5}, RandomRows(1, 8), 3, Scale());
}

TEST_F(LinearTransformTest, OnlyTheMainDiagonal) {
  CheckForms({0}, RandomRows(1, 9), 3, Scale());
  CheckForms({512, 0}, RandomRows(2, 10), 1, Scale());  // twice the same: added
}

TEST_F(LinearTransformTest, AllOfOneGiant) {
  CheckForms({16, 17, 19, 22}, RandomRows(4, 11), 3, Scale(), 8);
  CheckForms({1, 2, 3}, RandomRows(3, 12), 3, Scale(), 8);
}

TEST_F(LinearTransformTest, AllOfOneBaby) {
  CheckForms({0, 8, 16, 40}, RandomRows(4, 13), 3, Scale(), 8);
  CheckForms({8, 16, 40}, RandomRows(3, 14), 3, Scale(), 8);
}

// A kernel's rows within blocks of channels, around zero: chains with two gaps and one across zero.
TEST_F(LinearTransformTest, RowsWithinChannelBlocks) {
  std::vector<int64_t> indices;
  for (const int64_t block : {-64, 0, 64, 128}) {
    for (const int64_t row : {-8, 0, 8}) {
      for (const int64_t column : {-1, 0, 1}) indices.push_back(block + row + column);
    }
  }
  const LinearTransformPlan horner = Plan(indices, Form::kHorner, 8);
  EXPECT_EQ(horner.rotations.size(), 3u + 11);
  EXPECT_EQ(horner.keys.size(), 3u + 2);
  CheckForms(indices, RandomRows(indices.size(), 18), 3, Scale(), 8);
}

TEST_F(LinearTransformTest, RandomSparseSets) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 4; ++round) {
    SCOPED_TRACE(round);
    std::vector<int64_t> indices(1 + random() % 10);
    for (int64_t& index : indices) index = static_cast<int64_t>(random() % 64) - 32;
    CheckForms(indices, RandomRows(indices.size(), 20 + static_cast<uint64_t>(round)),
               1 + static_cast<int>(random() % 5), Scale());
  }
}

TEST_F(LinearTransformTest, ShortDiagonalsAreRepeated) {
  CheckForms(Range(-3, 12), RandomRows(12, 15, 64), 3, Scale(), 4);
  CheckForms({1, 100}, RandomRows(2, 16, 1), 3, Scale());
}

// Coefficients beyond 2^50: plaintexts of several pieces.
TEST_F(LinearTransformTest, LargePlaintextScales) {
  CheckForms(Range(0, 6), RandomRows(6, 17), 5, 0x1p90, 2);
}

// Complex diagonals of different periods, with plain keys and with keys of a shape.
TEST_F(LinearTransformTest, ComplexDiagonals) {
  const std::vector<int64_t> indices = {-3, -1, 0, 1, 2, 4, 8, 9};
  std::vector<std::vector<std::complex<double>>> rows;
  std::vector<double> expected_re(x_.size()), expected_im(x_.size());
  for (size_t r = 0; r < indices.size(); ++r) {
    const std::vector<double> values = RandomValues(2 * (x_.size() >> (r % 3)), 800 + r);
    std::vector<std::complex<double>>& row = rows.emplace_back();
    for (size_t i = 0; i < values.size(); i += 2) row.emplace_back(values[i], values[i + 1]);
    const std::vector<double> rotated = Rotated(x_, indices[r]);
    for (size_t i = 0; i < x_.size(); ++i) {
      const std::complex<double> product = row[i % row.size()] * rotated[i];
      expected_re[i] += product.real();
      expected_im[i] += product.imag();
    }
  }
  const ComplexDiagonals diagonals = [&](size_t row) -> Result<std::span<const std::complex<double>>> {
    return std::span<const std::complex<double>>(rows[row]);
  };
  const Ciphertext x = engine_.Encrypt(x_, 2);
  for (const scheme::KeyShape& shape : {scheme::KeyShape{}, scheme::KeyShape{2, 4}}) {
    const Context& context = **engine_.context.At(shape);
    for (const Form form : circuit::kLinearTransformForms) {
      SCOPED_TRACE(ToString(form));
      const LinearTransformPlan plan = Plan(indices, form);
      MemoryKeys keys(engine_.context, engine_.pool, *RandomSeed());
      for (const int64_t shift : plan.keys) {
        ASSERT_TRUE(keys.Generate(engine_.secret, context.parameters().RotationKey(shift), 2).ok());
      }
      const Workspace work{context, engine_.pool, &engine_.workers};
      const auto y = ApplyLinearTransform(work, engine_.encoder, plan, x, diagonals, Scale(), keys);
      ASSERT_TRUE(y.ok()) << y.status().message();
      const auto values =
          engine_.encoder.DecodeComplex(*Decrypt(engine_.context, engine_.pool, engine_.secret, *y), engine_.pool);
      for (size_t i = 0; i < values.size(); ++i) {
        EXPECT_LT(std::abs(values[i] - std::complex(expected_re[i], expected_im[i])), 2 * Bound(plan, x, Scale()));
      }
    }
  }
}

TEST_F(LinearTransformTest, RescaledResultsCarryOn) {
  const std::vector<int64_t> indices = Range(0, 8);
  const Matrix rows = RandomRows(8, 18);
  const LinearTransformPlan plan = Plan(indices, Form::kDoubleHoisted);
  MakeKeys(plan);
  const Ciphertext x = engine_.Encrypt(x_, 3);
  const double scale = static_cast<double>(engine_.parameters().modulus(3));
  Ciphertext y = *ApplyLinearTransform(Work(), engine_.encoder, plan, x, Of(rows), scale, engine_.keys);
  y = *engine_.evaluator.Rescale(std::move(y));
  EXPECT_EQ(y.scale, x.scale);
  EXPECT_LT(WorstError(engine_.Decrypt(y), Expected(indices, rows, x_)),
            Bound(plan, x, scale) + 8.0 * static_cast<double>(engine_.context.n()) / y.scale);
}

// The comparison can fail.
TEST_F(LinearTransformTest, SeesADroppedDiagonalAndADamagedKey) {
  const std::vector<int64_t> indices = Range(0, 16);
  const Matrix rows = RandomRows(16, 19);
  Matrix dropped = rows;
  std::fill(dropped[11].begin(), dropped[11].end(), 0.0);
  const Ciphertext x = engine_.Encrypt(x_, 3);
  for (const Form form : circuit::kLinearTransformForms) {
    const LinearTransformPlan plan = Plan(indices, form, 4);
    MakeKeys(plan);
    const auto run = [&](const Matrix& matrix) {
      return engine_.Decrypt(
          *ApplyLinearTransform(Work(), engine_.encoder, plan, x, Of(matrix), Scale(), engine_.keys));
    };
    EXPECT_GT(WorstError(run(dropped), Expected(indices, rows, x_)), 0.1) << ToString(form);
    EXPECT_LT(WorstError(run(rows), Expected(indices, rows, x_)), Bound(plan, x, Scale())) << ToString(form);
    const std::span<uint64_t> chunk = engine_.keys.MutableChunk(engine_.RotationKey(plan.keys.back()), 0, 1);
    chunk[5] ^= 1;
    EXPECT_GT(WorstError(run(rows), Expected(indices, rows, x_)), 1) << ToString(form);
    chunk[5] ^= 1;
  }
}

TEST_F(LinearTransformTest, ThreadsDoNotChangeTheResult) {
  const std::vector<int64_t> indices = {-9, -3, 0, 1, 2, 5, 8, 13, 21, 34};
  const Matrix rows = RandomRows(indices.size(), 21);
  const Ciphertext x = engine_.Encrypt(x_, 4);
  for (const Form form : circuit::kLinearTransformForms) {
    const LinearTransformPlan plan = Plan(indices, form);
    MakeKeys(plan);
    const auto run = [&](ThreadPool* threads) {
      const Workspace work{engine_.context, engine_.pool, threads};
      return *ApplyLinearTransform(work, engine_.encoder, plan, x, Of(rows), Scale(), engine_.keys);
    };
    const Ciphertext alone = run(nullptr);
    for (const int threads : {1, 2, 5}) {
      ThreadPool workers(threads);
      EXPECT_TRUE(Equal(run(&workers), alone, engine_.context.n())) << ToString(form) << " on " << threads;
    }
  }
}

// Chunks one at a time, destroyed after use; rows in the order of the plan, the last one gone when the next is asked
// for.
TEST_F(LinearTransformTest, HoldsNeitherKeysNorDiagonals) {
  const std::vector<int64_t> indices = Range(0, 12);
  const Matrix rows = RandomRows(12, 22);
  const Ciphertext x = engine_.Encrypt(x_, 2);
  for (const Form form : circuit::kLinearTransformForms) {
    const LinearTransformPlan plan = Plan(indices, form, 4);
    MakeKeys(plan);
    const Ciphertext expected =
        *ApplyLinearTransform(Work(), engine_.encoder, plan, x, Of(rows), Scale(), engine_.keys);

    const size_t chunks = static_cast<size_t>(engine_.parameters().ChunkCount(2));
    std::vector<size_t> asked;
    std::vector<double> current;
    const Diagonals diagonals = [&](size_t row) -> Result<std::span<const double>> {
      std::fill(current.begin(), current.end(), std::numeric_limits<double>::quiet_NaN());
      asked.push_back(row);
      current = rows[row];
      return std::span<const double>(current);
    };
    StreamingKeys streaming(engine_.parameters(), engine_.keys);
    const auto y = ApplyLinearTransform(Work(), engine_.encoder, plan, x, diagonals, Scale(), streaming);
    ASSERT_TRUE(y.ok()) << y.status().message();
    EXPECT_TRUE(Equal(*y, expected, engine_.context.n())) << ToString(form);
    EXPECT_EQ(streaming.most_held, 1u);
    EXPECT_EQ(streaming.asked.size(), chunks * plan.rotations.size());
    std::vector<size_t> planned;
    for (const auto& term : plan.terms) planned.push_back(term.row);
    EXPECT_EQ(asked, planned);
  }
}

TEST_F(LinearTransformTest, SaysWhichKeyIsMissing) {
  const std::vector<int64_t> indices = Range(0, 12);
  const Matrix rows = RandomRows(12, 23);
  const Ciphertext x = engine_.Encrypt(x_, 2);
  for (const Form form : circuit::kLinearTransformForms) {
    const LinearTransformPlan plan = Plan(indices, form, 4);
    for (const int64_t missing : plan.keys) {
      MemoryKeys keys(engine_.context, engine_.pool, *RandomSeed());
      for (const int64_t shift : plan.keys) {
        if (shift == missing) continue;
        ASSERT_TRUE(keys.Generate(engine_.secret, engine_.RotationKey(shift), 2).ok());
      }
      const auto y = ApplyLinearTransform(Work(), engine_.encoder, plan, x, Of(rows), Scale(), keys);
      ASSERT_FALSE(y.ok()) << ToString(form);
      EXPECT_EQ(y.status().code(), ErrorCode::kInvalidArgument);
      EXPECT_NE(y.status().message().find(engine_.RotationKey(missing).ToString()), std::string::npos)
          << y.status().message();
    }
  }
}

TEST_F(LinearTransformTest, EndsInTheErrorsOfWhatItReads) {
  const std::vector<int64_t> indices = Range(0, 12);
  const Matrix rows = RandomRows(12, 24);
  const Ciphertext x = engine_.Encrypt(x_, 2);
  for (const Form form : circuit::kLinearTransformForms) {
    const LinearTransformPlan plan = Plan(indices, form, 4);
    MakeKeys(plan);
    const auto run = [&](const Ciphertext& input, const Diagonals& diagonals, double scale, KeySource& keys) {
      return ApplyLinearTransform(Work(), engine_.encoder, plan, input, diagonals, scale, keys).status();
    };
    // A damaged chunk, wherever it is.
    const int chunks = engine_.parameters().ChunkCount(2) * plan.key_switches();
    for (const int fail_after : {0, 1, chunks / 2, chunks - 1}) {
      StreamingKeys streaming(engine_.parameters(), engine_.keys);
      streaming.fail_after = fail_after;
      EXPECT_EQ(run(x, Of(rows), Scale(), streaming).code(), ErrorCode::kCorrupt) << fail_after;
    }
    const Diagonals unreadable = [&](size_t row) -> Result<std::span<const double>> {
      if (row == 7) return Corrupt("row 7 is torn");
      return std::span<const double>(rows[row]);
    };
    EXPECT_EQ(run(x, unreadable, Scale(), engine_.keys).code(), ErrorCode::kCorrupt);
    Matrix odd = rows;
    odd[3].resize(500);
    EXPECT_NE(run(x, Of(odd), Scale(), engine_.keys).message().find("row 3"), std::string::npos);
    odd[3].clear();
    EXPECT_EQ(run(x, Of(odd), Scale(), engine_.keys).code(), ErrorCode::kInvalidArgument);
    Matrix huge = rows;
    huge[9][100] = 1e200;
    const Status status = run(x, Of(huge), Scale(), engine_.keys);
    EXPECT_EQ(status.code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(status.message().find("row 9"), std::string::npos) << status.message();
    EXPECT_EQ(run(x, Of(rows), -1, engine_.keys).code(), ErrorCode::kInvalidArgument);
    const Ciphertext three = *engine_.evaluator.Mul(x, x);
    EXPECT_EQ(run(three, Of(rows), Scale(), engine_.keys).code(), ErrorCode::kInvalidArgument);
  }
  const auto other = LinearTransformPlan::Make(indices, 1024, Form::kHorner);
  EXPECT_EQ(ApplyLinearTransform(Work(), engine_.encoder, *other, x, Of(rows), Scale(), engine_.keys).status().code(),
            ErrorCode::kInvalidArgument);
}

// After every step and within it, in the pool; and the steps in a row are ApplyLinearTransform, bit for bit.
TEST_F(LinearTransformTest, MemoryOfEveryStepIsWhatIsStated) {
  const int level = 3;
  const Ciphertext x = engine_.Encrypt(x_, level);
  const Matrix rows = RandomRows(32, 25);
  const std::vector<std::vector<int64_t>> sets = {Range(0, 32), Range(-3, 20), {0, 8, 16, 40}, {1, 9, 200}, {5}, {0}};
  for (const std::vector<int64_t>& indices : sets) {
    for (const Form form : circuit::kLinearTransformForms) {
      SCOPED_TRACE(fmt::format("{} from {} on, {}", indices.size(), indices[0], ToString(form)));
      const LinearTransformPlan plan = Plan(indices, form, 8);
      MakeKeys(plan);
      const auto bytes = [&](MemoryClass c) { return engine_.pool.bytes(c); };
      const uint64_t keys = bytes(MemoryClass::kKeys), before = bytes(MemoryClass::kCiphertexts);
      const auto slots = [&](uint64_t total) { return static_cast<int>((total - before) / engine_.pool.slot_bytes()); };
      const std::vector<LinearTransformSlots> stated = LinearTransformMemory(engine_.parameters(), plan, level, 1);
      ASSERT_EQ(stated.size(), plan.steps.size());
      size_t step = 0;
      int most = 0, most_stated = 0;
      const auto check = [&] {
        SCOPED_TRACE(step);
        EXPECT_EQ(slots(bytes(MemoryClass::kCiphertexts)), stated[step].held);
        EXPECT_EQ(bytes(MemoryClass::kPlaintexts) + bytes(MemoryClass::kScratch), 0u);
        const int peak = slots(engine_.pool.peak_total_bytes() - keys);
        EXPECT_LE(peak, stated[step].most);
        most = std::max(most, peak);
        most_stated = std::max(most_stated, stated[step].most);
        engine_.pool.ResetPeaks();
        ++step;
      };
      engine_.pool.ResetPeaks();
      LinearTransform transform = *LinearTransform::Begin(Work(), plan, x, Scale());
      check();
      for (; transform.next().kind == circuit::LinearTransformStep::Kind::kBaby; check()) {
        ASSERT_TRUE(transform.Baby(Work(), engine_.encoder, x, Of(rows), engine_.keys).ok());
      }
      for (; transform.next().kind == circuit::LinearTransformStep::Kind::kGiant; check()) {
        ASSERT_TRUE(transform.Giant(Work(), engine_.keys).ok());
      }
      const Ciphertext y = std::move(transform).Finish(Work());
      check();
      EXPECT_EQ(step, plan.steps.size());
      EXPECT_GE(most, most_stated * 3 / 4);
      EXPECT_TRUE(Equal(y, *ApplyLinearTransform(Work(), engine_.encoder, plan, x, Of(rows), Scale(), engine_.keys),
                        engine_.context.n()));
    }
  }
}

// Prime sizes of a real set, with 128-bit security.
class SecureLinearTransformTest : public LinearTransformTest {
 protected:
  SecureLinearTransformTest() : LinearTransformTest(13, {39, 30, 30, 30, 30}, {54}, 30) {}
};

TEST_F(SecureLinearTransformTest, AllFormsAtTwoLevels) {
  ASSERT_TRUE(engine_.parameters().Is128BitSecure());
  const Matrix rows = RandomRows(20, 26);
  CheckForms(Range(-4, 20), rows, 4, Scale());
  CheckForms(Range(-4, 20), rows, 2, Scale());
}

}  // namespace
}  // namespace keymemrt::lattice
