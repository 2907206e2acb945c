// SPDX-License-Identifier: Apache-2.0
//
// What tests and benchmarks of bootstrapping share: both secrets and all keys in one place.
#pragma once

#include "lattice/bootstrapping/bootstrapper.h"
#include "lattice/evaluator/engine_test.h"

namespace keymemrt::lattice {

// An engine with an ephemeral secret and what a plan needs.
struct BootstrapEngine : Engine {
  explicit BootstrapEngine(const scheme::Parameters& parameters, int threads = 1)
      : Engine(parameters, threads, {parameters.literal().secret_weight}),
        ephemeral(*SecretKey::Generate(parameters, {parameters.literal().ephemeral_weight})) {}

  circuit::BootstrapPlan Plan(const circuit::BootstrapOptions& options) {
    auto plan =
        circuit::BootstrapPlan::Make(parameters(), options, parameters().default_scale(), secret.distribution());
    EXPECT_TRUE(plan.ok()) << plan.status().message();
    return *plan;
  }
  Bootstrapper Make(const circuit::BootstrapOptions& options) {
    const circuit::BootstrapPlan plan = Plan(options);
    MakeKeys(plan, keys);
    return *Bootstrapper::Create(context, encoder, pool, &workers, plan);
  }
  // Those that are not there yet.
  void MakeKeys(const circuit::BootstrapPlan& plan, MemoryKeys& into) {
    for (const circuit::BootstrapKey& key : plan.keys) {
      Status status;
      if (into.Acquire(key.id, key.level).ok()) continue;
      if (key.id.kind != KeyKind::kSecretSwitch) {
        status = into.Generate(secret, key.id, key.level, &workers);
      } else if (key.id.galois_element == circuit::kMainToEphemeral) {
        status = into.GenerateSecretSwitch(secret, ephemeral, key.id, key.level, &workers);
      } else {
        status = into.GenerateSecretSwitch(ephemeral, secret, key.id, key.level, &workers);
      }
      EXPECT_TRUE(status.ok()) << status.message();
    }
  }

  SecretKey ephemeral;
};

}  // namespace keymemrt::lattice
