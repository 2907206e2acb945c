// SPDX-License-Identifier: Apache-2.0
//
// What counts as 128-bit secure: the largest log2(Q*P) per ring and distribution of the secret, from published tables
// only. A switching key for level l is a ciphertext modulo Q_l*P (P' for a key of a shape) under the secret that it
// leads to, so every key is held against the table, not only the parameter set.
#pragma once

#include <string>

#include "base/status.h"
#include "scheme/parameters.h"

namespace keymemrt::scheme {

// How the coefficients of a secret are drawn.
struct SecretDistribution {
  int hamming_weight = 0;  // exactly so many coefficients are -1 or 1; 0: each is uniform in {-1, 0, 1}

  bool sparse() const { return hamming_weight != 0; }
  bool operator==(const SecretDistribution&) const = default;
  std::string ToString() const;  // "uniform ternary", "ternary of weight 192"
};

// The largest log2(QP), in bits, that is 128-bit secure with error deviation 3.2.
//   Uniform ternary: HomomorphicEncryption.org security standard (2018) for N <= 2^15; for 2^16 and 2^17 the values
//   that
//     OpenFHE 1.5 uses.
//   Weight 192: 1553 bits at N = 2^16 and 768 at 2^15, the largest of the bootstrapping sets of Bossuat,
//   Troncoso-Pastoriza
//     and Hubaux, "Bootstrapping for approximate homomorphic encryption with negligible failure-probability by using
//     sparse-secret encapsulation" (2022, eprint 2022/024), which Lattigo has as defaults.
//   Weight 32: 121 bits at N = 2^16 and 84 at 2^15, the q_0*p_0 of the encapsulation keys of the same sets. A key under
//   such
//     a secret at a higher level breaks the scheme.
// kInvalidArgument for anything else: no figure is guessed.
Result<int> MaxLogQP(int log_n, const SecretDistribution& secret);

// Whether a key for use at levels up to `level`, encrypted under a secret of this distribution, may be made:
// kInvalidArgument when log2(Q_level*P) is above the bound or there is none, unless the parameters were created
// insecure. `parameters`: of the key's shape. REQUIRES: 0 <= level <= max_level().
Status CheckKeySecurity(const Parameters& parameters, int level, const SecretDistribution& secret);

}  // namespace keymemrt::scheme
