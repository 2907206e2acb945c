// SPDX-License-Identifier: Apache-2.0
#include "circuit/bootstrap_plan.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "circuit/bootstrap_sets.h"

namespace keymemrt::circuit {
namespace {

BootstrapSet Find(const std::string& name) {
  auto set = FindBootstrapSet(name);
  EXPECT_TRUE(set.ok()) << set.status().message();
  return *set;
}

BootstrapPlan Plan(const BootstrapSet& set) {
  auto plan = BootstrapPlan::Make(set.parameters, set.options, set.parameters.default_scale(),
                                  {set.parameters.literal().secret_weight});
  EXPECT_TRUE(plan.ok()) << plan.status().message();
  return *plan;
}

double StoredBytes(const scheme::Parameters& parameters, const BootstrapPlan& plan) {
  double bits = 0;
  for (const BootstrapKey& key : plan.keys) {
    const scheme::Parameters shaped = *parameters.At(key.id.shape);
    bits += static_cast<double>(shaped.DigitCount(key.level) * shaped.n()) * [&] {
      double limbs = 0;
      for (int limb = 0; limb < shaped.limb_count(); ++limb) {
        if (limb <= key.level || limb >= shaped.q_count()) {
          limbs += std::ceil(std::log2(static_cast<double>(shaped.modulus(limb))));
        }
      }
      return limbs;
    }();
  }
  return bits / 8;
}

TEST(BootstrapSetTest, AreSecureFailRarelyAndHaveTheirLevels) {
  for (const std::string& name : BootstrapSetNames()) {
    SCOPED_TRACE(name);
    const BootstrapSet set = Find(name);
    const BootstrapPlan plan = Plan(set);
    EXPECT_EQ(set.parameters.Is128BitSecure(), !name.starts_with("insecure"));
    EXPECT_LE(plan.log2_failure, -60);
    EXPECT_EQ(plan.slot_to_coeff.back().level - 1, set.options.target_level);
    EXPECT_EQ(plan.coeff_to_slot.front().level, set.parameters.max_level());
    EXPECT_EQ(plan.eval_mod.output_level(), plan.slot_to_coeff.front().level);
    // Every key within the bound of the secret that it is under.
    for (const BootstrapKey& key : plan.keys) {
      const bool ephemeral = key.id.kind == scheme::KeyKind::kSecretSwitch && key.id.galois_element == kMainToEphemeral;
      const auto& literal = set.parameters.literal();
      EXPECT_EQ(key.level == 0, ephemeral);
      EXPECT_TRUE(scheme::CheckKeySecurity(*set.parameters.At(key.id.shape), key.level,
                                           {ephemeral ? literal.ephemeral_weight : literal.secret_weight})
                      .ok())
          << key.id.ToString();
    }
  }
}

TEST(BootstrapSetTest, KeysByEconomy) {
  BootstrapSet set = Find("n16");
  const auto gigabytes = [&](LinearTransformForm form, int babies) {
    set.options.form = form;
    set.options.babies = babies;
    return StoredBytes(set.parameters, Plan(set)) / 1e9;
  };
  EXPECT_LT(gigabytes(LinearTransformForm::kHorner, 8), 1.6);
  EXPECT_LT(gigabytes(LinearTransformForm::kHorner, 4), 1.1);
  EXPECT_LT(gigabytes(LinearTransformForm::kMinimumKey, 0), 0.6);
}

TEST(BootstrapPlanTest, KeysAreThoseOfTheStages) {
  const BootstrapPlan plan = Plan(Find("insecure-n11"));
  std::set<scheme::KeyId> keys;
  for (const BootstrapKey& key : plan.keys) EXPECT_TRUE(keys.insert(key.id).second) << key.id.ToString();
  size_t rotations = 0;
  for (const auto* direction : {&plan.coeff_to_slot, &plan.slot_to_coeff}) {
    for (const BootstrapPlan::Transform& transform : *direction) rotations += transform.linear.keys.size();
  }
  EXPECT_EQ(plan.keys.size(), rotations + 4);  // two switches of secrets, conjugation, relinearization
}

TEST(BootstrapPlanTest, EvalModIsTheSine) {
  const BootstrapSet set = Find("n16");
  const BootstrapPlan plan = Plan(set);
  double worst = 0;
  for (int i = -set.options.range; i <= set.options.range; ++i) {
    for (const double message : {-1.0, -0.3, 0.0, 0.5, 1.0}) {
      const long double t = i + static_cast<long double>(message) / 4096;
      const long double sine = std::sin(2 * 3.14159265358979323846264338327950288L * t);
      worst = std::max(worst, static_cast<double>(std::abs(plan.eval_mod.Evaluate(t / plan.half_range) - sine)));
    }
  }
  EXPECT_LT(worst, 0x1p-44);
}

// Weights and ranges small enough to count: sums of uniform numbers by convolution.
TEST(BootstrapPlanTest, FailureProbabilityIsAnUpperBound) {
  for (const int weight : {4, 8, 32}) {
    constexpr int kSteps = 256;  // of one summand
    std::vector<double> density = {1};
    for (int i = 0; i < weight; ++i) {
      std::vector<double> next(density.size() + kSteps - 1);
      double window = 0;
      for (size_t j = 0; j < next.size(); ++j) {
        if (j < density.size()) window += density[j];
        if (j >= kSteps) window -= density[j - kSteps];
        next[j] = std::max(0.0, window) / kSteps;
      }
      density = std::move(next);
    }
    for (int range = 1; range < weight / 2 && range < 8; ++range) {
      double tail = 0;
      const double centre = static_cast<double>(density.size() - 1) / 2;
      for (size_t j = 0; j < density.size(); ++j) {
        if (std::abs(static_cast<double>(j) - centre) > (range + 0.5) * kSteps) tail += density[j];
      }
      const double bound = FailureProbability(weight, range, 1);
      if (tail > 1e-12) {
        EXPECT_GE(bound, std::log2(tail)) << weight << " " << range;
        EXPECT_LE(bound, std::log2(tail) + 5) << weight << " " << range;
      }
    }
  }
  EXPECT_LT(FailureProbability(32, 14, 65536), -60);
  EXPECT_GT(FailureProbability(32, 12, 65536), -60);
}

TEST(BootstrapPlanTest, SaysWhatIsWrong) {
  const BootstrapSet set = Find("n16");
  const auto error = [&](const scheme::Parameters& parameters, const BootstrapOptions& options, double scale) {
    const auto plan = BootstrapPlan::Make(parameters, options, scale, {parameters.literal().secret_weight});
    EXPECT_EQ(plan.status().code(), ErrorCode::kInvalidArgument);
    return plan.status().message();
  };
  const double scale = set.parameters.default_scale();
  const auto with = [&](const auto& change) {
    BootstrapOptions options = set.options;
    change(options);
    return error(set.parameters, options, scale);
  };
  EXPECT_NE(with([](auto& o) { o.target_level = 10; }).find("there are 13"), std::string::npos);
  EXPECT_NE(with([](auto& o) { o.degree = 64; }).find("levels"), std::string::npos);
  EXPECT_NE(with([](auto& o) { o.log_message_ratio = 13; }).find("q_0"), std::string::npos);
  EXPECT_NE(with([](auto& o) { o.coeff_to_slot = {5, 5, 4}; }).find("14 layers"), std::string::npos);
  EXPECT_NE(with([](auto& o) { o.arcsine_degree = 2; }).find("arcsine"), std::string::npos);
  EXPECT_NE(with([](auto& o) { o.babies = -1; }).find("baby steps"), std::string::npos);
  EXPECT_NE(with([](auto& o) { o.log_slots = 16; }).find("slots"), std::string::npos);
  EXPECT_NE(error(set.parameters, set.options, 0).find("scale"), std::string::npos);

  // An ephemeral secret whose key has too large a modulus for its weight.
  scheme::ParameterLiteral literal = set.parameters.literal();
  literal.q[0] = scheme::FindNttPrimes(61, 16, 15)->back();
  const auto large = scheme::Parameters::Create(literal, scheme::Security::k128Bit);
  ASSERT_FALSE(large.ok());  // log2(QP) is above the bound already
  literal.q.pop_back();
  literal.q.pop_back();
  literal.q.erase(literal.q.begin() + 1);
  BootstrapOptions options = set.options;
  options.target_level = 8;
  options.coeff_to_slot = {15};
  EXPECT_NE(error(*scheme::Parameters::Create(literal, scheme::Security::k128Bit), options, scale).find("121"),
            std::string::npos);
  EXPECT_NE(FindBootstrapSet("n17").status().message().find("n16-uniform"), std::string::npos);
}

}  // namespace
}  // namespace keymemrt::circuit
