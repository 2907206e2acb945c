// SPDX-License-Identifier: Apache-2.0
//
// Linear transforms of one ciphertext by their diagonals, in the forms of circuit/linear_transform_plan.h. All forms
// give the same result within the noise of their key switches; docs/linear-transforms.md has formulas, bounds and
// costs.
#pragma once

#include <complex>
#include <functional>
#include <span>

#include "base/status.h"
#include "circuit/linear_transform_plan.h"
#include "lattice/encoding/encoder.h"
#include "lattice/evaluator/key_switch.h"
#include "lattice/keys/key_source.h"
#include "lattice/ring/poly.h"

namespace keymemrt::lattice {

// The slots of a row's diagonal: a number of values that divides N/2, repeated cyclically. Asked for once per row, in
// the order of plan.terms, on the caller's thread; the values are read before the next call.
template <typename Value>
using DiagonalsOf = std::function<Result<std::span<const Value>>(size_t row)>;
using Diagonals = DiagonalsOf<double>;
using ComplexDiagonals = DiagonalsOf<std::complex<double>>;

// sum_r diagonal_r (*) rotl(x, i_r), not yet rescaled: at x's level, scale x.scale * scale. Diagonals are encoded at
// `scale` when they are needed and never held beyond their baby. Keys are used in the order of plan.rotations, one at a
// time. The result does not depend on the number of threads.
// `work.context` may be that of a key shape (Context::At): keys of that shape are used then.
//
// Errors: kInvalidArgument when the plan is for another N/2, x has not two parts, a diagonal cannot be encoded; what
// `diagonals` and `keys` end in.
Result<Ciphertext> ApplyLinearTransform(const Workspace& work, const Encoder& encoder,
                                        const circuit::LinearTransformPlan& plan, const Ciphertext& x,
                                        const Diagonals& diagonals, double scale, KeySource& keys);
Result<Ciphertext> ApplyLinearTransform(const Workspace& work, const Encoder& encoder,
                                        const circuit::LinearTransformPlan& plan, const Ciphertext& x,
                                        const ComplexDiagonals& diagonals, double scale, KeySource& keys);

// Slots that it takes at most, result included, operand not, with diagonals whose coefficients times the scale are
// below 2^50: for the memory model. In the main two polynomials per giant, modulo QP in kDoubleHoisted and kHorner and
// modulo Q otherwise, and the digits of the input.
int LinearTransformSlots(const scheme::Parameters& parameters, const circuit::LinearTransformPlan& plan, int level,
                         int threads);

}  // namespace keymemrt::lattice
