// SPDX-License-Identifier: Apache-2.0
//
// An element of the ring modulo a product of limbs, and what CKKS makes of it: plaintext, ciphertext, digits.
#pragma once

#include <vector>

#include "base/slot_pool.h"
#include "scheme/parameters.h"

namespace keymemrt::lattice {

// Limbs of N words each, in slots of a pool. Which moduli they belong to and in which form they are (coefficients or
// NTT evaluations) is said by the type that holds them.
class Poly {
 public:
  Poly() = default;
  // Uninitialised limbs.
  Poly(SlotPool& pool, MemoryClass memory_class, int limbs);

  int limbs() const { return static_cast<int>(slots_.size()); }
  uint64_t* limb(int i) { return slots_[static_cast<size_t>(i)].data(); }
  const uint64_t* limb(int i) const { return slots_[static_cast<size_t>(i)].data(); }
  // Moves its slots to another account.
  void SetClass(MemoryClass memory_class) {
    for (Slot& slot : slots_) slot.SetClass(memory_class);
  }
  // Frees the limbs from `count` on.
  void Truncate(int count) { slots_.resize(static_cast<size_t>(count)); }

 private:
  std::vector<Slot> slots_;
};

// An encoded message: limbs q_0..q_level, NTT form; slot values times `scale`.
struct Plaintext {
  Poly poly;
  int level = 0;
  double scale = 1;
};

// parts[0] + parts[1]*s (+ parts[2]*s^2): limbs q_0..q_level each, NTT form. Two parts, three after Mul until
// Relinearize.
struct Ciphertext {
  std::vector<Poly> parts;
  int level = 0;
  double scale = 1;
};

// The gadget decomposition of parts[1] of a ciphertext, extended to Q_level * P and in NTT form, for many rotations of
// the same ciphertext (hoisting; Halevi, Shoup, "Faster homomorphic linear transformations in HElib", 2018): digit d
// has the limbs q_0..q_level, p_0..p_(K-1), in this order. With keys of a shape, all of it as that shape has it.
struct Digits {
  std::vector<Poly> digits;
  int level = 0;
  scheme::KeyShape shape = {};
};

}  // namespace keymemrt::lattice
