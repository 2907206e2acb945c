// SPDX-License-Identifier: Apache-2.0
//
// Whole bootstraps, and every stage against a model of it on complex numbers.
#include "lattice/bootstrapping/bootstrapper.h"

#include <complex>
#include <numbers>

#include "circuit/bootstrap_sets.h"
#include "lattice/bootstrapping/bootstrapping_test.h"

namespace keymemrt::lattice {
namespace {

using circuit::BootstrapOptions;
using circuit::BootstrapPlan;
using circuit::LinearTransformForm;
using Slots = std::vector<std::complex<double>>;

circuit::BootstrapSet InsecureSet() {
  auto set = circuit::FindBootstrapSet("insecure-n11");
  EXPECT_TRUE(set.ok()) << set.status().message();
  return *set;
}

// Message, SlotToCoeff, EvalMod, CoeffToSlot at N = 2^10 with one more level for EvalMod than the default takes.
scheme::Parameters SmallParameters(int eval_mod_levels = 8) {
  std::vector<int> bits = {52, 40, 40};
  bits.insert(bits.end(), 2, 38);
  bits.insert(bits.end(), static_cast<size_t>(eval_mod_levels), 60);
  bits.insert(bits.end(), 2, 58);
  return TestParameters(10, bits, {61, 61, 61, 61}, 40, 192, 32);
}
BootstrapOptions SmallOptions(int log_slots = 9) {
  return {.log_slots = log_slots,
          .target_level = 2,
          .coeff_to_slot = circuit::SplitLayers(circuit::DftDirection::kCoeffToSlot, log_slots, 2),
          .slot_to_coeff = circuit::SplitLayers(circuit::DftDirection::kSlotToCoeff, log_slots, 2),
          .log_message_ratio = 12};
}

Slots Decrypted(Engine& engine, const Ciphertext& x) {
  return engine.encoder.DecodeComplex(*Decrypt(engine.context, engine.pool, engine.secret, x), engine.pool);
}

// One direction's stages on numbers.
Slots Transformed(const std::vector<BootstrapPlan::Transform>& transforms, Slots x, int64_t join) {
  for (size_t i = 0; i < transforms.size(); ++i) {
    const circuit::DftStage& stage = transforms[i].stage;
    const std::vector<int64_t> rotations = stage.Rotations();
    Slots y(x.size());
    for (size_t row = 0; row < rotations.size(); ++row) {
      const Slots diagonal = stage.Diagonal(row);
      for (size_t j = 0; j < x.size(); ++j) {
        const size_t from = (j + static_cast<size_t>(rotations[row]) + x.size()) % x.size();
        y[j] += diagonal[j % diagonal.size()] * x[from];
      }
    }
    if (i == 0 && join != 0) {
      const Slots before = y;
      for (size_t j = 0; j < y.size(); ++j) y[j] += before[(j + static_cast<size_t>(join)) % y.size()];
    }
    x = std::move(y);
  }
  return x;
}

double Worst(const Slots& a, const Slots& b) {
  double worst = 0;
  for (size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(a[i] - b[i]));
  return worst;
}

class StagesTest : public testing::TestWithParam<int> {};

TEST_P(StagesTest, AreTheirModels) {
  BootstrapEngine engine(SmallParameters());
  const Bootstrapper bootstrapper = engine.Make(SmallOptions(GetParam()));
  const BootstrapPlan& plan = bootstrapper.plan();
  const std::vector<double> x = RandomValues(size_t{1} << GetParam(), 3);
  const double q0 = static_cast<double>(engine.parameters().modulus(0)), ratio = q0 / plan.raised_scale;

  const auto raised = bootstrapper.Raise(engine.Encrypt(x, 1), engine.keys);
  ASSERT_TRUE(raised.ok()) << raised.status().message();
  EXPECT_EQ(raised->level, plan.top_level);
  const Slots message = Decrypted(engine, *raised);  // with the multiples of q_0

  auto parts = bootstrapper.CoeffToSlot(engine.evaluator.Copy(*raised), engine.keys);
  ASSERT_TRUE(parts.ok()) << parts.status().message();
  ASSERT_EQ(parts->size(), plan.full() ? 2u : 1u);
  const Slots transformed = Transformed(plan.coeff_to_slot, message, 0);
  std::vector<Slots> slots;
  for (size_t part = 0; part < parts->size(); ++part) {
    EXPECT_EQ((*parts)[part].level, plan.eval_mod.input_level);
    slots.push_back(Decrypted(engine, (*parts)[part]));
    double furthest = 0;
    for (size_t i = 0; i < slots[part].size(); ++i) {
      const double expected = 2 * (part == 0 ? transformed[i].real() : transformed[i].imag());
      ASSERT_NEAR(slots[part][i].real(), expected, 0x1p-35);
      ASSERT_NEAR(slots[part][i].imag(), 0, 0x1p-35);
      // A multiple of q_0 and a message of at most 1 / ratio of it.
      const double multiple = slots[part][i].real() * plan.half_range;
      ASSERT_NEAR(multiple, std::round(multiple), 1 / ratio);
      furthest = std::max(furthest, std::abs(multiple));
    }
    EXPECT_GT(furthest, 2);
    EXPECT_LT(furthest, plan.options.range + 0.5);
  }

  std::vector<Slots> sines;
  for (size_t part = 0; part < parts->size(); ++part) {
    auto sine = bootstrapper.EvalMod(std::move((*parts)[part]), engine.keys);
    ASSERT_TRUE(sine.ok()) << sine.status().message();
    sines.push_back(Decrypted(engine, *sine));
    for (size_t i = 0; i < sines[part].size(); ++i) {
      ASSERT_NEAR(sines[part][i].real(), std::sin(2 * std::numbers::pi * slots[part][i].real() * plan.half_range),
                  0x1p-36);
    }
    (*parts)[part] = *std::move(sine);
  }

  Slots joined = sines[0];
  if (plan.full()) {
    for (size_t i = 0; i < joined.size(); ++i) joined[i] += std::complex<double>(0, 1) * sines[1][i];
  }
  const auto y = bootstrapper.SlotToCoeff(*std::move(parts), engine.keys);
  ASSERT_TRUE(y.ok()) << y.status().message();
  EXPECT_EQ(y->level, 2);
  EXPECT_EQ(y->scale, plan.output_scale);
  const Slots result = Decrypted(engine, *y);
  EXPECT_LT(Worst(result, Transformed(plan.slot_to_coeff, joined, plan.join)), 0x1p-24);
  for (size_t i = 0; i < result.size(); ++i) ASSERT_NEAR(result[i].real(), x[i % x.size()], 0x1p-20);
}

INSTANTIATE_TEST_SUITE_P(FullAndSparse, StagesTest, testing::Values(9, 8, 4),
                         [](const auto& info) { return "LogSlots" + std::to_string(info.param); });

TEST(BootstrapTest, OfTheTestSet) {
  const circuit::BootstrapSet set = InsecureSet();
  BootstrapEngine engine(set.parameters, 2);
  const Bootstrapper bootstrapper = engine.Make(set.options);
  // The sine's error is largest where one coefficient has all of the message.
  for (const bool constant : {false, true}) {
    const std::vector<double> x = constant ? std::vector<double>(1024, 1.0) : RandomValues(1024, 1);
    const auto y = bootstrapper.Bootstrap(engine.Encrypt(x, 0), engine.keys);
    ASSERT_TRUE(y.ok()) << y.status().message();
    EXPECT_EQ(y->level, set.options.target_level);
    EXPECT_LT(WorstError(engine.Decrypt(*y), x), constant ? 0x1p-20 : 0x1p-24);
  }
}

TEST(BootstrapTest, TenInARow) {
  BootstrapEngine engine(SmallParameters());
  const Bootstrapper bootstrapper = engine.Make(SmallOptions());
  const std::vector<double> x = RandomValues(512, 5);
  Ciphertext y = engine.Encrypt(x, 2);
  for (int i = 0; i < 10; ++i) y = *bootstrapper.Bootstrap(y, engine.keys);
  EXPECT_LT(WorstError(engine.Decrypt(y), x), 0x1p-22);
}

TEST(BootstrapTest, ComplexMessagesAndOtherScales) {
  BootstrapEngine engine(SmallParameters());
  const Bootstrapper bootstrapper = engine.Make(SmallOptions());
  Slots x;
  for (const double value : RandomValues(512, 6)) x.emplace_back(value, 0.5 - value * value);
  const double scale = 1.25 * engine.parameters().default_scale();
  const Ciphertext encrypted =
      *Encrypt(engine.context, engine.pool, engine.public_key, *engine.encoder.Encode(x, scale, 1, engine.pool));
  const auto y = bootstrapper.Bootstrap(encrypted, engine.keys);
  ASSERT_TRUE(y.ok()) << y.status().message();
  EXPECT_LT(Worst(Decrypted(engine, *y), x), 0x1p-22);
  EXPECT_FALSE(bootstrapper.Bootstrap(engine.Encrypt(RandomValues(512, 7), 1, 4 * scale), engine.keys).ok());
}

TEST(BootstrapTest, EveryFormNumberOfBabiesAndTargetLevel) {
  BootstrapEngine engine(SmallParameters());
  const std::vector<double> x = RandomValues(512, 8);
  const Ciphertext encrypted = engine.Encrypt(x, 0);
  for (const LinearTransformForm form : circuit::kLinearTransformForms) {
    for (const int babies : {0, 4}) {
      SCOPED_TRACE(fmt::format("{} {}", ToString(form), babies));
      BootstrapOptions options = SmallOptions();
      options.form = form;
      options.babies = babies;
      options.target_level = babies == 0 ? 2 : 1;
      const Bootstrapper bootstrapper = engine.Make(options);
      const auto y = bootstrapper.Bootstrap(encrypted, engine.keys);
      ASSERT_TRUE(y.ok()) << y.status().message();
      EXPECT_EQ(y->level, options.target_level);
      EXPECT_LT(WorstError(engine.Decrypt(*y), x), 0x1p-23);
    }
  }
}

// With a small ratio the sine is far from its argument; the arcsine brings it back.
TEST(BootstrapTest, TheArcsine) {
  BootstrapEngine engine(SmallParameters(11));
  const std::vector<double> one(512, 1.0);
  double before = 1;
  for (const int degree : {1, 3, 7}) {
    BootstrapOptions options = SmallOptions();
    options.log_message_ratio = 5;
    options.arcsine_degree = degree;
    const auto y = engine.Make(options).Bootstrap(engine.Encrypt(one, 0), engine.keys);
    ASSERT_TRUE(y.ok()) << y.status().message();
    const double error = WorstError(engine.Decrypt(*y), one);
    EXPECT_LT(error, before / 16) << degree;
    before = error;
  }
  EXPECT_LT(before, 0x1p-20);
}

TEST(BootstrapTest, ThreadsGiveTheSameBits) {
  BootstrapEngine engine(SmallParameters());
  const Bootstrapper one = engine.Make(SmallOptions(4));
  ThreadPool three(3);
  const Bootstrapper other = *Bootstrapper::Create(engine.context, engine.encoder, engine.pool, &three, one.plan());
  const Ciphertext x = engine.Encrypt(RandomValues(16, 9), 0);
  EXPECT_TRUE(Equal(*one.Bootstrap(x, engine.keys), *other.Bootstrap(x, engine.keys), engine.context.n()));
}

TEST(BootstrapTest, SaysWhichKeyIsMissing) {
  BootstrapEngine engine(SmallParameters());
  const BootstrapPlan plan = engine.Plan(SmallOptions(4));
  const Ciphertext x = engine.Encrypt(RandomValues(16, 10), 0);
  const Bootstrapper bootstrapper =
      *Bootstrapper::Create(engine.context, engine.encoder, engine.pool, &engine.workers, plan);
  // Keys are listed in the order of their first use, so without one the bootstrap ends there.
  for (const circuit::BootstrapKey& missing : plan.keys) {
    const auto y = bootstrapper.Bootstrap(x, engine.keys);
    ASSERT_FALSE(y.ok());
    EXPECT_NE(y.status().message().find(missing.id.ToString()), std::string::npos) << y.status().message();
    BootstrapPlan next = plan;
    next.keys = {missing};
    engine.MakeKeys(next, engine.keys);
  }
  EXPECT_TRUE(bootstrapper.Bootstrap(x, engine.keys).ok());
}

TEST(BootstrapTest, RefusesAPlanOfOtherParameters) {
  BootstrapEngine engine(SmallParameters()), other(SmallParameters(9));
  const BootstrapPlan plan = other.Plan(SmallOptions());
  EXPECT_FALSE(Bootstrapper::Create(engine.context, engine.encoder, engine.pool, nullptr, plan).ok());
}

}  // namespace
}  // namespace keymemrt::lattice
