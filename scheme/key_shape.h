// SPDX-License-Identifier: Apache-2.0
//
// What a key costs by its shape, and which shape is best for a level ("level-aware key switching": the primes of Q that
// are gone at a level serve as special primes there).
#pragma once

#include "base/status.h"
#include "scheme/parameters.h"
#include "scheme/security.h"

namespace keymemrt::scheme {

struct KeyCost {
  int chunks = 0;      // of N words each, that a use reads
  int transforms = 0;  // NTTs and inverse NTTs of a limb in one rotation

  auto operator<=>(const KeyCost&) const = default;
};

// Of one use at `level` of a key of the parameters' shape. REQUIRES: 0 <= level <= max_level().
KeyCost CostOfKey(const Parameters& parameters, int level);

// The shape whose keys for `level` have the fewest chunks and then the fewest transforms, among those within the
// security bound for `secret`; plain where no other is better. A plain key also serves other levels: whoever uses one
// key at several levels compares sums of CostOfKey. kInvalidArgument: no such level, or no shape within the bound.
Result<KeyShape> BestShape(const Parameters& parameters, int level, const SecretDistribution& secret = {});

}  // namespace keymemrt::scheme
