// SPDX-License-Identifier: Apache-2.0
#include "scheme/key_shape.h"

#include <optional>

namespace keymemrt::scheme {

KeyCost CostOfKey(const Parameters& parameters, int level) {
  const int live = level + 1, specials = parameters.p_count();
  const int chunks = parameters.ChunkCount(level);
  // Back: the polynomial, `live`. ModUp: each digit to every limb outside it, chunks - live in all. ModDown, for two
  // polynomials: P back, Q_level forth.
  return {chunks, live + (chunks - live) + 2 * (specials + live)};
}

Result<KeyShape> BestShape(const Parameters& parameters, int level, const SecretDistribution& secret) {
  if (level < 0 || level > parameters.max_level()) {
    return InvalidArgument("there is no level {}, 0 to {} expected", level, parameters.max_level());
  }
  struct Choice {
    KeyCost cost;
    KeyShape shape;
  };
  std::optional<Choice> best;
  Status refused;
  const auto consider = [&](const KeyShape& shape) {
    const Result<Parameters> candidate = parameters.At(shape);
    if (!candidate.ok()) return;  // too small a P'
    if (Status secure = CheckKeySecurity(*candidate, level, secret); !secure.ok()) {
      refused = std::move(secure);
      return;
    }
    const KeyCost cost = CostOfKey(*candidate, level);
    if (!best || cost < best->cost) best = Choice{cost, shape};
  };
  consider({});
  for (int specials = 1; specials <= parameters.p_count() + parameters.max_level() - level; ++specials) {
    consider({level, specials});
  }
  if (!best) return refused;
  return best->shape;
}

}  // namespace keymemrt::scheme
