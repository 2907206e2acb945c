// SPDX-License-Identifier: Apache-2.0
#include "lattice/encoding/coefficient_encoding.h"

#include <algorithm>
#include <cmath>

namespace keymemrt::lattice {

CoefficientEncoding::CoefficientEncoding(const Context& context, SlotPool& pool, int level, double scale)
    : context_(&context), pool_(&pool), level_(level), scale_(scale), half_q_(HalfQ(context, level)) {}

Result<CoefficientEncoding> CoefficientEncoding::Create(const Context& context, SlotPool& pool, int level,
                                                        double scale) {
  KMRT_RETURN_IF_ERROR(CheckLevelAndScale(context, level, scale).WithContext("coefficient encoding"));
  return CoefficientEncoding(context, pool, level, scale);
}

std::string CoefficientEncoding::Domain() const {
  return fmt::format("at most {} numbers x with |x| * {} < {}", context_->n(), scale_, half_q_);
}

Result<Plaintext> CoefficientEncoding::Encode(const std::vector<double>& values) const {
  if (values.size() > context_->n()) {
    return InvalidArgument("coefficient encoding: {} numbers for {} coefficients", values.size(), context_->n());
  }
  std::vector<double> scaled(values);
  for (double& x : scaled) {
    const double value = x;
    x = std::nearbyint(x * scale_);
    if (!(std::abs(x) < half_q_)) {  // also when not a number
      return InvalidArgument("coefficient encoding: number {} is {}; expected: {}", &x - scaled.data(), value,
                             Domain());
    }
  }
  return BuildPlaintext(*context_, *pool_, level_, scale_, [&](int, const Modulus& q, uint64_t* out) {
    std::transform(scaled.begin(), scaled.end(), out, [&](double x) { return WholeModulo(x, q); });
    std::fill(out + scaled.size(), out + context_->n(), 0);
  });
}

Result<std::vector<double>> CoefficientEncoding::Decode(const Plaintext& plaintext) const {
  std::vector<double> values(context_->n());
  KMRT_RETURN_IF_ERROR(VisitCoefficients(*context_, *pool_, plaintext, [&](size_t i, const BigInteger& x) {
    values[i] = x.ToDouble() / plaintext.scale;
  }));
  return values;
}

double CoefficientEncoding::ErrorBound(const std::vector<double>& values) const {
  double largest = 0;
  for (const double x : values) largest = std::max(largest, std::abs(x));
  return (0.5 + 0x1p-50) / scale_ + largest * 0x1p-51;
}

}  // namespace keymemrt::lattice
