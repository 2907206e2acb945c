// SPDX-License-Identifier: Apache-2.0
#include "scheme/security.h"

#include <cassert>

namespace keymemrt::scheme {

namespace {

struct SparseBound {
  int hamming_weight, log_n, bits;
};
constexpr SparseBound kSparseBounds[] = {{192, 16, 1553}, {192, 15, 768}, {32, 16, 121}, {32, 15, 84}};

}  // namespace

int MaxLogQP(int log_n) {
  constexpr int kBound[] = {27, 54, 109, 218, 438, 881, 1747, 3523};
  assert(log_n >= 10 && log_n <= 17);
  return kBound[log_n - 10];
}

std::string SecretDistribution::ToString() const {
  return sparse() ? fmt::format("ternary of weight {}", hamming_weight) : "uniform ternary";
}

Result<int> MaxLogQP(int log_n, const SecretDistribution& secret) {
  if (!secret.sparse() && log_n >= 10 && log_n <= 17) return MaxLogQP(log_n);
  for (const SparseBound& bound : kSparseBounds) {
    if (bound.hamming_weight == secret.hamming_weight && bound.log_n == log_n) return bound.bits;
  }
  return InvalidArgument(
      "no published bound on log2(QP) for a {} secret at N=2^{}: known are uniform ternary secrets, and "
      "weights 192 and 32 at N=2^15 and 2^16",
      secret.ToString(), log_n);
}

Status CheckKeySecurity(const Parameters& parameters, int level, const SecretDistribution& secret) {
  assert(level >= 0 && level <= parameters.max_level());
  if (parameters.security() == Security::kInsecure) return Status();
  KMRT_ASSIGN_OR_RETURN(const int bound, MaxLogQP(parameters.log_n(), secret));
  if (parameters.LogQP(level) <= bound) return Status();
  return InvalidArgument(
      "log2(QP) = {:.1f} bits of a key for level {} exceed {}, the most that is 128-bit secure at N=2^{} under a {} "
      "secret",
      parameters.LogQP(level), level, bound, parameters.log_n(), secret.ToString());
}

}  // namespace keymemrt::scheme
