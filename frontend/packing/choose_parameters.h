// SPDX-License-Identifier: Apache-2.0
//
// CKKS parameters for a network: as small a ring as holds its levels at 128-bit security.
#pragma once

#include "scheme/parameters.h"

namespace keymemrt::frontend {

struct ParameterNeeds {
  int levels = 0;             // products one after the other
  int64_t slots = 1;          // at least
  double largest_output = 1;  // magnitude of what must fit at level 0
  int insecure_log_n = 0;     // with bootstraps: this ring, whatever its security; for tests
};

// Q is a base prime of scale * largest_output, rounded up to a power of two, times two (for the sign), and a prime of
// the scale a level. P has the size of a digit. Of the rings, the first in which a scale of kLeastScaleBits fits into
// the 128-bit bound; there, the fewest digits of the key switch, and then the largest scale, up to kLargestScaleBits.
// kInvalidArgument: no ring has room (a network as deep needs bootstrapping).
inline constexpr int kLargestLogN = 16;
inline constexpr int kLeastScaleBits = 25;
inline constexpr int kLargestScaleBits = 40;
Result<scheme::Parameters> ChooseParameters(const ParameterNeeds& needs);

// The same for a network that is bootstrapped; `levels`: what it should have from one bootstrap to the next. The ring
// of 2^16 (or insecure_log_n's) and a secret of weight 192; Q is what the network has to itself, above which the
// compiler puts the bootstrap circuit (circuit/bootstrap_parameters.h). The largest scale, from kLargestScaleBits down
// to kLeastBootstrapScaleBits, for which the levels and the circuit are within the 128-bit bound; the base prime has
// the 12 bits more that the circuit's message ratio takes, or what the outputs need. kInvalidArgument: so many levels
// fit with no scale; more slots than there are.
inline constexpr int kLeastBootstrapScaleBits = 33;
Result<scheme::Parameters> ChooseBootstrappedParameters(const ParameterNeeds& needs);

}  // namespace keymemrt::frontend
