// SPDX-License-Identifier: Apache-2.0
#include "circuit/dft.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numbers>
#include <random>
#include <set>

namespace keymemrt::circuit {
namespace {

using Complex = std::complex<double>;
using Vector = std::vector<Complex>;

Vector RandomVector(size_t n, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> distribution(-1, 1);
  Vector x(n);
  for (Complex& value : x) value = {distribution(random), distribution(random)};
  return x;
}

// y = sum_row diagonal (*) rotl(x, rotation), on x.size() slots.
Vector Apply(const DftStage& stage, const Vector& x) {
  EXPECT_TRUE(stage.Check().ok()) << stage.Check().message();
  const int64_t n = static_cast<int64_t>(x.size());
  const std::vector<int64_t> rotations = stage.Rotations();
  EXPECT_EQ(std::set(rotations.begin(), rotations.end()).size(), rotations.size());
  Vector y(x.size());
  for (size_t row = 0; row < rotations.size(); ++row) {
    const Vector diagonal = stage.Diagonal(row);
    EXPECT_EQ(static_cast<int64_t>(diagonal.size()), stage.Period());
    for (int64_t j = 0; j < n; ++j) {
      y[static_cast<size_t>(j)] += diagonal[static_cast<size_t>(j) % diagonal.size()] *
                                   x[static_cast<size_t>(((j + rotations[row]) % n + n) % n)];
    }
  }
  return y;
}

Vector ApplyAll(DftStage stage, Vector x) {
  for (stage.stage = 0; stage.stage < static_cast<int>(stage.radices.size()); ++stage.stage) x = Apply(stage, x);
  return x;
}

// The definition: slot j is the polynomial with coefficients Re w, Im w at zeta^(5^j), zeta a primitive root of order
// 4n. As zeta^(n*5^j) = i, that is sum_k w_k zeta^(k*5^j).
Vector Embedding(const Vector& w) {
  const size_t n = w.size();
  Vector z(n);
  size_t power = 1;
  for (size_t j = 0; j < n; ++j, power = power * 5 % (4 * n)) {
    std::complex<long double> sum = 0;
    for (size_t k = 0; k < n; ++k) {
      const long double angle = 2 * std::numbers::pi_v<long double> * static_cast<long double>(power * k % (4 * n)) /
                                static_cast<long double>(4 * n);
      sum += std::complex<long double>(w[k]) * std::polar(1.0L, angle);
    }
    z[j] = Complex(sum);
  }
  return z;
}

Vector BitReversed(const Vector& x, int bits) {
  Vector y(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    size_t reversed = 0;
    for (int bit = 0; bit < bits; ++bit) reversed |= ((i >> bit) & 1) << (bits - 1 - bit);
    y[reversed] = x[i];
  }
  return y;
}

double WorstError(const Vector& a, const Vector& b, double factor = 1) {
  EXPECT_EQ(a.size(), b.size());
  double worst = 0;
  for (size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(a[i] - factor * b[i]));
  return worst;
}

// Every way to write log_slots as an ordered sum.
void ForEachSplit(int left, std::vector<int>& radices, const std::function<void()>& body) {
  if (left == 0) return body();
  for (int radix = 1; radix <= left; ++radix) {
    radices.push_back(radix);
    ForEachSplit(left - radix, radices, body);
    radices.pop_back();
  }
}

TEST(DftTest, EverySplitIsTheEmbedding) {
  for (int log_slots = 1; log_slots <= 6; ++log_slots) {
    const size_t n = size_t{1} << log_slots;
    const Vector w = RandomVector(n, n), z = Embedding(w), reversed = BitReversed(w, log_slots);
    DftStage stage{.log_slots = log_slots};
    ForEachSplit(log_slots, stage.radices, [&] {
      stage.direction = DftDirection::kSlotToCoeff;
      EXPECT_LT(WorstError(ApplyAll(stage, reversed), z), 1e-14 * static_cast<double>(n));
      stage.direction = DftDirection::kCoeffToSlot;
      EXPECT_LT(WorstError(ApplyAll(stage, z), reversed, static_cast<double>(n)), 1e-14 * static_cast<double>(n * n));
    });
  }
}

TEST(DftTest, AFactorMultipliesAStage) {
  DftStage stage{.direction = DftDirection::kSlotToCoeff, .log_slots = 5, .radices = {2, 3}, .stage = 1};
  const Vector x = RandomVector(32, 1), plain = Apply(stage, x);
  stage.factor = 0.375;
  EXPECT_LT(WorstError(Apply(stage, x), plain, 0.375), 1e-14);
}

TEST(DftTest, RepeatedSlotsStayRepeated) {
  // A ciphertext has more slots than the transform: the stages act on each repetition alike.
  const int log_slots = 4;
  const Vector x = RandomVector(16, 2);
  Vector repeated;
  for (int i = 0; i < 4; ++i) repeated.insert(repeated.end(), x.begin(), x.end());
  for (const DftDirection direction : {DftDirection::kCoeffToSlot, DftDirection::kSlotToCoeff}) {
    const DftStage stage{.direction = direction, .log_slots = log_slots, .radices = {1, 2, 1}};
    const Vector y = ApplyAll(stage, x), many = ApplyAll(stage, repeated);
    for (size_t i = 0; i < many.size(); ++i) EXPECT_LT(std::abs(many[i] - y[i % 16]), 1e-12);
  }
}

TEST(DftTest, HalvesHoldRealAndImaginaryParts) {
  for (int log_slots = 1; log_slots <= 5; ++log_slots) {
    const size_t n = size_t{1} << log_slots;
    const Vector w = RandomVector(n, 10 + n), z = Embedding(w), reversed = BitReversed(w, log_slots);
    Vector repeated;
    for (int i = 0; i < 4; ++i) repeated.insert(repeated.end(), z.begin(), z.end());
    DftStage stage{.log_slots = log_slots};
    ForEachSplit(log_slots, stage.radices, [&] {
      const int last = static_cast<int>(stage.radices.size()) - 1;
      stage.direction = DftDirection::kCoeffToSlot;
      Vector x = repeated;
      for (stage.stage = 0; stage.stage <= last; ++stage.stage) {
        stage.halves = stage.stage == last;
        x = Apply(stage, x);
      }
      const double tolerance = 1e-14 * static_cast<double>(n * n);
      for (size_t i = 0; i < x.size(); ++i) {
        const Complex expected = reversed[i % n] * static_cast<double>(n);
        const double twice = 2 * (i % (2 * n) < n ? expected.real() : expected.imag());
        x[i] += std::conj(x[i]);
        EXPECT_LT(std::abs(x[i] - twice), 4 * tolerance);
        x[i] /= 2 * static_cast<double>(n);
      }
      stage.direction = DftDirection::kSlotToCoeff;
      for (stage.stage = 0; stage.stage <= last; ++stage.stage) {
        stage.halves = stage.stage == 0;
        x = Apply(stage, x);
        if (stage.stage > 0) continue;
        Vector sum(x.size());
        for (size_t i = 0; i < x.size(); ++i) sum[i] = x[i] + x[(i + n) % x.size()];
        x = sum;
      }
      EXPECT_LT(WorstError(x, repeated), 4 * tolerance);
    });
  }
}

TEST(DftTest, EntriesAreRootsOfUnityToAnUlp) {
  const DftStage stage{.direction = DftDirection::kSlotToCoeff, .log_slots = 15, .radices = {5, 5, 5}, .stage = 2};
  EXPECT_EQ(stage.Rotations().size(), 32u);
  EXPECT_EQ(stage.Period(), 1 << 15);
  for (const size_t row : {0, 7, 31}) {
    for (const Complex& entry : stage.Diagonal(row)) EXPECT_LT(std::abs(std::abs(entry) - 1), 0x1p-51);
  }
}

TEST(DftTest, StagesAreSplitEvenly) {
  EXPECT_EQ(SplitLayers(DftDirection::kCoeffToSlot, 15, 4), (std::vector<int>{4, 4, 4, 3}));
  EXPECT_EQ(SplitLayers(DftDirection::kSlotToCoeff, 15, 4), (std::vector<int>{3, 4, 4, 4}));
  EXPECT_EQ(SplitLayers(DftDirection::kSlotToCoeff, 2, 3), (std::vector<int>{1, 1}));
}

TEST(DftTest, RefusesWhatIsNoStage) {
  const DftStage good{.log_slots = 3, .radices = {1, 2}, .stage = 1};
  EXPECT_TRUE(good.Check().ok());
  const auto refused = [&](auto change) {
    DftStage stage = good;
    change(stage);
    return !stage.Check().ok();
  };
  EXPECT_TRUE(refused([](DftStage& s) { s.log_slots = 0; }));
  EXPECT_TRUE(refused([](DftStage& s) { s.log_slots = 17; }));
  EXPECT_TRUE(refused([](DftStage& s) { s.radices = {1, 1}; }));
  EXPECT_TRUE(refused([](DftStage& s) { s.radices = {4, -1}; }));
  EXPECT_TRUE(refused([](DftStage& s) { s.radices = {}; }));
  EXPECT_TRUE(refused([](DftStage& s) { s.stage = 2; }));
  EXPECT_TRUE(refused([](DftStage& s) { s.factor = 0; }));
  EXPECT_TRUE(refused([](DftStage& s) { s.factor = NAN; }));
}

}  // namespace
}  // namespace keymemrt::circuit
