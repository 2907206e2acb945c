// SPDX-License-Identifier: Apache-2.0
//
// How much elementary work (machine.h) the engine's operations are, by its own algorithms.
#pragma once

#include "circuit/linear_transform_plan.h"
#include "planner/machine.h"
#include "scheme/parameters.h"

namespace keymemrt::planner {

// Adds up work on limbs of one parameter set: that of the keys, where there are some. Levels: of the operand.
class WorkCounter {
 public:
  // `parameters` must outlive the object.
  explicit WorkCounter(const scheme::Parameters& parameters) : parameters_(parameters) {}

  const Work& work() const { return work_; }

  // An NTT or inverse NTT of a limb of the full basis; a pass over it; passes over q_0..q_level and, `extended`, P.
  void Transform(int limb, double times = 1) { work_.transforms[Width(limb)] += times; }
  void Pass(int limb, double times = 1) { work_.passes[Width(limb)] += times; }
  void Passes(int level, double times, bool extended = false);
  void RowProducts(int level, bool extended = false);
  // The part of an encoding that does not depend on the level: of `period` values, repeated through the slots, to the
  // coefficients of a subring.
  void Embedding(int64_t period);
  // And what comes once for each limb: the coefficients modulo q_0..q_level and, `extended`, P, and their NTTs.
  void EncodedLimbs(int64_t period, int level, bool extended = false);

  // Digits out of a polynomial: back to coefficients, then to every live limb (ModUp).
  void Decompose(int level);
  // Each limb of each digit times a key.
  void KeyProducts(int level);
  // Division by P of so many polynomials.
  void ModDown(int level, int polynomials);

  // A whole rotation, one of a ciphertext whose digits are there, and what makes those.
  void Rotate(int level);
  void RotateHoisted(int level);
  void DecomposeToDigits(int level);

  // lattice::ApplyLinearTransform, its diagonals encoded on the way.
  void LinearTransform(const circuit::LinearTransformPlan& plan, int level);

 private:
  size_t Width(int limb) const { return parameters_.modulus(limb) < uint64_t{1} << 50 ? kNarrow : kWide; }
  template <typename F>
  void ForEachLimb(int level, bool extended, F f) const;

  const scheme::Parameters& parameters_;
  Work work_;
};

}  // namespace keymemrt::planner
