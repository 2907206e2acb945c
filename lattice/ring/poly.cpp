// SPDX-License-Identifier: Apache-2.0
#include "lattice/ring/poly.h"

namespace keymemrt::lattice {

Poly::Poly(SlotPool& pool, MemoryClass memory_class, int limbs) {
  slots_.reserve(static_cast<size_t>(limbs));
  for (int i = 0; i < limbs; ++i) slots_.push_back(pool.Take(memory_class));
}

}  // namespace keymemrt::lattice
