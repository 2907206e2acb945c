// SPDX-License-Identifier: Apache-2.0
//
// What every operation of the evaluator does to precision, measured against big floats and held against ErrorModel. The
// program ends with the tables of docs/precision.md.
//
// Two errors of each result are measured, at every slot, real and imaginary part:
//   total  against the operation on the slots that were encoded, in 192-bit floats;
//   own    against the operation on what the operands decrypt to: what the operation itself adds.
// Encryption draws from the system's entropy, so figures differ a little from run to run, but no test can fail by
// chance: bounds hold but for a probability of 2^-64, and a measured deviation, from N >= 2^12 parts of slots, is
// itself uncertain by 2% at most (its square is a mean of N terms of variance below 6); a quarter is ten times that.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <functional>
#include <iterator>
#include <map>
#include <numbers>
#include <string>
#include <vector>

#include "lattice/evaluator/engine_test.h"
#include "lattice/precision/error_model.h"
#include "lattice/precision/exact_slots.h"

namespace keymemrt::lattice {
namespace {

constexpr int kShift = 5;
// What the reference's own roundings stay below: sums of 2^16 terms of 192 bits.
constexpr double kReference = 0x1p-150;
constexpr double kDeviationTolerance = 1.25;
// A bound has every factor at its largest, and the worst slot does not; 2^5 is usual.
constexpr double kLoosest = 0x1p7;

struct Set {
  const char* name;
  int log_n;
  std::vector<int> q_bits, p_bits;
  int log_scale;
};

const Set kSets[] = {
    {"S", 12, {30, 24, 24}, {30}, 24},
    {"A1", 13, {27, 26, 26, 26, 26, 26}, {60}, 26},
    {"MNIST", 13, {34, 25, 25, 25, 25, 25}, {30, 29}, 25},
    {"M", 15, {55, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40}, {60, 60, 60}, 40},
    {"C", 16, {55, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40}, {60, 60, 60}, 40},
};

// A ciphertext or plaintext: what it should hold, what it holds, and what is stated of the difference.
struct Known {
  ExactSlots encoded, held;
  SlotSize size;
  SlotError stated;
};

// Of the parts of all slots.
struct Measured {
  double deviation = 0, worst = 0;
};

Measured Difference(const ExactSlots& a, const ExactSlots& b) {
  EXPECT_EQ(a.size(), b.size());
  Measured result;
  double squares = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const ExactComplex difference = a[i] - b[i];
    for (const double part : {difference.re.get_d(), difference.im.get_d()}) {
      result.worst = std::max(result.worst, std::abs(part));
      squares += part * part;
    }
  }
  result.deviation = std::sqrt(squares / static_cast<double>(2 * a.size()));
  return result;
}

SlotSize SizeOf(const ExactSlots& slots) {
  SlotSize size;
  double squares = 0;
  for (const ExactComplex& slot : slots) {
    const double square = std::norm(std::complex<double>(slot.re.get_d(), slot.im.get_d()));
    size.largest = std::max(size.largest, std::sqrt(square));
    squares += square;
  }
  size.rms = std::sqrt(squares / static_cast<double>(slots.size()));
  return size;
}

// The tables, printed when all tests have run: by operation, then by set.
class Tables : public testing::Environment {
 public:
  struct Cell {
    SlotError stated;
    Measured measured;
  };
  void Add(const std::string& set, const std::string& operation, const Cell& own, const Cell& total) {
    if (std::find(sets_.begin(), sets_.end(), set) == sets_.end()) sets_.push_back(set);
    if (std::find(operations_.begin(), operations_.end(), operation) == operations_.end()) {
      operations_.push_back(operation);
    }
    if (own.stated.deviation > 0) own_[{operation, set}] = own;
    total_[{operation, set}] = total;
  }

  void TearDown() override {
    Print("What operations add", own_);
    Print("Against the slots that were encoded", total_);
  }

 private:
  using Cells = std::map<std::pair<std::string, std::string>, Cell>;

  void Print(const char* title, const Cells& cells) const {
    if (cells.empty()) return;
    std::string text =
        fmt::format("\n{}: log2 of the deviation stated, measured; of the worst part, the bound\n\n|", title);
    for (const std::string& set : sets_) text += fmt::format(" | {}", set);
    text += " |\n|---|";
    for (size_t i = 0; i < sets_.size(); ++i) text += "---|";
    for (const std::string& operation : operations_) {
      if (!cells.contains({operation, sets_[0]})) continue;
      text += fmt::format("\n| {} |", operation);
      for (const std::string& set : sets_) {
        const auto& [stated, measured] = cells.at({operation, set});
        text += fmt::format(" {:.1f}, {:.1f}; {:.1f}, {:.1f} |", std::log2(stated.deviation),
                            std::log2(measured.deviation), std::log2(measured.worst), std::log2(stated.bound));
      }
    }
    fmt::print("{}\n", text);
  }

  std::vector<std::string> sets_, operations_;
  Cells own_, total_;
};

Tables& tables = *static_cast<Tables*>(testing::AddGlobalTestEnvironment(new Tables));

class Precision : public testing::TestWithParam<Set> {
 protected:
  Precision()
      : engine_(TestParameters(GetParam().log_n, GetParam().q_bits, GetParam().p_bits, GetParam().log_scale)),
        model_(engine_.parameters()),
        slots_(engine_.context) {
    const int level = engine_.parameters().max_level();
    engine_.MakeRotation(kShift);
    engine_.MakeRelinearization();
    EXPECT_TRUE(engine_.keys.Generate(engine_.secret, engine_.parameters().ConjugationKey(), level).ok());
  }

  // The real and imaginary parts of `values` as one plaintext: the second one times X^(N/2), which is i at every slot.
  Plaintext Encode(const ExactSlots& values, int level) {
    std::vector<double> parts[2];
    for (const ExactComplex& value : values) {
      parts[0].push_back(value.re.get_d());
      parts[1].push_back(value.im.get_d());
    }
    Plaintext real = engine_.Encode(parts[0], level);
    const Plaintext imaginary = engine_.Encode(parts[1], level);
    const Context& context = engine_.context;
    Poly i(engine_.pool, MemoryClass::kScratch, 1);
    for (int limb = 0; limb <= level; ++limb) {
      std::fill_n(i.limb(0), context.n(), 0);
      i.limb(0)[context.n() / 2] = 1;
      context.kernels().ntt_forward(i.limb(0), context.ntt(limb));
      context.kernels().mul_add(real.poly.limb(limb), imaginary.poly.limb(limb), i.limb(0), context.n(),
                                context.modulus(limb));
    }
    return real;
  }

  ExactSlots RandomSlots(uint64_t seed) {
    const size_t count = engine_.parameters().slots();
    const std::vector<double> parts = RandomValues(2 * count, seed);
    ExactSlots values;
    for (size_t i = 0; i < count; ++i) values.emplace_back(parts[2 * i], parts[2 * i + 1]);
    return values;
  }

  ExactSlots Held(const Ciphertext& ciphertext) {
    return slots_.Slots(*Decrypt(engine_.context, engine_.pool, engine_.secret, ciphertext), engine_.pool);
  }

  // Measures `held` against the reference and records both errors; the result is known in turn.
  template <typename Reference, typename... Operands>
  Known Check(const std::string& operation, ExactSlots held, const SlotError& own, const SlotError& total,
              const Reference& reference, const Operands&... operands) {
    SCOPED_TRACE(operation);
    Known result{reference(operands.encoded...), std::move(held), {}, total};
    result.size = SizeOf(result.encoded);
    const Measured own_measured = Difference(result.held, reference(operands.held...));
    const Measured total_measured = Difference(result.held, result.encoded);
    Compare("own", own, own_measured);
    Compare("total", total, total_measured);
    if (level_ == engine_.parameters().max_level()) {
      tables.Add(GetParam().name, operation, {own, own_measured}, {total, total_measured});
    }
    return result;
  }

  void Compare(const char* which, const SlotError& stated, const Measured& measured) {
    SCOPED_TRACE(which);
    EXPECT_LE(measured.worst, stated.bound);
    if (stated.deviation == 0) return;  // exact
    EXPECT_LE(stated.bound, kLoosest * measured.worst);
    EXPECT_LE(measured.deviation, kDeviationTolerance * stated.deviation);
    EXPECT_GE(measured.deviation, stated.deviation / kDeviationTolerance);
  }

  void Measure(int level);

  Engine engine_;
  ErrorModel model_;
  SlotEvaluator slots_;
  int level_ = 0;
};

ExactSlots Each(const ExactSlots& a, const std::function<ExactComplex(const ExactComplex&)>& map) {
  ExactSlots result;
  for (const ExactComplex& x : a) result.push_back(map(x));
  return result;
}
ExactSlots Each(const ExactSlots& a, const ExactSlots& b,
                const std::function<ExactComplex(const ExactComplex&, const ExactComplex&)>& map) {
  ExactSlots result;
  for (size_t i = 0; i < a.size(); ++i) result.push_back(map(a[i], b[i]));
  return result;
}

ExactSlots Same(const ExactSlots& a) {
  return a;
}
ExactSlots Plus(const ExactSlots& a, const ExactSlots& b) {
  return Each(a, b, [](const auto& x, const auto& y) { return x + y; });
}
ExactSlots Minus(const ExactSlots& a, const ExactSlots& b) {
  return Each(a, b, [](const auto& x, const auto& y) { return x - y; });
}
ExactSlots Times(const ExactSlots& a, const ExactSlots& b) {
  return Each(a, b, [](const auto& x, const auto& y) { return x * y; });
}
ExactSlots Negative(const ExactSlots& a) {
  return Each(a, [](const auto& x) { return ExactComplex() - x; });
}
ExactSlots Conjugate(const ExactSlots& a) {
  return Each(a, [](const auto& x) {
    ExactComplex result = x;
    result.im = -x.im;
    return result;
  });
}
ExactSlots RotatedLeft(ExactSlots a) {
  std::rotate(a.begin(), a.begin() + kShift, a.end());
  return a;
}

void Precision::Measure(int level) {
  level_ = level;
  const Evaluator& evaluator = engine_.evaluator;
  const double scale = engine_.parameters().default_scale(), square = scale * scale;
  const SlotError exact{0, kReference};

  const auto encode = [&](const char* operation, const Plaintext& plaintext, const ExactSlots& values) {
    const Known input{values, values, SizeOf(values), exact};
    const SlotError error = model_.Encode(scale, input.size);
    return Check(operation, slots_.Slots(plaintext, engine_.pool), error, error, Same, input);
  };
  const ExactSlots a_values = RandomSlots(1), b_values = RandomSlots(2);
  const Plaintext a_plain = Encode(a_values, level), b_plain = Encode(b_values, level);
  const Known plain_a = encode("encode", a_plain, a_values), plain_b = encode("encode", b_plain, b_values);

  const auto encrypt = [&](const Ciphertext& ciphertext, const Known& plain) {
    const SlotError own = model_.Encrypt(level, scale);
    return Check("encrypt, decrypt", Held(ciphertext), own, SumError(plain.stated, own), Same, plain);
  };
  const Ciphertext a_ct = *Encrypt(engine_.context, engine_.pool, engine_.public_key, a_plain);
  const Ciphertext b_ct = *Encrypt(engine_.context, engine_.pool, engine_.public_key, b_plain);
  const Known a = encrypt(a_ct, plain_a), b = encrypt(b_ct, plain_b);

  // Decoding is of the real part, in doubles.
  const std::vector<double> decoded = engine_.Decrypt(a_ct);
  for (size_t i = 0; i < decoded.size(); ++i) {
    ASSERT_LE(std::abs(a.held[i].re.get_d() - decoded[i]), 0x1p-48 * a.size.largest) << i;
  }

  const SlotError sum = SumError(a.stated, b.stated), plain_sum = SumError(a.stated, plain_b.stated);
  Check("add", Held(*evaluator.Add(evaluator.Copy(a_ct), b_ct)), exact, sum, Plus, a, b);
  Check("sub", Held(*evaluator.Sub(evaluator.Copy(a_ct), b_ct)), exact, sum, Minus, a, b);
  Check("negate", Held(*evaluator.Negate(evaluator.Copy(a_ct))), exact, a.stated, Negative, a);
  Check("add_plain", Held(*evaluator.AddPlain(evaluator.Copy(a_ct), b_plain)), exact, plain_sum, Plus, a, plain_b);
  Check("sub_plain", Held(*evaluator.SubPlain(evaluator.Copy(a_ct), b_plain)), exact, plain_sum, Minus, a, plain_b);

  Ciphertext product_ct = *evaluator.MulPlain(a_ct, b_plain);
  const SlotError plain_product = ProductError(a.size, a.stated, plain_b.size, plain_b.stated);
  const Known product = Check("mul_plain", Held(product_ct), exact, plain_product, Times, a, plain_b);
  ASSERT_TRUE(evaluator.MulPlainAdd(product_ct, b_ct, a_plain).ok());
  // The products share the plaintexts' roundings, of no weight beside encryption.
  Check(
      "mul_plain_add", Held(product_ct), exact,
      SumError(plain_product, ProductError(b.size, b.stated, plain_a.size, plain_a.stated)),
      [](const ExactSlots& acc, const ExactSlots& x, const ExactSlots& y) { return Plus(acc, Times(x, y)); }, product,
      b, plain_a);

  Ciphertext square_ct = *evaluator.Mul(a_ct, b_ct);
  const Known tensor =
      Check("mul", Held(square_ct), exact, ProductError(a.size, a.stated, b.size, b.stated), Times, a, b);
  square_ct = *evaluator.Relinearize(std::move(square_ct), engine_.keys);
  const SlotError relinearized = model_.SwitchKey(level, square);
  const Known linear =
      Check("relinearize", Held(square_ct), relinearized, SumError(tensor.stated, relinearized), Same, tensor);
  square_ct = *evaluator.Rescale(std::move(square_ct));
  const SlotError rescaled = model_.Rescale(square_ct.scale, linear.size);
  Check("rescale", Held(square_ct), rescaled, SumError(linear.stated, rescaled), Same, linear);

  Check("level_reduce", Held(*evaluator.LevelReduce(evaluator.Copy(a_ct), level - 1)), exact, a.stated, Same, a);

  const SlotError switched = model_.SwitchKey(level, scale), moved = SumError(a.stated, switched);
  Check("rotate", Held(*evaluator.Rotate(a_ct, kShift, engine_.keys)), switched, moved, RotatedLeft, a);
  const Digits digits = *evaluator.Decompose(a_ct);
  Check("rotate_hoisted", Held(*evaluator.RotateHoisted(a_ct, digits, kShift, engine_.keys)), switched, moved,
        RotatedLeft, a);
  Check("conjugate", Held(*evaluator.Conjugate(a_ct, engine_.keys)), switched, moved, Conjugate, a);
}

TEST_P(Precision, OfEveryOperationIsWithinTheStatedBounds) {
  Measure(engine_.parameters().max_level());
}

class PrecisionAtHalfTheLevels : public Precision {};

TEST_P(PrecisionAtHalfTheLevels, OfEveryOperationIsWithinTheStatedBounds) {
  Measure((engine_.parameters().max_level() + 1) / 2);
}

INSTANTIATE_TEST_SUITE_P(Sets, Precision, testing::ValuesIn(kSets), [](const auto& info) { return info.param.name; });
// Not C: it takes half of the time.
INSTANTIATE_TEST_SUITE_P(Sets, PrecisionAtHalfTheLevels, testing::ValuesIn(std::begin(kSets), std::end(kSets) - 1),
                         [](const auto& info) { return info.param.name; });

// The reference itself: slots term by term, by the definition.
TEST(ExactSlots, AreEvaluationsAtPowersOfFive) {
  Engine engine(TestParameters(10, {50, 50}, {60}, 40));
  const size_t n = engine.context.n();
  Plaintext plaintext = engine.Encode(RandomValues(n / 2, 3), 1);
  const SlotEvaluator evaluator(engine.context);
  const ExactSlots slots = evaluator.Slots(plaintext, engine.pool);

  // Both limbs hold the same small numbers; the first one's are enough.
  engine.context.kernels().ntt_inverse(plaintext.poly.limb(0), engine.context.ntt(0));
  const uint64_t q = engine.context.modulus(0).value();
  for (const size_t j : {size_t{0}, size_t{1}, size_t{7}, n / 2 - 1}) {
    size_t power = 1;
    for (size_t i = 0; i < j; ++i) power = power * 5 % (2 * n);
    std::complex<long double> sum = 0;
    for (size_t k = 0; k < n; ++k) {
      const uint64_t word = plaintext.poly.limb(0)[k];
      const long double m = word > q / 2 ? -static_cast<long double>(q - word) : static_cast<long double>(word);
      sum += m * std::polar(1.0L, std::numbers::pi_v<long double> * static_cast<long double>(power * k % (2 * n)) /
                                      static_cast<long double>(n));
    }
    sum /= static_cast<long double>(plaintext.scale);
    EXPECT_NEAR(slots[j].re.get_d(), static_cast<double>(sum.real()), 1e-15) << j;
    EXPECT_NEAR(slots[j].im.get_d(), static_cast<double>(sum.imag()), 1e-15) << j;
  }
}

}  // namespace
}  // namespace keymemrt::lattice
