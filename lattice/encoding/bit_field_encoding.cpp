// SPDX-License-Identifier: Apache-2.0
#include "lattice/encoding/bit_field_encoding.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace keymemrt::lattice {

namespace {

// 2^width - 1
uint64_t Mask(const BitField& field) {
  return ~uint64_t{0} >> (64 - field.width);
}

}  // namespace

Status BitField::Check() const {
  if (width < 1 || width > 64) return InvalidArgument("a bit field of width {}, 1 to 64 expected", width);
  if (start < width - 1)
    return InvalidArgument("a bit field of width {} with highest bit {} ends below bit 0", width, start);
  return Status();
}

uint64_t Place(const BitField& field, uint64_t message) {
  assert(field.Check().ok() && field.start <= 63 && message <= Mask(field));
  return message << field.low();
}

uint64_t Extract(const BitField& field, uint64_t word) {
  assert(field.Check().ok() && field.start <= 63);
  const int low = field.low();
  const uint64_t half = low == 0 ? 0 : uint64_t{1} << (low - 1);
  return (word + half) >> low & Mask(field);
}

BitFieldEncoding::BitFieldEncoding(const Context& context, SlotPool& pool, BitField field, int level)
    : context_(&context), pool_(&pool), field_(field), level_(level) {}

Result<BitFieldEncoding> BitFieldEncoding::Create(const Context& context, SlotPool& pool, BitField field, int level) {
  KMRT_RETURN_IF_ERROR(CheckLevelAndScale(context, level, 1).WithContext("bit-field encoding"));
  KMRT_RETURN_IF_ERROR(field.Check().WithContext("bit-field encoding"));
  if (std::ldexp(2.0, field.start) > HalfQ(context, level)) {
    return InvalidArgument("bit-field encoding: highest bit {} does not fit into half of Q_{}, 2^{:.1f}", field.start,
                           level, context.parameters().LogQ(level) - 1);
  }
  return BitFieldEncoding(context, pool, field, level);
}

double BitFieldEncoding::NoiseMargin() const {
  return std::ldexp(1.0, field_.low() - 1);
}

std::string BitFieldEncoding::Domain() const {
  return fmt::format("at most {} integers in [0, 2^{})", context_->n(), field_.width);
}

Result<Plaintext> BitFieldEncoding::Encode(const std::vector<uint64_t>& messages) const {
  if (messages.size() > context_->n()) {
    return InvalidArgument("bit-field encoding: {} integers for {} coefficients", messages.size(), context_->n());
  }
  for (size_t i = 0; i < messages.size(); ++i) {
    if (messages[i] > Mask(field_)) {
      return InvalidArgument("bit-field encoding: integer {} is {}, not below 2^{}", i, messages[i], field_.width);
    }
  }
  const double scale = std::ldexp(1.0, field_.low());
  return BuildPlaintext(*context_, *pool_, level_, scale, [&](int, const Modulus& q, uint64_t* out) {
    const uint64_t weight = WholeModulo(scale, q);
    std::transform(messages.begin(), messages.end(), out, [&](uint64_t m) { return q.Mul(q.Reduce(m), weight); });
    std::fill(out + messages.size(), out + context_->n(), 0);
  });
}

Result<std::vector<uint64_t>> BitFieldEncoding::Decode(const Plaintext& plaintext) const {
  std::vector<uint64_t> messages(context_->n());
  KMRT_RETURN_IF_ERROR(VisitCoefficients(*context_, *pool_, plaintext, [&](size_t i, const BigInteger& x) {
    const BigInteger rounded = DivideRounded(x, plaintext.scale);
    const uint64_t word = rounded.magnitude().empty() ? 0 : rounded.magnitude()[0];
    messages[i] = (rounded.negative() ? -word : word) & Mask(field_);  // two's complement
  }));
  return messages;
}

}  // namespace keymemrt::lattice
