// SPDX-License-Identifier: Apache-2.0
#include "circuit/bootstrap_sets.h"

#include <utility>

namespace keymemrt::circuit {

namespace {

// Sizes in bits; every prime is the largest of its size that is still free, those of P first.
struct Sizes {
  const char* name;
  const char* description;
  scheme::Security security;
  int log_n, log_scale, secret_weight;
  std::vector<std::pair<int, int>> q, p;  // (count, bits), from q_0 up
  BootstrapOptions options;
};

constexpr int kEphemeralWeight = 32;

const std::vector<Sizes>& Table() {
  static const std::vector<Sizes> table = {
      {.name = "n16",
       .description = "main secret of weight 192, 9 levels of 40 bits left",
       .security = scheme::Security::k128Bit,
       .log_n = 16,
       .log_scale = 40,
       .secret_weight = 192,
       // Message; SlotToCoeff; EvalMod; CoeffToSlot.
       .q = {{1, 52}, {9, 40}, {3, 38}, {8, 61}, {3, 57}},
       .p = {{6, 61}},
       .options = {.target_level = 9, .coeff_to_slot = {5, 5, 5}, .slot_to_coeff = {5, 5, 5}, .log_message_ratio = 12}},
      {.name = "n16-uniform",
       .description = "uniform ternary main secret, 13 levels of 40 bits left",
       .security = scheme::Security::k128Bit,
       .log_n = 16,
       .log_scale = 40,
       .secret_weight = 0,
       .q = {{1, 48}, {13, 40}, {3, 38}, {8, 60}, {3, 58}},
       .p = {{6, 61}},
       .options = {.target_level = 13, .coeff_to_slot = {5, 5, 5}, .slot_to_coeff = {5, 5, 5}, .log_message_ratio = 8}},
      {.name = "n15",
       .description = "main secret of weight 192, 3 levels of 25 bits left",
       .security = scheme::Security::k128Bit,
       .log_n = 15,
       .log_scale = 25,
       .secret_weight = 192,
       .q = {{1, 33}, {3, 25}, {2, 30}, {8, 50}, {2, 49}},
       .p = {{2, 51}},
       .options = {.target_level = 3, .coeff_to_slot = {7, 7}, .slot_to_coeff = {7, 7}, .log_message_ratio = 8}},
      {.name = "insecure-n11",
       .description = "for tests: main secret of weight 192, 3 levels of 40 bits left",
       .security = scheme::Security::kInsecure,
       .log_n = 11,
       .log_scale = 40,
       .secret_weight = 192,
       .q = {{1, 52}, {3, 40}, {2, 38}, {8, 60}, {2, 58}},
       .p = {{4, 61}},
       .options = {.target_level = 3, .coeff_to_slot = {5, 5}, .slot_to_coeff = {5, 5}, .log_message_ratio = 12}},
  };
  return table;
}

Result<BootstrapSet> Make(const Sizes& sizes) {
  std::vector<uint64_t> taken;
  const auto take = [&](const std::vector<std::pair<int, int>>& runs, std::vector<uint64_t>& into) -> Status {
    for (const auto& [count, bits] : runs) {
      KMRT_ASSIGN_OR_RETURN(const std::vector<uint64_t> primes,
                            scheme::FindNttPrimes(bits, sizes.log_n, static_cast<size_t>(count), taken));
      taken.insert(taken.end(), primes.begin(), primes.end());
      into.insert(into.end(), primes.begin(), primes.end());
    }
    return Status();
  };
  scheme::ParameterLiteral literal{.log_n = sizes.log_n,
                                   .log_default_scale = sizes.log_scale,
                                   .secret_weight = sizes.secret_weight,
                                   .ephemeral_weight = kEphemeralWeight};
  KMRT_RETURN_IF_ERROR(take(sizes.p, literal.p));
  KMRT_RETURN_IF_ERROR(take(sizes.q, literal.q));
  KMRT_ASSIGN_OR_RETURN(scheme::Parameters parameters, scheme::Parameters::Create(literal, sizes.security));
  BootstrapOptions options = sizes.options;
  options.log_slots = sizes.log_n - 1;
  options.ephemeral_weight = kEphemeralWeight;
  return BootstrapSet{sizes.name, sizes.description, std::move(parameters), std::move(options)};
}

}  // namespace

std::vector<std::string> BootstrapSetNames() {
  std::vector<std::string> names;
  for (const Sizes& sizes : Table()) names.emplace_back(sizes.name);
  return names;
}

Result<BootstrapSet> FindBootstrapSet(const std::string& name) {
  for (const Sizes& sizes : Table()) {
    if (name == sizes.name) return Make(sizes);
  }
  std::string names;
  for (const Sizes& sizes : Table()) names += (names.empty() ? "" : ", ") + std::string(sizes.name);
  return InvalidArgument("no bootstrapping set \"{}\"; there are {}", name, names);
}

}  // namespace keymemrt::circuit
