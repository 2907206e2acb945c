// SPDX-License-Identifier: Apache-2.0
//
// Polynomials modulo Q_level * P that stand for P times what is meant: sums of switched pairs on the way to one common
// division (double hoisting; Bossuat, Mouchet, Troncoso-Pastoriza, Hubaux, "Efficient bootstrapping for approximate
// homomorphic encryption with non-sparse keys", 2021).
#pragma once

#include "lattice/evaluator/key_switch.h"
#include "lattice/ring/poly.h"
#include "scheme/parameters.h"

namespace keymemrt::lattice {

// Limbs of an extended polynomial at `level`: q_0..q_level, p_0..p_(K-1), in this order, NTT form.
inline int ExtendedLimbs(const scheme::Parameters& parameters, int level) {
  return level + 1 + parameters.p_count();
}

// Where limb `limb` of the full basis is among them.
inline int ExtendedIndex(const scheme::Parameters& parameters, int level, int limb) {
  return limb < parameters.q_count() ? limb : limb - parameters.q_count() + level + 1;
}

// P*x, from limbs q_0..q_level of x.
Poly Extend(const Workspace& work, int level, const Poly& x);

// Replaces x by x/P, rounded to limbs q_0..q_level; the limbs of P are freed.
void ModDown(const Workspace& work, int level, Poly& x);

// Slots of scratch that ModDown takes at most.
int ModDownSlots(const scheme::Parameters& parameters, int level, int threads);

}  // namespace keymemrt::lattice
