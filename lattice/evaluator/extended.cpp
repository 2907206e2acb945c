// SPDX-License-Identifier: Apache-2.0
#include "lattice/evaluator/extended.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "lattice/evaluator/basis.h"

namespace keymemrt::lattice {

Poly Extend(const Workspace& work, int level, const Poly& x) {
  const Context& context = work.context;
  Poly extended(work.pool, MemoryClass::kCiphertexts, ExtendedLimbs(context.parameters(), level));
  const std::vector<uint64_t>& p = context.ModDown(level).product;
  ParallelFor(work.threads, extended.limbs(), [&](int limb) {
    if (limb <= level) {
      context.kernels().mul_scalar(extended.limb(limb), x.limb(limb), p[static_cast<size_t>(limb)], context.n(),
                                   context.modulus(limb));
    } else {
      std::fill_n(extended.limb(limb), context.n(), uint64_t{0});
    }
  });
  return extended;
}

void ModDown(const Workspace& work, int level, Poly& x) {
  const Context& context = work.context;
  const Kernels& kernels = context.kernels();
  const int q_count = context.parameters().q_count(), p_count = context.parameters().p_count();
  const BaseConversion& conversion = context.ModDown(level);
  std::vector<uint64_t*> special;
  for (int i = 0; i < p_count; ++i) special.push_back(x.limb(level + 1 + i));
  ConvertedBasis remainder(context, work.pool, conversion, special);
  ParallelFor(work.threads, p_count, [&](int i) {
    kernels.ntt_inverse(special[static_cast<size_t>(i)], context.ntt(q_count + i));
    remainder.ScaleLimb(i);
  });
  remainder.ComputeOverflow();
  ParallelFor(work.threads, level + 1, [&](int limb) {
    const Slot rest = work.pool.Take(MemoryClass::kScratch);
    remainder.Convert(limb, rest.data());
    kernels.ntt_forward(rest.data(), context.ntt(limb));
    kernels.sub_mul_scalar(x.limb(limb), x.limb(limb), rest.data(),
                           conversion.product_inverse[static_cast<size_t>(limb)], context.n(), context.modulus(limb));
  });
  x.Truncate(level + 1);
}

int ModDownSlots(const scheme::Parameters& parameters, int level, int threads) {
  return ConvertedBasis::OwnedSlots(parameters.p_count()) + std::min(threads, level + 1);
}

}  // namespace keymemrt::lattice
