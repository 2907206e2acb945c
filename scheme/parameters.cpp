// SPDX-License-Identifier: Apache-2.0
#include "scheme/parameters.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

#include "base/checksum.h"
#include "scheme/security.h"

namespace keymemrt::scheme {

namespace {

// A digit may be larger than P by this much, in bits: primes of one size differ in their last bits, and a set that takes q and p
// of the same size must not need one digit more for it. The noise of a key switch grows by as much at most.
constexpr double kDigitSlackBits = 0.5;

double SumLog2(const std::vector<uint64_t>& moduli, size_t begin, size_t end) {
  double sum = 0;
  for (size_t i = begin; i < end; ++i) sum += std::log2(static_cast<double>(moduli[i]));
  return sum;
}

Status CheckModulus(uint64_t q, const char* name, size_t index, int log_n) {
  const uint64_t two_n = uint64_t{2} << log_n;
  if (q >= uint64_t{1} << 61) return InvalidArgument("{}[{}] = {} is not below 2^61", name, index, q);
  if (!IsPrime(q)) return InvalidArgument("{}[{}] = {} is not a prime", name, index, q);
  if (q % two_n != 1) {
    return InvalidArgument("{}[{}] = {} is not 1 mod 2N = {}: it has no {}-th root of unity, which the NTT needs", name,
                           index, q, two_n, two_n);
  }
  return Status();
}

}  // namespace

Result<Parameters> Parameters::Create(const ParameterLiteral& literal, Security security) {
  if (literal.log_n < 10 || literal.log_n > 17) {
    return InvalidArgument("logN = {}: the ring degree must be 2^10 to 2^17", literal.log_n);
  }
  if (literal.q.empty() || literal.q.size() > 128) {
    return InvalidArgument("Q has {} primes, 1 to 128 expected", literal.q.size());
  }
  if (literal.p.empty() || literal.p.size() > 64) {
    return InvalidArgument("P has {} primes, 1 to 64 expected: key switching needs at least one", literal.p.size());
  }
  if (literal.log_default_scale < 1 || literal.log_default_scale > 60) {
    return InvalidArgument("logDefaultScale = {}: 1 to 60 bits expected", literal.log_default_scale);
  }
  for (const int weight : {literal.secret_weight, literal.ephemeral_weight}) {
    if (weight < 0 || weight > 1 << literal.log_n) {
      return InvalidArgument("a secret of weight {}: 0 to N = {} expected", weight, 1 << literal.log_n);
    }
  }
  std::vector<uint64_t> all;
  for (size_t i = 0; i < literal.q.size(); ++i) {
    KMRT_RETURN_IF_ERROR(CheckModulus(literal.q[i], "Q", i, literal.log_n));
    all.push_back(literal.q[i]);
  }
  for (size_t i = 0; i < literal.p.size(); ++i) {
    KMRT_RETURN_IF_ERROR(CheckModulus(literal.p[i], "P", i, literal.log_n));
    all.push_back(literal.p[i]);
  }
  std::sort(all.begin(), all.end());
  if (const auto twin = std::adjacent_find(all.begin(), all.end()); twin != all.end()) {
    return InvalidArgument("the modulus {} occurs twice in Q and P", *twin);
  }
  return Assemble(literal, security, {});
}

Result<Parameters> Parameters::Assemble(ParameterLiteral literal, Security security, const KeyShape& shape) {
  const double log_p = SumLog2(literal.p, 0, literal.p.size());
  for (size_t i = 0; i < literal.q.size(); ++i) {
    if (std::log2(static_cast<double>(literal.q[i])) > log_p + kDigitSlackBits) {
      return InvalidArgument("P has {:.1f} bits, less than Q[{}] = {}: key switching would drown the message in noise", log_p,
                             i, literal.q[i]);
    }
  }
  Parameters parameters(std::move(literal), security, shape);
  if (security == Security::k128Bit && !parameters.Is128BitSecure()) {
    const Result<int> bound = MaxLogQP(parameters.log_n(), {parameters.literal().secret_weight});
    if (!bound.ok()) return bound.status();
    return InvalidArgument(
        "log2(QP) = {:.1f} bits exceed {}, the most that is 128-bit secure at N=2^{} with a secret {}; take fewer or "
        "smaller primes, a larger N, or --insecure",
        parameters.LogQP(parameters.max_level()), *bound, parameters.log_n(),
        SecretDistribution{parameters.literal().secret_weight}.ToString());
  }
  return parameters;
}

Result<Parameters> Parameters::At(const KeyShape& shape) const {
  if (shape == shape_) return *this;
  if (!shape_.plain()) {
    return InvalidArgument("parameters of key shape \"{}\" have no keys of shape \"{}\"", shape_.ToString(),
                           shape.ToString());
  }
  if (shape.level < 0) return InvalidArgument("there is no level {}, 0 to {} expected", shape.level, max_level());
  const int most = p_count() + max_level() - shape.level;
  if (shape.level > max_level() || shape.specials < 1 || shape.specials > most) {
    return InvalidArgument("{}: levels 0 to {} and, at this one, 1 to {} special primes expected", shape.ToString(),
                           max_level(), std::max(most, 0));
  }
  ParameterLiteral literal = literal_;
  const auto dropped = literal.q.begin() + shape.level + 1;
  literal.p.insert(literal.p.end(), dropped, literal.q.end());
  literal.p.resize(static_cast<size_t>(shape.specials));
  literal.q.erase(dropped, literal.q.end());
  Result<Parameters> result = Assemble(std::move(literal), security_, shape);
  if (!result.ok()) return result.status().WithContext(shape.ToString());
  return result;
}

Parameters::Parameters(ParameterLiteral literal, Security security, const KeyShape& shape)
    : literal_(std::move(literal)), security_(security), shape_(shape) {
  const double log_p = SumLog2(literal_.p, 0, literal_.p.size());
  const size_t count = literal_.q.size();
  const auto fits = [&](size_t size) {
    for (size_t begin = 0; begin < count; begin += size) {
      if (SumLog2(literal_.q, begin, std::min(begin + size, count)) > log_p + kDigitSlackBits) return false;
    }
    return true;
  };
  for (size_t size = 1; size <= count; ++size) {
    if (fits(size)) digit_size_ = static_cast<int>(size);
  }

  const int digits = DigitCount(max_level());
  std::vector<std::tuple<int, int, int>> order;  // first level, limb, digit
  for (int digit = 0; digit < digits; ++digit) {
    for (int limb = 0; limb < limb_count(); ++limb) {
      order.emplace_back(std::max(DigitBegin(digit), limb < q_count() ? limb : 0), limb, digit);
    }
  }
  std::sort(order.begin(), order.end());
  chunk_index_.resize(order.size());
  for (size_t i = 0; i < order.size(); ++i) {
    const auto& [level, limb, digit] = order[i];
    chunk_index_[static_cast<size_t>(digit * limb_count() + limb)] = static_cast<int>(i);
  }

  std::vector<uint64_t> fields = {1, static_cast<uint64_t>(literal_.log_n),
                                  static_cast<uint64_t>(literal_.log_default_scale), literal_.q.size()};
  fields.insert(fields.end(), literal_.q.begin(), literal_.q.end());
  fields.insert(fields.end(), literal_.p.begin(), literal_.p.end());
  // Only where there are any: no modulus is as small, and other sets keep their names.
  if (literal_.secret_weight != 0 || literal_.ephemeral_weight != 0) {
    fields.push_back(static_cast<uint64_t>(literal_.secret_weight));
    fields.push_back(static_cast<uint64_t>(literal_.ephemeral_weight) | uint64_t{1} << 62);
  }
  fingerprint_ = Xxh3(std::as_bytes(std::span<const uint64_t>(fields)));
}

double Parameters::default_scale() const { return std::ldexp(1.0, literal_.log_default_scale); }

uint64_t Parameters::modulus(int limb) const {
  const size_t t = static_cast<size_t>(limb);
  return t < literal_.q.size() ? literal_.q[t] : literal_.p[t - literal_.q.size()];
}

double Parameters::LogQ(int level) const { return SumLog2(literal_.q, 0, static_cast<size_t>(level) + 1); }

double Parameters::LogQP(int level) const { return LogQ(level) + SumLog2(literal_.p, 0, literal_.p.size()); }

bool Parameters::Is128BitSecure() const {
  const Result<int> bound = MaxLogQP(log_n(), {literal_.secret_weight});
  return bound.ok() && LogQP(max_level()) <= *bound;
}

uint64_t Parameters::GaloisElement(int64_t shift) const {
  const int64_t order = static_cast<int64_t>(slots());
  uint64_t exponent = static_cast<uint64_t>(((shift % order) + order) % order);
  const uint64_t mask = 2 * n() - 1;
  uint64_t result = 1;
  for (uint64_t base = 5; exponent != 0; exponent >>= 1, base = base * base & mask) {
    if (exponent & 1) result = result * base & mask;
  }
  return result;
}

std::string Parameters::Describe() const {
  return fmt::format("N=2^{}, log2(QP)={:.1f}, {}+{} limbs, {} digits", log_n(), LogQP(max_level()), q_count(), p_count(),
                     DigitCount(max_level()));
}

std::string KeyShape::ToString() const {
  return plain() ? "plain" : fmt::format("level {} with {} special primes", level, specials);
}

std::string KeyId::ToString() const {
  const std::string suffix = shape.plain() ? "" : fmt::format("-l{}p{}", shape.level, shape.specials);
  switch (kind) {
    case KeyKind::kRotation:
      return fmt::format("rotation-{}{}", galois_element, suffix);
    case KeyKind::kConjugation:
      return "conjugation" + suffix;
    case KeyKind::kRelinearization:
      return "relinearization" + suffix;
    case KeyKind::kSecretSwitch:
      return fmt::format("secret-switch-{}{}", galois_element, suffix);
  }
  return "unknown";
}

}  // namespace keymemrt::scheme
