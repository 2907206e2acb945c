// SPDX-License-Identifier: Apache-2.0
#include "planner/machine.h"

#include <gtest/gtest.h>

#include <random>

namespace keymemrt::planner {
namespace {

RingRates SomeRates() {
  RingRates rates;
  rates.log_n = 14;
  rates.transform = {2e-5, 5e-5};
  rates.key_product = {1e-5, 2e-5};
  rates.conversion = {1e-6, 3e-6};
  rates.pass = {4e-6, 4e-6};
  rates.row_product = {9e-6, 11e-6};
  rates.embedding = 2e-5;
  return rates;
}

std::vector<Observation> Observe(const RingRates& rates, double noise, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Observation> observations;
  for (int i = 0; i < 60; ++i) {
    Work work;
    for (PerWidth* kind : {&work.transforms, &work.key_products, &work.conversions, &work.passes, &work.row_products}) {
      for (double& amount : *kind) amount = static_cast<double>(random() % 100);
    }
    work.embeddings = static_cast<double>(random() % 100);
    const double factor = 1 + noise * std::uniform_real_distribution<double>(-1, 1)(random);
    observations.push_back({work, Seconds(work, rates, 1) * factor});
  }
  return observations;
}

TEST(Machine, FitFindsTheRatesThatMadeTheObservations) {
  const RingRates rates = SomeRates();
  const Result<RingRates> fitted = FitRates(14, Observe(rates, 0, 1));
  ASSERT_TRUE(fitted.ok());
  for (size_t w = 0; w < kWidths; ++w) {
    EXPECT_NEAR(fitted->transform[w], rates.transform[w], rates.transform[w] * 1e-4);
    EXPECT_NEAR(fitted->key_product[w], rates.key_product[w], rates.key_product[w] * 1e-4);
    EXPECT_NEAR(fitted->conversion[w], rates.conversion[w], rates.conversion[w] * 1e-3);
    EXPECT_NEAR(fitted->pass[w], rates.pass[w], rates.pass[w] * 1e-3);
    EXPECT_NEAR(fitted->row_product[w], rates.row_product[w], rates.row_product[w] * 1e-3);
  }
  EXPECT_NEAR(fitted->embedding, rates.embedding, rates.embedding * 1e-3);
}

TEST(Machine, FitOfNoisyObservationsPredictsOthers) {
  const RingRates rates = SomeRates();
  const Result<RingRates> fitted = FitRates(14, Observe(rates, 0.1, 2));
  ASSERT_TRUE(fitted.ok());
  for (const Observation& observation : Observe(rates, 0, 3)) {
    EXPECT_NEAR(Seconds(observation.work, *fitted, 1), observation.seconds, observation.seconds * 0.1);
  }
}

TEST(Machine, FitRefusesObservationsThatSayNothing) {
  EXPECT_FALSE(FitRates(14, {{Work{}, 1.0}}).ok());
  Work work;
  work.passes[kNarrow] = 1;
  EXPECT_FALSE(FitRates(14, {{work, 0.0}}).ok());
}

TEST(Machine, OtherRingsAreScaled) {
  const Machine machine{.processor = "", .processors = 1, .rings = {SomeRates()}};
  const RingRates rates = RatesOf(machine, 15);
  EXPECT_DOUBLE_EQ(rates.key_product[kNarrow], 2e-5);
  EXPECT_DOUBLE_EQ(rates.transform[kNarrow], 2e-5 * 2 * 15 / 14);
}

TEST(Machine, ThreadsShortenAllButEmbeddingsAndTheSerialShare) {
  RingRates rates = SomeRates();
  rates.embedding = 1;
  rates.serial_share = 0.2;
  Work work;
  work.passes[kNarrow] = 1e6;
  work.embeddings = 1;
  EXPECT_DOUBLE_EQ(Seconds(work, rates, 1), 5);
  EXPECT_DOUBLE_EQ(Seconds(work, rates, 2), 1 + 4 * 0.6);
}

TEST(Machine, DefaultsAreUsable) {
  const Machine& machine = DefaultMachine();
  ASSERT_FALSE(machine.rings.empty());
  for (int log_n = 10; log_n <= 17; ++log_n) {
    const RingRates rates = RatesOf(machine, log_n);
    for (size_t w = 0; w < kWidths; ++w) EXPECT_GT(rates.transform[w], 0);
    EXPECT_GT(rates.embedding, 0);
  }
  EXPECT_GT(machine.store.bytes_per_second, 0);
}

}  // namespace
}  // namespace keymemrt::planner
