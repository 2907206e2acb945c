// SPDX-License-Identifier: Apache-2.0
//
// What the benchmarks of our engine share.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include "base/status.h"
#include "bench/parameter_sets.h"
#include "scheme/parameters.h"

namespace keymemrt::bench {

// A benchmark's set-up has nobody to report to: ends the process with the reason.
inline void Need(const Status& status) {
  if (status.ok()) return;
  fmt::print(stderr, "benchmark: {}\n", status.message());
  std::exit(1);
}
template <typename T>
T Need(Result<T> result) {
  Need(result.status());
  return std::move(result).value();
}

inline scheme::Parameters MakeParameters(const ParameterSet& set) {
  std::vector<uint64_t> taken;
  const auto take = [&](int bits, int count) {
    std::vector<uint64_t> primes = Need(scheme::FindNttPrimes(bits, set.log_n, static_cast<size_t>(count), taken));
    taken.insert(taken.end(), primes.begin(), primes.end());
    return primes;
  };
  scheme::ParameterLiteral literal;
  literal.log_n = set.log_n;
  literal.q = take(set.first_q_bits, 1);
  const std::vector<uint64_t> others = take(set.q_bits, set.q_count - 1);
  literal.q.insert(literal.q.end(), others.begin(), others.end());
  literal.p = take(set.p_bits, set.p_count);
  literal.log_default_scale = set.q_bits;
  return Need(scheme::Parameters::Create(literal, scheme::Security::kInsecure));
}

}  // namespace keymemrt::bench
