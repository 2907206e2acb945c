// SPDX-License-Identifier: Apache-2.0
#include "lattice/evaluator/basis.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace keymemrt::lattice {

ConvertedBasis::ConvertedBasis(const Context& context, SlotPool& pool, const BaseConversion& conversion,
                               std::vector<uint64_t*> limbs)
    : context_(context), conversion_(conversion), limbs_(std::move(limbs)), inputs_(limbs_.begin(), limbs_.end()) {
  assert(limbs_.size() == conversion.from.size());
  if (OwnedSlots(static_cast<int>(limbs_.size())) != 0) overflow_ = pool.Take(MemoryClass::kScratch);
  for (const int limb : conversion.from) bits_ = std::max(bits_, context.modulus(limb).bits());
}

void ConvertedBasis::ScaleLimb(int i) {
  if (limbs_.size() == 1) return;  // F/f_0 = 1
  const size_t k = static_cast<size_t>(i);
  context_.kernels().mul_scalar(limbs_[k], limbs_[k], conversion_.inverse[k], context_.n(),
                                context_.modulus(conversion_.from[k]));
}

void ConvertedBasis::ComputeOverflow() {
  if (overflow_)
    ConversionOverflow(context_, conversion_, inputs_.data(), reinterpret_cast<uint8_t*>(overflow_.data()));
}

void ConvertedBasis::ScaleResidues() {
  for (int i = 0; i < static_cast<int>(limbs_.size()); ++i) ScaleLimb(i);
  ComputeOverflow();
}

void ConvertedBasis::Convert(int index, uint64_t* out) const {
  const Modulus& q = context_.modulus(conversion_.to[static_cast<size_t>(index)]);
  if (limbs_.size() == 1) {
    context_.kernels().reduce_centered(out, limbs_[0], context_.n(), context_.modulus(conversion_.from[0]), q);
    return;
  }
  context_.kernels().dot(out, inputs_.data(), bits_, reinterpret_cast<const uint8_t*>(overflow_.data()),
                         conversion_.weights[static_cast<size_t>(index)].data(), inputs_.size(), context_.n(), q);
}

}  // namespace keymemrt::lattice
