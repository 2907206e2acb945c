// SPDX-License-Identifier: Apache-2.0
//
// A number modulo a few limbs on its way to other limbs: the common part of ModUp, ModDown and encryption modulo QP.
#pragma once

#include <vector>

#include "base/slot_pool.h"
#include "lattice/ring/context.h"

namespace keymemrt::lattice {

// Exact conversion of the symmetric representative (see BaseConversion). Refers to the caller's limbs, which must live
// as long; owns one slot for the overflow when there are several limbs. Once prepared, Convert is thread-safe.
class ConvertedBasis {
 public:
  // `limbs`: one array of n words per limb of conversion.from, residues in coefficient form. Nothing is computed yet.
  ConvertedBasis(const Context& context, SlotPool& pool, const BaseConversion& conversion,
                 std::vector<uint64_t*> limbs);

  // The two steps of preparation: y_i = x * (F/f_i)^-1 in place, then u. ScaleResidues does both for all limbs;
  // ScaleLimb does one limb (different limbs in parallel), ComputeOverflow comes after all of them.
  void ScaleResidues();
  void ScaleLimb(int i);
  void ComputeOverflow();

  // Writes the residues modulo limb conversion.to[index], coefficient form.
  void Convert(int index, uint64_t* out) const;

  // Slots that one conversion from `limbs` limbs owns.
  static int OwnedSlots(int limbs) { return limbs > 1 ? 1 : 0; }

 private:
  const Context& context_;
  const BaseConversion& conversion_;
  std::vector<uint64_t*> limbs_;         // y_i
  std::vector<const uint64_t*> inputs_;  // the same
  int bits_ = 8;                         // y_i < 2^bits_, as Kernels::dot wants to know
  Slot overflow_;                        // u, one byte each
};

}  // namespace keymemrt::lattice
