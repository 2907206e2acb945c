// SPDX-License-Identifier: Apache-2.0
//
// What every encoding offers: cleartext -> encoded -> cleartext, with the domain and the error stated. Pages about each
// one: docs/encodings/.
#pragma once

#include <concepts>
#include <string>

#include "base/status.h"

namespace keymemrt::lattice {

// Cleartext: what people compute on (a vector of numbers, or one number). Encoded: a Plaintext, or residues of one.
//
// Encode(x)       kInvalidArgument, with the reason, exactly when x is outside the domain.
// Decode(p)       kInvalidArgument when p cannot come from this encoding (shape, range, scale).
// Domain()        the accepted cleartexts, for people: "at most 512 integers in [0, 65537)".
// ErrorBound(x)   for x in the domain: every entry of Decode(Encode(x)) is this close to that of x, always and not just
//                 probably. Zero: exact. A vector may come back longer than x (padded with zeros, or repeated, as the
//                 encoding says); the first entries are those of x.
template <typename E>
concept Encoding = requires(const E& e, const typename E::Cleartext& x, const typename E::Encoded& p) {
  { e.Encode(x) } -> std::same_as<Result<typename E::Encoded>>;
  { e.Decode(p) } -> std::same_as<Result<typename E::Cleartext>>;
  { e.Domain() } -> std::same_as<std::string>;
  { e.ErrorBound(x) } -> std::same_as<double>;
};

}  // namespace keymemrt::lattice
