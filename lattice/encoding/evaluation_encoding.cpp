// SPDX-License-Identifier: Apache-2.0
#include "lattice/encoding/evaluation_encoding.h"

#include <algorithm>
#include <cmath>

namespace keymemrt::lattice {

namespace {

uint32_t ReverseBits(uint32_t x, int bits) {
  uint32_t reversed = 0;
  for (; bits > 0; --bits, x >>= 1) reversed = reversed << 1 | (x & 1);
  return reversed;
}

}  // namespace

EvaluationEncoding::EvaluationEncoding(const Context& context, SlotPool& pool, uint64_t t, int level, double scale)
    : context_(&context),
      pool_(&pool),
      ntt_(context.parameters().log_n(), Modulus(t)),
      position_(context.n()),
      level_(level),
      scale_(scale) {
  // The NTT leaves the value at psi^(2*brv(i)+1) at position i.
  const int log_n = context.parameters().log_n();
  const size_t half = context.n() / 2, mask = 2 * context.n() - 1;
  size_t power = 1;  // 5^j mod 2N
  for (size_t j = 0; j < half; ++j, power = power * 5 & mask) {
    position_[j] = ReverseBits(static_cast<uint32_t>(power / 2), log_n);
    position_[half + j] = ReverseBits(static_cast<uint32_t>((mask + 1 - power) / 2), log_n);
  }
}

Result<EvaluationEncoding> EvaluationEncoding::Create(const Context& context, SlotPool& pool, uint64_t t, int level,
                                                      double scale) {
  KMRT_RETURN_IF_ERROR(CheckLevelAndScale(context, level, scale).WithContext("evaluation encoding"));
  if (t >= uint64_t{1} << 61 || t % (2 * context.n()) != 1 || !scheme::IsPrime(t)) {
    return InvalidArgument("evaluation encoding: t = {} is not a prime = 1 mod {} below 2^61", t, 2 * context.n());
  }
  if (scale != std::floor(scale)) {
    return InvalidArgument("evaluation encoding: the scale {} is not a whole number", scale);
  }
  if (scale * static_cast<double>(t) >= 2 * HalfQ(context, level)) {
    return InvalidArgument("evaluation encoding: t = {} times the scale {} does not fit into Q_{}, 2^{:.1f}", t, scale,
                           level, context.parameters().LogQ(level));
  }
  return EvaluationEncoding(context, pool, t, level, scale);
}

std::string EvaluationEncoding::Domain() const {
  return fmt::format("at most {} integers in [0, {})", context_->n(), t());
}

Result<Plaintext> EvaluationEncoding::Encode(const std::vector<uint64_t>& slots) const {
  const size_t n = context_->n();
  if (slots.size() > n) return InvalidArgument("evaluation encoding: {} integers for {} slots", slots.size(), n);
  const Slot values = pool_->Take(MemoryClass::kScratch);
  std::fill_n(values.data(), n, 0);
  for (size_t i = 0; i < slots.size(); ++i) {
    if (slots[i] >= t()) {
      return InvalidArgument("evaluation encoding: integer {} is {}, not below t = {}", i, slots[i], t());
    }
    values.data()[position_[i]] = slots[i];
  }
  const Kernels& kernels = context_->kernels();
  kernels.ntt_inverse(values.data(), ntt_);
  return BuildPlaintext(*context_, *pool_, level_, scale_, [&](int, const Modulus& q, uint64_t* out) {
    kernels.reduce_centered(out, values.data(), n, ntt_.modulus(), q);
    kernels.mul_scalar(out, out, WholeModulo(scale_, q), n, q);
  });
}

Result<std::vector<uint64_t>> EvaluationEncoding::Decode(const Plaintext& plaintext) const {
  const size_t n = context_->n();
  const Slot values = pool_->Take(MemoryClass::kScratch);
  KMRT_RETURN_IF_ERROR(VisitCoefficients(*context_, *pool_, plaintext, [&](size_t i, const BigInteger& x) {
    values.data()[i] = DivideRounded(x, plaintext.scale).Mod(ntt_.modulus());
  }));
  context_->kernels().ntt_forward(values.data(), ntt_);
  std::vector<uint64_t> slots(n);
  for (size_t i = 0; i < n; ++i) slots[i] = values.data()[position_[i]];
  return slots;
}

}  // namespace keymemrt::lattice
