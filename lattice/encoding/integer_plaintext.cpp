// SPDX-License-Identifier: Apache-2.0
#include "lattice/encoding/integer_plaintext.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "lattice/encoding/residue_number_system.h"

namespace keymemrt::lattice {

Status CheckLevelAndScale(const Context& context, int level, double scale) {
  const int top = context.parameters().max_level();
  if (level < 0 || level > top) return InvalidArgument("there is no level {}, 0 to {} expected", level, top);
  if (!(scale > 0) || !std::isfinite(scale)) return InvalidArgument("the scale {} is not a positive number", scale);
  return Status();
}

double HalfQ(const Context& context, int level) {
  BigInteger half(1);
  for (int limb = 0; limb <= level; ++limb) half.MulAdd(context.modulus(limb).value(), 0);
  half.ShiftRight(1);
  // Only the top 53 bits: then the conversion is exact.
  const int shift = std::max(0, half.bits() - 53);
  half.ShiftRight(shift);
  return std::min(std::ldexp(half.ToDouble(), shift), std::numeric_limits<double>::max());
}

uint64_t WholeModulo(double x, const Modulus& q) {
  int exponent;
  const double fraction = std::frexp(std::abs(x), &exponent);
  const int shift = std::max(0, exponent - 53);  // below 2^53 the number itself is the word
  const uint64_t word = static_cast<uint64_t>(std::ldexp(fraction, exponent - shift));
  uint64_t residue = q.Reduce(word);
  if (shift > 0) residue = q.Mul(residue, q.Pow(q.Reduce(2), static_cast<uint64_t>(shift)));
  return x < 0 ? q.Negate(residue) : residue;
}

Plaintext BuildPlaintext(const Context& context, SlotPool& pool, int level, double scale,
                         const std::function<void(int, const Modulus&, uint64_t*)>& fill) {
  Plaintext plaintext{Poly(pool, MemoryClass::kPlaintexts, level + 1), level, scale};
  for (int limb = 0; limb <= level; ++limb) {
    fill(limb, context.modulus(limb), plaintext.poly.limb(limb));
    context.kernels().ntt_forward(plaintext.poly.limb(limb), context.ntt(limb));
  }
  return plaintext;
}

Status VisitCoefficients(const Context& context, SlotPool& pool, const Plaintext& plaintext,
                         const std::function<void(size_t, const BigInteger&)>& visit) {
  KMRT_RETURN_IF_ERROR(CheckLevelAndScale(context, plaintext.level, plaintext.scale).WithContext("decode"));
  const int limbs = plaintext.level + 1;
  if (plaintext.poly.limbs() != limbs) {
    return InvalidArgument("decode: {} limbs at level {}, {} expected", plaintext.poly.limbs(), plaintext.level, limbs);
  }
  std::vector<uint64_t> moduli;
  Poly coefficients(pool, MemoryClass::kScratch, limbs);
  for (int limb = 0; limb < limbs; ++limb) {
    moduli.push_back(context.modulus(limb).value());
    std::copy_n(plaintext.poly.limb(limb), context.n(), coefficients.limb(limb));
    context.kernels().ntt_inverse(coefficients.limb(limb), context.ntt(limb));
  }
  KMRT_ASSIGN_OR_RETURN(const auto system, ResidueNumberSystem::Create(moduli, ResidueNumberSystem::Range::kSigned));
  std::vector<uint64_t> residues(moduli.size());
  for (size_t i = 0; i < context.n(); ++i) {
    for (int limb = 0; limb < limbs; ++limb) residues[static_cast<size_t>(limb)] = coefficients.limb(limb)[i];
    visit(i, system.Reconstruct(residues));
  }
  return Status();
}

}  // namespace keymemrt::lattice
