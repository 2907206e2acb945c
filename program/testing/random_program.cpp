// SPDX-License-Identifier: Apache-2.0
//
// Random programs: a pool of live ciphertexts, each with a bound on its magnitude, and random steps that respect
// levels, scales and the bound.
#include <algorithm>
#include <cmath>
#include <random>

#include "program/testing/builder.h"
#include "scheme/key_shape.h"

namespace keymemrt::program {

namespace {

constexpr double kLargestMagnitude = 64;  // of any value; the decryption error grows with it
constexpr size_t kPool = 6;

class Generator {
 public:
  Generator(uint64_t seed, const RandomProgramOptions& options)
      : random_(seed),
        transforms_(options.transforms),
        builder_(TestParameters(options.log_n, options.levels, options.special_primes), "random") {
    const uint32_t slots = static_cast<uint32_t>(builder_.parameters().slots());
    inputs_ = 1 + Below(2);
    for (size_t i = 0; i < inputs_; ++i) {
      const uint32_t period = slots >> Below(3);
      pool_.push_back({builder_.Input(fmt::format("x{}", i), 1 + Below(period), period), 1.0});
    }
    builder_.Weight("w", kRows, slots);
    builder_.Weight("v", kRows, 64);
    for (uint32_t length : {uint32_t{1}, uint32_t{16}}) {
      std::vector<double> values(length);
      for (double& x : values) x = Uniform();
      builder_.Constant(values);
    }
    // Few shifts, so that keys are used again; both signs.
    for (int i = 0; i < 5; ++i) shifts_.push_back(static_cast<int32_t>(1 + Below(slots - 1)) * (Below(3) ? 1 : -1));
  }

  Program Run(const RandomProgramOptions& options) {
    for (int step = 0; step < options.steps; ++step) Step();
    const uint32_t slots = static_cast<uint32_t>(builder_.parameters().slots());
    builder_.Output("y", pool_.back().id, slots);
    if (Below(2)) builder_.Output("z", pool_[Below(pool_.size())].id, 1 + Below(slots));
    return builder_.Finish(options.merge_window);
  }

 private:
  static constexpr uint32_t kRows = 4;

  struct Entry {
    uint32_t id;
    double bound;  // of |slot|
  };

  uint32_t Below(size_t n) { return static_cast<uint32_t>(random_() % n); }
  double Uniform() { return std::ldexp(static_cast<double>(random_() >> 11), -52) - 1; }
  int32_t Shift() { return shifts_[Below(shifts_.size())]; }
  int32_t Level(const Entry& entry) const { return builder_.value(entry.id).level; }
  double Scale(const Entry& entry) const { return builder_.value(entry.id).scale; }

  void Keep(Entry entry) {
    if (pool_.size() == kPool) pool_.erase(pool_.begin() + Below(kPool - 1));
    pool_.push_back(entry);
  }

  uint32_t EncodeRow(int32_t level, double scale) {
    const int32_t rotation = Below(2) ? 0 : Shift();
    if (Below(4) == 0) return builder_.EncodeConstant(Below(2), rotation, level, scale);
    return builder_.EncodeWeight(Below(2), Below(kRows), rotation, level, scale);
  }

  void Step() {
    const Entry a = pool_[Below(pool_.size())];
    switch (Below(transforms_ ? 12 : 11)) {
      case 0:
        return TimesPlain(a);
      case 1:
        return Sum(a, pool_[Below(pool_.size())]);
      case 2:
        return Keep({builder_.Rotate(a.id, Shift()), a.bound});
      case 3:
        return HoistedSum(a);
      case 4:
        return Product(a, pool_[Below(pool_.size())]);
      case 5: {
        if (a.bound + 1 > kLargestMagnitude) return;
        const uint32_t plain = EncodeRow(Level(a), Scale(a));
        return Keep({Below(2) ? builder_.AddPlain(a.id, plain) : builder_.SubPlain(a.id, plain), a.bound + 1});
      }
      case 6:
        return Keep({builder_.Negate(a.id), a.bound});
      case 8:
        return TimesScalar(a);
      case 9:
        if (a.bound + 2 > kLargestMagnitude) return;
        return Keep({builder_.AddScalar(a.id, {Uniform(), Uniform()}), a.bound + 2});
      case 10:
        return Keep({builder_.Conjugate(a.id, Shape(Level(a))), a.bound});
      case 11:
        return Transform(a);
      case 7:
        if (Level(a) > 0 && Below(3) == 0) Keep({builder_.LevelReduce(a.id, Level(a) - 1), a.bound});
        return;
    }
  }

  // a * row, rescaled back to the default scale.
  void TimesPlain(const Entry& a) {
    if (Level(a) == 0) return;
    const double q = static_cast<double>(builder_.parameters().modulus(Level(a)));
    const uint32_t plain = EncodeRow(Level(a), q * builder_.parameters().default_scale() / Scale(a));
    Keep({builder_.Rescale(builder_.MulPlain(a.id, plain)), a.bound});
  }

  // Keys of the best shape for the level, or plain ones.
  scheme::KeyShape Shape(int32_t level) {
    return Below(2) ? scheme::BestShape(builder_.parameters(), level).value() : scheme::KeyShape{};
  }

  // a * (c + di), rescaled, or a + i * a.
  void TimesScalar(const Entry& a) {
    if (Below(2)) {
      if (a.bound * 2 > kLargestMagnitude) return;
      return Keep({builder_.MulScalarAdd(a.id, a.id, {0, 1}), a.bound * 2});
    }
    if (Level(a) == 0 || a.bound * 2 > kLargestMagnitude) return;
    const double q = static_cast<double>(builder_.parameters().modulus(Level(a)));
    const uint32_t product =
        builder_.MulScalar(a.id, {Uniform(), Uniform()}, q * builder_.parameters().default_scale());
    Keep({builder_.Rescale(product), a.bound * 2});
  }

  void Transform(const Entry& a) {
    constexpr double kGrowth = 5;
    if (Level(a) == 0 || a.bound * kGrowth > kLargestMagnitude) return;
    const double q = static_cast<double>(builder_.parameters().modulus(Level(a)));
    program::Transform transform;
    transform.scale = q * builder_.parameters().default_scale() / Scale(a);
    transform.form = circuit::kLinearTransformForms[Below(4)];
    transform.source = static_cast<DiagonalSource>(Below(3));
    if (transform.source == DiagonalSource::kDft) {
      // At most 15 entries of 1/3 in a row.
      transform.stage = {.direction = static_cast<circuit::DftDirection>(Below(2)),
                         .log_slots = 5,
                         .radices = {3, 2},
                         .stage = static_cast<int>(Below(2)),
                         .factor = 1.0 / 3,
                         .halves = Below(2) == 1};
      transform.baby_step = int64_t{1} << Below(4);
    } else {
      if (transform.source == DiagonalSource::kWeight) transform.weight = Below(2);
      const uint32_t rows = transform.source == DiagonalSource::kWeight ? kRows : 2;
      for (uint32_t i = 0; i < 1 + Below(5); ++i) {
        transform.rows.push_back(Below(rows));
        transform.rotations.push_back(static_cast<int64_t>(Below(12)) - 4);
      }
      transform.baby_step = 1 + Below(6);
    }
    const uint32_t index = builder_.Transform(std::move(transform));
    Keep({builder_.Rescale(builder_.ApplyTransform(a.id, index, Shape(Level(a)))), a.bound * kGrowth});
  }

  void Sum(Entry a, Entry b) {
    if (std::abs(Scale(a) / Scale(b) - 1) > 0x1p-31 || a.bound + b.bound > kLargestMagnitude) return;
    if (Level(a) < Level(b)) std::swap(a, b);
    if (Level(a) > Level(b)) a.id = builder_.LevelReduce(a.id, Level(b));
    Keep({Below(2) ? builder_.Add(a.id, b.id) : builder_.Sub(a.id, b.id), a.bound + b.bound});
  }

  void HoistedSum(const Entry& a) {
    const uint32_t terms = 2 + Below(3);
    if (a.bound * terms > kLargestMagnitude) return;
    const uint32_t digits = builder_.Decompose(a.id);
    uint32_t sum = kNone;
    for (uint32_t i = 0; i < terms; ++i) {
      const uint32_t term = builder_.RotateHoisted(a.id, digits, Shift());
      sum = i == 0 ? term : builder_.Add(sum, term);
    }
    Keep({sum, a.bound * terms});
  }

  // a * b, or a * b +- a * b' with one relinearization for both.
  void Product(Entry a, Entry b) {
    if (Level(a) < Level(b)) std::swap(a, b);
    if (Level(b) == 0 || a.bound * b.bound * 2 > kLargestMagnitude) return;
    if (Level(a) > Level(b)) a.id = builder_.LevelReduce(a.id, Level(b));
    uint32_t product = builder_.Mul(a.id, b.id);
    double bound = a.bound * b.bound;
    if (Below(2)) {
      const uint32_t other = builder_.Mul(a.id, builder_.Negate(b.id));
      product = Below(2) ? builder_.Sub(product, other) : builder_.Add(other, product);
      bound *= 2;
    }
    Keep({builder_.Rescale(builder_.Relinearize(product)), bound});
  }

  std::mt19937_64 random_;
  const bool transforms_;
  ProgramBuilder builder_;
  size_t inputs_ = 0;
  std::vector<int32_t> shifts_;
  std::vector<Entry> pool_;
};

}  // namespace

scheme::ParameterLiteral TestParameters(int log_n, int levels, int special_primes) {
  scheme::ParameterLiteral literal;
  literal.log_n = log_n;
  literal.log_default_scale = 35;
  literal.q = scheme::FindNttPrimes(50, log_n, 1).value();
  for (uint64_t q : scheme::FindNttPrimes(35, log_n, static_cast<size_t>(levels)).value()) literal.q.push_back(q);
  literal.p = scheme::FindNttPrimes(51, log_n, static_cast<size_t>(special_primes)).value();
  return literal;
}

scheme::ParameterLiteral BootstrapParameters(int log_n) {
  scheme::ParameterLiteral literal;
  literal.log_n = log_n;
  literal.log_default_scale = 40;
  literal.ephemeral_weight = 32;
  std::vector<uint64_t> taken;
  const auto add = [&](std::vector<uint64_t>& to, int bits, size_t count) {
    for (const uint64_t prime : scheme::FindNttPrimes(bits, log_n, count, taken).value()) {
      to.push_back(prime);
      taken.push_back(prime);
    }
  };
  add(literal.q, 60, 1);
  add(literal.q, 40, 3);
  add(literal.q, 39, 2);
  add(literal.q, 60, 8);
  add(literal.q, 56, 2);
  add(literal.p, 61, 3);
  return literal;
}

Program RandomProgram(uint64_t seed, const RandomProgramOptions& options) {
  return Generator(seed, options).Run(options);
}

std::vector<std::vector<double>> RandomInputs(const Program& program, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::vector<double>> inputs;
  for (const Input& input : program.inputs) {
    inputs.emplace_back(input.length);
    for (double& x : inputs.back()) x = std::ldexp(static_cast<double>(random() >> 11), -52) - 1;
  }
  return inputs;
}

void RandomWeightRow(uint64_t seed, uint32_t index, uint32_t row, std::span<double> out) {
  std::mt19937_64 random(seed * 0x9e3779b97f4a7c15 + (uint64_t{index} << 32) + row);
  for (double& x : out) x = std::ldexp(static_cast<double>(random() >> 11), -52) - 1;
}

}  // namespace keymemrt::program
