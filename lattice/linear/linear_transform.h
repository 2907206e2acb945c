// SPDX-License-Identifier: Apache-2.0
//
// Linear transforms of one ciphertext by their diagonals, in the forms of circuit/linear_transform_plan.h. All forms
// give the same result within the noise of their key switches; docs/linear-transforms.md has formulas, bounds and
// costs.
#pragma once

#include <complex>
#include <functional>
#include <optional>
#include <span>

#include "base/status.h"
#include "circuit/linear_transform_plan.h"
#include "lattice/encoding/encoder.h"
#include "lattice/evaluator/key_switch.h"
#include "lattice/keys/key_source.h"
#include "lattice/ring/poly.h"

namespace keymemrt::lattice {

// The slots of a row's diagonal: a number of values that divides N/2, repeated cyclically. Asked for once per term, in
// the order of plan.terms, on the caller's thread; the values are read before the next call.
template <typename Value>
using DiagonalsOf = std::function<Result<std::span<const Value>>(size_t row)>;
using Diagonals = DiagonalsOf<double>;
using ComplexDiagonals = DiagonalsOf<std::complex<double>>;

// What a term's plaintext encodes: its row's diagonal, rotated right by its giant; written to `slot`. kInvalidArgument:
// the number of values does not divide N/2.
template <typename Value>
Result<std::span<const Value>> TermValues(const circuit::LinearTransformPlan& plan,
                                          const circuit::LinearTransformPlan::Term& term, std::span<const Value> row,
                                          const Slot& slot);

// Plaintexts of a plan's terms that somebody else encodes meanwhile, to the same bits.
class TermsAhead {
 public:
  virtual ~TermsAhead() = default;
  enum class Answer : uint8_t {
    kReady,  // `coefficients` are those of the term, as Encoder::Round makes them of TermValues
    kBusy,   // being encoded: ask again
    kYours,  // the caller encodes it
  };
  virtual Answer Take(size_t term, RoundedCoefficients& coefficients) = 0;
  // The caller encodes it after all, although somebody is busy with it: who waits for nobody is held up by nobody.
  virtual void Insist(size_t term) = 0;
  // After a step that has not failed, of each of its terms: whoever wants the coefficients again may keep them.
  virtual void Done(size_t /*term*/, RoundedCoefficients /*coefficients*/) {}
};

template <typename Value>
class BabyStep;

// A transform in flight: what is left of it between two steps of its plan (circuit::LinearTransformStep), with at most
// one key switch each. All steps take the same x, which the caller keeps until the last kBaby is done, diagonals and
// keys; the context of `work` may be that of a key shape (Context::At): keys of that shape are used then. Movable;
// `plan` must outlive it. After an error it is of no more use.
class LinearTransform {
 public:
  // Takes the step kBegin. The result will be at x's level and scale x.scale * scale.
  // kInvalidArgument: the plan is for another N/2, x has not two parts or is above the level of the keys' shape.
  static Result<LinearTransform> Begin(const Workspace& work, const circuit::LinearTransformPlan& plan,
                                       const Ciphertext& x, double scale);

  // The step to come, of plan.steps.
  const circuit::LinearTransformStep& next() const { return plan_->steps[next_]; }

  // Takes the next step, a kBaby: of `diagonals` it asks for the rows of those of the baby's terms that are not encoded
  // `ahead` (null: none is) and encodes them at `scale`, not held beyond the step. kInvalidArgument: a diagonal cannot
  // be encoded; what `diagonals` and `keys` end in. REQUIRES: next().kind == kBaby; x, work.context those of Begin.
  Status Baby(const Workspace& work, const Encoder& encoder, const Ciphertext& x, const Diagonals& diagonals,
              KeySource& keys, TermsAhead* ahead = nullptr);
  Status Baby(const Workspace& work, const Encoder& encoder, const Ciphertext& x, const ComplexDiagonals& diagonals,
              KeySource& keys, TermsAhead* ahead = nullptr);
  // Takes the next step, a kGiant. Ends in what `keys` ends in. REQUIRES: next().kind == kGiant; the context of Begin.
  Status Giant(const Workspace& work, KeySource& keys);
  // Takes the last step: the result, not yet rescaled. REQUIRES: next().kind == kFinish; the context of Begin.
  Ciphertext Finish(const Workspace& work) &&;

 private:
  template <typename Value>
  friend class BabyStep;
  // A sum of ciphertexts on its way: limbs q_0..q_level, or P times the value modulo QP (extended.h). No polynomials:
  // zero.
  struct Sum {
    std::vector<Poly> parts;
    bool extended = false;

    bool zero() const { return parts.empty(); }
  };
  static Sum Uninitialised(const Workspace& work, int level, bool extended);

  LinearTransform(const circuit::LinearTransformPlan& plan, const Ciphertext& x, double scale)
      : plan_(&plan), level_(x.level), x_scale_(x.scale), scale_(scale), blocks_(plan.giants.size()) {}
  template <typename Value>
  Status TakeBaby(const Workspace& work, const Encoder& encoder, const Ciphertext& x,
                  const DiagonalsOf<Value>& diagonals, KeySource& keys, TermsAhead* ahead);
  template <typename Value>
  Status ExtendedBaby(const Workspace& work, const Encoder& encoder, const Ciphertext& x,
                      const circuit::LinearTransformStep& step, const DiagonalsOf<Value>& diagonals, KeySource& keys,
                      TermsAhead* ahead);
  Status AddRotated(const Workspace& work, Sum source, int64_t shift, Sum& target, KeySource& keys) const;

  const circuit::LinearTransformPlan* plan_;
  size_t next_ = 0;
  int level_;
  double x_scale_, scale_;   // of x, of the diagonals
  Digits digits_;            // of x, until the last baby; none in kMinimumKey
  Ciphertext rotated_;       // kMinimumKey: x so far, until the last baby; no parts: x itself
  std::vector<Sum> blocks_;  // [giant]
  Sum sum_;                  // of the rotated blocks
};

// All steps, one after the other: sum_r diagonal_r (*) rotl(x, i_r), not yet rescaled, at x's level and scale x.scale *
// scale. Keys are used in the order of plan.rotations, one at a time. The result does not depend on the number of
// threads. Errors: those of the steps.
Result<Ciphertext> ApplyLinearTransform(const Workspace& work, const Encoder& encoder,
                                        const circuit::LinearTransformPlan& plan, const Ciphertext& x,
                                        const Diagonals& diagonals, double scale, KeySource& keys);
Result<Ciphertext> ApplyLinearTransform(const Workspace& work, const Encoder& encoder,
                                        const circuit::LinearTransformPlan& plan, const Ciphertext& x,
                                        const ComplexDiagonals& diagonals, double scale, KeySource& keys);

// The memory of one step in slots, x aside, for the memory model.
struct LinearTransformSlots {
  int held = 0;  // by the transform after the step, exactly, all of MemoryClass::kCiphertexts; kFinish: by the result
  int most = 0;  // at most at any time in the step, what was held before it included
};
// [step of plan.steps], with diagonals whose coefficients times the scale are below 2^50. `parameters`: of the keys'
// shape. What is held, L = level + 1 limbs, K special ones, d digits, E = L + K where plan.ExtendedBlocks(), else L:
//   d (L + K) for the digits, while babies are to come, where they are hoisted and one is rotated;
//   2 L for the rotated input, while babies are to come, kMinimumKey after its first rotation;
//   2 E for each block, from the baby that is its first until its giant;
//   2 E for the sum, or 2 (L + K) once a giant was rotated, but for kBabyStepGiantStep.
std::vector<LinearTransformSlots> LinearTransformMemory(const scheme::Parameters& parameters,
                                                        const circuit::LinearTransformPlan& plan, int level,
                                                        int threads);

}  // namespace keymemrt::lattice
