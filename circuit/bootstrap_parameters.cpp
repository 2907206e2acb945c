// SPDX-License-Identifier: Apache-2.0
#include "circuit/bootstrap_parameters.h"

#include <algorithm>
#include <cmath>

namespace keymemrt::circuit {

namespace {

constexpr int kCoeffToSlotBits = 57, kCoeffToSlotLevels = 3;
constexpr int kEvalModBits = 61;
constexpr int kSlotToCoeffLevels = 3;
constexpr int kLeastMessageRatio = 4, kMessageRatio = 12;  // log2

}  // namespace

Result<BootstrapChoice> ExtendForBootstrapping(const scheme::ParameterLiteral& residual, int log_slots) {
  BootstrapChoice choice{.literal = residual};
  BootstrapOptions& options = choice.options;
  options.log_slots = log_slots;
  options.target_level = static_cast<int>(residual.q.size()) - 1;
  options.coeff_to_slot = SplitLayers(DftDirection::kCoeffToSlot, log_slots, kCoeffToSlotLevels);
  options.slot_to_coeff = SplitLayers(DftDirection::kSlotToCoeff, log_slots, kSlotToCoeffLevels);
  const double room = std::log2(static_cast<double>(residual.q[0])) - residual.log_default_scale;
  if (room < kLeastMessageRatio) {
    return InvalidArgument(
        "bootstrapping: q_0 of {:.1f} bits is only {:.1f} bits above the default scale; at least {} bits expected",
        room + residual.log_default_scale, room, kLeastMessageRatio);
  }
  options.log_message_ratio = std::min(kMessageRatio, static_cast<int>(room));
  choice.literal.ephemeral_weight = options.ephemeral_weight;

  double log_p = 0;
  for (const uint64_t p : residual.p) log_p += std::log2(static_cast<double>(p));
  const int most = static_cast<int>(log_p);  // no digit may be above P
  std::vector<uint64_t> taken = residual.q;
  taken.insert(taken.end(), residual.p.begin(), residual.p.end());
  const auto add = [&](int bits, size_t count) -> Status {
    KMRT_ASSIGN_OR_RETURN(const std::vector<uint64_t> primes,
                          scheme::FindNttPrimes(std::min(bits, most), residual.log_n, count, taken));
    taken.insert(taken.end(), primes.begin(), primes.end());
    choice.literal.q.insert(choice.literal.q.end(), primes.begin(), primes.end());
    return Status();
  };
  const int eval_mod = PolynomialDepth(options.degree) + options.double_angles;
  KMRT_RETURN_IF_ERROR(add(residual.log_default_scale - 2, options.slot_to_coeff.size()));
  KMRT_RETURN_IF_ERROR(add(kEvalModBits, static_cast<size_t>(eval_mod)));
  KMRT_RETURN_IF_ERROR(add(kCoeffToSlotBits, options.coeff_to_slot.size()));
  return choice;
}

}  // namespace keymemrt::circuit
