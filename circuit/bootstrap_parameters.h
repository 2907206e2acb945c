// SPDX-License-Identifier: Apache-2.0
//
// The choice of a bootstrap circuit for a program that has none: primes above the program's own, and options.
#pragma once

#include "base/status.h"
#include "circuit/bootstrap_plan.h"
#include "scheme/parameters.h"

namespace keymemrt::circuit {

struct BootstrapChoice {
  scheme::ParameterLiteral literal;  // Q of the residual set, then the circuit's primes; an ephemeral secret
  BootstrapOptions options;          // to the residual top level
};

// A circuit above `residual` for messages that repeat with period 2^log_slots, laid out as the set "n16"
// (circuit/bootstrap_sets.h): from the top three levels of 57 bits for CoeffToSlot, eight of 61 bits for EvalMod, three
// of two bits less than the default scale for SlotToCoeff, and a message ratio of 2^12 where q_0 has room for it; large
// primes are smaller where P is below them. Whether the result is secure, Parameters::Create and BootstrapPlan::Make
// say. kInvalidArgument: q_0 without room for a message ratio of 2^4, not enough primes.
Result<BootstrapChoice> ExtendForBootstrapping(const scheme::ParameterLiteral& residual, int log_slots);

}  // namespace keymemrt::circuit
