// SPDX-License-Identifier: Apache-2.0
//
// Carries out a polynomial's plan (circuit/polynomial_plan.h) on a ciphertext.
#pragma once

#include "base/status.h"
#include "circuit/polynomial_plan.h"
#include "lattice/evaluator/evaluator.h"
#include "lattice/keys/key_source.h"

namespace keymemrt::lattice {

// The plan's output for `x`; relinearization keys are those of the evaluator's shape. x may have another scale than the
// plan's input has as long as the two are equal to 2^-30: it is treated as the plan's. Values are freed after their
// last use. kInvalidArgument: x at another level or scale; what the operations end in.
Result<Ciphertext> EvaluatePolynomial(const Evaluator& evaluator, const circuit::PolynomialPlan& plan, Ciphertext x,
                                      KeySource& keys);

}  // namespace keymemrt::lattice
