// SPDX-License-Identifier: Apache-2.0
#include "lattice/encoding/canonical_encoding.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "lattice/encoding/integer_plaintext.h"

namespace keymemrt::lattice {

CanonicalEncoding::CanonicalEncoding(const Context& context, const Encoder& encoder, SlotPool& pool, int level,
                                     double scale)
    : context_(&context), encoder_(&encoder), pool_(&pool), level_(level), scale_(scale) {}

Result<CanonicalEncoding> CanonicalEncoding::Create(const Context& context, const Encoder& encoder, SlotPool& pool,
                                                    int level, double scale) {
  KMRT_RETURN_IF_ERROR(CheckLevelAndScale(context, level, scale).WithContext("canonical embedding"));
  return CanonicalEncoding(context, encoder, pool, level, scale);
}

Result<Plaintext> CanonicalEncoding::Encode(const std::vector<double>& values) const {
  return encoder_->Encode(values, scale_, level_, *pool_);
}

Result<std::vector<double>> CanonicalEncoding::Decode(const Plaintext& plaintext) const {
  KMRT_RETURN_IF_ERROR(CheckLevelAndScale(*context_, plaintext.level, plaintext.scale).WithContext("decode"));
  if (plaintext.poly.limbs() != plaintext.level + 1) {
    return InvalidArgument("decode: {} limbs at level {}", plaintext.poly.limbs(), plaintext.level);
  }
  return encoder_->Decode(plaintext, *pool_);
}

std::string CanonicalEncoding::Domain() const {
  return fmt::format("2^k <= {} numbers; no coefficient of their embedding, times {}, may reach half of Q_{}, {}",
                     context_->parameters().slots(), scale_, level_, HalfQ(*context_, level_));
}

double CanonicalEncoding::ErrorBound(const std::vector<double>& values) const {
  double largest = 0;
  for (const double x : values) largest = std::max(largest, std::abs(x));
  const double n = static_cast<double>(context_->n()), slots = n / 2;
  const double passes = 2 * (std::log2(slots) + 2);  // of both transforms, and the multiplications around them
  return n / (std::numbers::pi * scale_) + 7 * passes * std::sqrt(slots) * 0x1p-53 * largest;
}

}  // namespace keymemrt::lattice
