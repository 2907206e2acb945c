// SPDX-License-Identifier: Apache-2.0
#include "frontend/packing/choose_parameters.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "circuit/bootstrap_parameters.h"

namespace keymemrt::frontend {

namespace {

// Bits of a base prime in which values up to `largest` have room at level 0, with a sign.
int BaseBits(int scale_bits, double largest) {
  return scale_bits + 1 + std::max(0, static_cast<int>(std::ceil(std::log2(std::max(largest, 1.0)))));
}

// kInvalidArgument where there are none or they are above the bound.
Result<scheme::Parameters> Try(const ParameterNeeds& needs, int log_n, int scale_bits, int digit_size) {
  // The base prime lies just below 2^base_bits, values reach 2^(base_bits - 1 - scale_bits).
  const int base_bits = BaseBits(scale_bits, needs.largest_output);
  if (base_bits > 60) return InvalidArgument("outputs up to {} leave no room at level 0", needs.largest_output);
  scheme::ParameterLiteral literal;
  literal.log_n = log_n;
  literal.log_default_scale = scale_bits;
  std::vector<uint64_t> taken;
  const auto take = [&](int bits, int count, std::vector<uint64_t>& into) -> Status {
    KMRT_ASSIGN_OR_RETURN(const std::vector<uint64_t> primes,
                          scheme::FindNttPrimes(bits, log_n, static_cast<size_t>(count), taken));
    into.insert(into.end(), primes.begin(), primes.end());
    taken.insert(taken.end(), primes.begin(), primes.end());
    return Status();
  };
  // The special primes first: they are to be the larger ones of their size.
  const int digit_bits = base_bits + (digit_size - 1) * scale_bits;
  const int specials = (digit_bits + 59) / 60;
  // Primes lie a little below their power of two.
  if (base_bits + needs.levels * scale_bits + digit_bits > scheme::MaxLogQP(log_n) + 1) {
    return InvalidArgument("above the security bound");
  }
  for (int i = 0; i < specials; ++i) {
    KMRT_RETURN_IF_ERROR(take((digit_bits + specials - 1 - i) / specials, 1, literal.p));
  }
  KMRT_RETURN_IF_ERROR(take(base_bits, 1, literal.q));
  KMRT_RETURN_IF_ERROR(take(scale_bits, needs.levels, literal.q));
  KMRT_ASSIGN_OR_RETURN(scheme::Parameters parameters, scheme::Parameters::Create(literal, scheme::Security::k128Bit));
  if (parameters.digit_size() < digit_size) return InvalidArgument("P is too small for the digits");
  return parameters;
}

}  // namespace

Result<scheme::Parameters> ChooseParameters(const ParameterNeeds& needs) {
  for (int log_n = 12; log_n <= kLargestLogN; ++log_n) {
    if ((int64_t{1} << (log_n - 1)) < needs.slots) continue;
    for (int digit_size = std::max(1, needs.levels); digit_size >= 1; --digit_size) {
      for (int scale_bits = kLargestScaleBits; scale_bits >= kLeastScaleBits; --scale_bits) {
        Result<scheme::Parameters> parameters = Try(needs, log_n, scale_bits, digit_size);
        if (parameters.ok()) return parameters;
      }
    }
  }
  return InvalidArgument("{} levels, {} slots and outputs up to {:.4g} fit into no ring at 128-bit security",
                         needs.levels, needs.slots, needs.largest_output);
}

namespace {

constexpr int kBootstrapLogN = kLargestLogN, kBootstrapSecretWeight = 192;
constexpr int kMessageRatioBits = 12;
constexpr int kSpecialPrimes = 6, kSpecialBits = 61;

int LogN(const ParameterNeeds& needs) {
  return needs.insecure_log_n != 0 ? needs.insecure_log_n : kBootstrapLogN;
}

Result<scheme::Parameters> TryBootstrapped(const ParameterNeeds& needs, int scale_bits) {
  const int base_bits = std::max(scale_bits + kMessageRatioBits, BaseBits(scale_bits, needs.largest_output));
  if (base_bits > 60) return InvalidArgument("outputs up to {} leave no room at level 0", needs.largest_output);
  const int log_n = LogN(needs);
  const auto security = needs.insecure_log_n != 0 ? scheme::Security::kInsecure : scheme::Security::k128Bit;
  scheme::ParameterLiteral literal{
      .log_n = log_n, .log_default_scale = scale_bits, .secret_weight = kBootstrapSecretWeight};
  KMRT_ASSIGN_OR_RETURN(literal.p, scheme::FindNttPrimes(kSpecialBits, log_n, kSpecialPrimes));
  KMRT_ASSIGN_OR_RETURN(literal.q, scheme::FindNttPrimes(base_bits, log_n, 1, literal.p));
  KMRT_ASSIGN_OR_RETURN(const std::vector<uint64_t> primes,
                        scheme::FindNttPrimes(scale_bits, log_n, static_cast<size_t>(needs.levels), literal.q));
  literal.q.insert(literal.q.end(), primes.begin(), primes.end());
  // With the circuit above it, as the compiler will make it.
  KMRT_ASSIGN_OR_RETURN(const circuit::BootstrapChoice choice, circuit::ExtendForBootstrapping(literal, log_n - 1));
  KMRT_ASSIGN_OR_RETURN(const scheme::Parameters whole, scheme::Parameters::Create(choice.literal, security));
  KMRT_RETURN_IF_ERROR(
      circuit::BootstrapPlan::Make(whole, choice.options, whole.default_scale(), {kBootstrapSecretWeight}).status());
  return scheme::Parameters::Create(literal, security);
}

}  // namespace

Result<scheme::Parameters> ChooseBootstrappedParameters(const ParameterNeeds& needs) {
  if (const int64_t slots = int64_t{1} << (LogN(needs) - 1); needs.slots > slots) {
    return InvalidArgument("{} slots are more than a ciphertext with bootstraps has, {}", needs.slots, slots);
  }
  Status last;
  for (int scale_bits = kLargestScaleBits; scale_bits >= kLeastBootstrapScaleBits; --scale_bits) {
    Result<scheme::Parameters> parameters = TryBootstrapped(needs, scale_bits);
    if (parameters.ok()) return parameters;
    last = parameters.status();
  }
  return InvalidArgument("{} levels between bootstraps do not fit at 128-bit security: {}", needs.levels,
                         last.message());
}

}  // namespace keymemrt::frontend
