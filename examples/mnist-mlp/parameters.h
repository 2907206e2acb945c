// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scheme/parameters.h"

namespace keymemrt::examples {

// N = 2^13, 128-bit secure. Five levels for five layers, each a prime just below 2^25, the scale. The base prime is
// just below 2^34, so that at the last level values up to q0 / (2 * 2^25), just below 256, fit: the logits stay below
// 233 (model.json). Two special primes, together at least q0 * q1: a digit of the key switch is two limbs.
Result<scheme::Parameters> MnistMlpParameters();

}  // namespace keymemrt::examples
