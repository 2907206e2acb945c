// SPDX-License-Identifier: Apache-2.0
//
// Parameter sets for the tests and benchmarks of lattice/.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "scheme/parameters.h"

namespace keymemrt::lattice {

// N = 2^log_n with primes of the given sizes in bits; not necessarily secure.
inline scheme::Parameters TestParameters(int log_n, const std::vector<int>& q_bits, const std::vector<int>& p_bits,
                                         int log_scale, int secret_weight = 0, int ephemeral_weight = 0) {
  scheme::ParameterLiteral literal{.log_n = log_n,
                                   .log_default_scale = log_scale,
                                   .secret_weight = secret_weight,
                                   .ephemeral_weight = ephemeral_weight};
  std::vector<uint64_t> taken;
  const auto next = [&](int bits) {
    auto prime = scheme::FindNttPrimes(bits, log_n, 1, taken);
    if (!prime.ok()) {
      std::fprintf(stderr, "%s\n", prime.status().message().c_str());
      std::abort();
    }
    taken.push_back(prime->front());
    return taken.back();
  };
  for (const int bits : p_bits) literal.p.push_back(next(bits));  // first, so that P is above Q primes of its size
  for (const int bits : q_bits) literal.q.push_back(next(bits));
  auto parameters = scheme::Parameters::Create(literal, scheme::Security::kInsecure);
  if (!parameters.ok()) {
    std::fprintf(stderr, "%s\n", parameters.status().message().c_str());
    std::abort();
  }
  return *parameters;
}

}  // namespace keymemrt::lattice
