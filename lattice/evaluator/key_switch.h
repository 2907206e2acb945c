// SPDX-License-Identifier: Apache-2.0
//
// Hybrid key switching (Gentry, Halevi, Smart 2012; Han, Ki 2020), output-centric: the result is computed limb by limb.
// For each limb t of P, then of Q_level, the digits are extended to t, transformed, and multiplied with the key's
// chunks (d, t) in turn, so a chunk is needed once, for a moment, and whatever the number of digits only the special
// limbs' accumulators outlive their limb. As soon as those are complete every limb of Q is divided by P on the spot.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/slot_pool.h"
#include "base/status.h"
#include "base/thread_pool.h"
#include "lattice/evaluator/basis.h"
#include "lattice/keys/key_source.h"
#include "lattice/ring/context.h"
#include "lattice/ring/poly.h"

namespace keymemrt::lattice {

// What every operation works with.
struct Workspace {
  const Context& context;
  SlotPool& pool;
  ThreadPool* threads;

  int thread_count() const { return threads == nullptr ? 1 : threads->size(); }
};

// The digits of one polynomial (NTT form, limbs q_0..q_level), extended limb by limb on demand.
class ModUpDigits {
 public:
  // Transforms the limbs back and prepares the conversions. `poly` must outlive the object.
  ModUpDigits(const Workspace& work, const Poly& poly, int level);

  // Digit `digit` modulo `limb` of the full basis, NTT form: in `scratch` or, when the limb belongs to the digit, in
  // the polynomial itself. Thread-safe.
  const uint64_t* Limb(int digit, int limb, uint64_t* scratch) const;
  // The same, always written to `out`.
  void Write(int digit, int limb, uint64_t* out) const;

  // Slots that one object holds.
  static int Slots(const scheme::Parameters& parameters, int level);

 private:
  const Workspace& work_;
  const Poly& poly_;
  int level_;
  Poly coefficients_;
  std::vector<std::unique_ptr<ConvertedBasis>> digits_;
};

// Digit `digit` modulo `limb` of the full basis, NTT form, n words; may use `scratch`, one slot.
using DigitLimb = std::function<const uint64_t*(int digit, int limb, uint64_t* scratch)>;
// Takes limb q_limb of the two polynomials of a switched pair, NTT form; may overwrite them.
using SwitchedLimb = std::function<void(int limb, uint64_t* part0, uint64_t* part1)>;

// Switches the polynomial given by its digits with `key`. `done` is called once for each limb 0..level, from several
// threads.
Status SwitchKey(const Workspace& work, int level, const DigitLimb& digits, const scheme::KeyId& key, KeySource& keys,
                 const SwitchedLimb& done);

// The same without the division by P: `done` takes P times the switched pair modulo every live limb of the full basis,
// p_0.. first, then q_0..q_level. For sums of switched pairs, which are divided once (extended.h).
Status MultiplyKey(const Workspace& work, int level, const DigitLimb& digits, const scheme::KeyId& key, KeySource& keys,
                   const SwitchedLimb& done);

// Slots that SwitchKey takes at most.
int SwitchKeySlots(const scheme::Parameters& parameters, int level, int threads);

}  // namespace keymemrt::lattice
