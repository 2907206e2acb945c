// SPDX-License-Identifier: Apache-2.0
//
// Bootstrapping of ciphertexts, as circuit/bootstrap_plan.h lays it out; docs/bootstrapping.md.
#pragma once

#include <array>
#include <vector>

#include "base/slot_pool.h"
#include "base/status.h"
#include "base/thread_pool.h"
#include "circuit/bootstrap_plan.h"
#include "lattice/encoding/encoder.h"
#include "lattice/evaluator/evaluator.h"
#include "lattice/keys/key_source.h"
#include "lattice/ring/context.h"
#include "lattice/ring/poly.h"

namespace keymemrt::lattice {

// Thread-safe; each call uses the workers given at construction. Results do not depend on their number.
class Bootstrapper {
 public:
  // `plan`: made for the context's parameters. Context, encoder, pool and threads (may be null) must outlive it.
  // Errors: those of Parameters::At, for a plan of other parameters.
  static Result<Bootstrapper> Create(const Context& context, const Encoder& encoder, SlotPool& pool,
                                     ThreadPool* threads, circuit::BootstrapPlan plan);

  const circuit::BootstrapPlan& plan() const { return plan_; }

  // The same message at the plan's target level, its imaginary parts included. x may be at any level; its scale is the
  // plan's input scale, or at most twice as far from it: the result's scale is as far from the output scale.
  // kInvalidArgument: another scale, not two parts; what `keys` end in, as for a key that is missing.
  Result<Ciphertext> Bootstrap(const Ciphertext& x, KeySource& keys) const;

  // --- Its stages, each taking what the one before returns.
  // Encapsulation and ModRaise: coefficients m + q_0 I, at the top level and raised_scale; sparse: their trace.
  Result<Ciphertext> Raise(const Ciphertext& x, KeySource& keys) const;
  // The coefficients over q_0 * half_range as real slots, bit-reversed: full packing two ciphertexts, the real and the
  // imaginary parts of the paired coefficients (circuit/dft.h), sparse packing one with both, in alternating runs of n.
  Result<std::vector<Ciphertext>> CoeffToSlot(Ciphertext x, KeySource& keys) const;
  // Of each of them.
  Result<Ciphertext> EvalMod(Ciphertext x, KeySource& keys) const;
  Result<Ciphertext> SlotToCoeff(std::vector<Ciphertext> x, KeySource& keys) const;

 private:
  Bootstrapper(const Context& context, const Encoder& encoder, SlotPool& pool, ThreadPool* threads,
               circuit::BootstrapPlan plan)
      : context_(context),
        encoder_(encoder),
        pool_(pool),
        threads_(threads),
        plan_(std::move(plan)),
        evaluator_(context, pool, threads) {}
  Result<Ciphertext> Apply(const circuit::BootstrapPlan::Transform& transform, const Ciphertext& x,
                           KeySource& keys) const;

  const Context& context_;
  const Encoder& encoder_;
  SlotPool& pool_;
  ThreadPool* threads_;
  circuit::BootstrapPlan plan_;
  Evaluator evaluator_;
};

}  // namespace keymemrt::lattice
