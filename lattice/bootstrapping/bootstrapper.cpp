// SPDX-License-Identifier: Apache-2.0
#include "lattice/bootstrapping/bootstrapper.h"

#include <cmath>
#include <complex>
#include <utility>

#include "lattice/bootstrapping/polynomial.h"
#include "lattice/linear/linear_transform.h"

namespace keymemrt::lattice {

using circuit::BootstrapPlan;

Result<Bootstrapper> Bootstrapper::Create(const Context& context, const Encoder& encoder, SlotPool& pool,
                                          ThreadPool* threads, BootstrapPlan plan) {
  for (const circuit::BootstrapKey& key : plan.keys) {
    if (const Status status = context.At(key.id.shape).status(); !status.ok()) return status;
  }
  return Bootstrapper(context, encoder, pool, threads, std::move(plan));
}

Result<Ciphertext> Bootstrapper::Bootstrap(const Ciphertext& x, KeySource& keys) const {
  KMRT_ASSIGN_OR_RETURN(Ciphertext raised, Raise(x, keys));
  KMRT_ASSIGN_OR_RETURN(std::vector<Ciphertext> parts, CoeffToSlot(std::move(raised), keys));
  for (Ciphertext& part : parts) {
    KMRT_ASSIGN_OR_RETURN(part, EvalMod(std::move(part), keys));
  }
  KMRT_ASSIGN_OR_RETURN(Ciphertext result, SlotToCoeff(std::move(parts), keys));
  result.scale *= x.scale / plan_.input_scale;
  return result;
}

Result<Ciphertext> Bootstrapper::Raise(const Ciphertext& x, KeySource& keys) const {
  if (!(x.scale >= plan_.input_scale / 2 && x.scale <= plan_.input_scale * 2)) {
    return InvalidArgument("bootstrapping: a ciphertext at scale {}; planned for {}", x.scale, plan_.input_scale);
  }
  KMRT_ASSIGN_OR_RETURN(const Evaluator lowest, evaluator_.At(plan_.encapsulation_shape));
  Ciphertext low = evaluator_.Copy(x, 0);
  low.scale = plan_.input_scale;
  // Before the switch, whose noise would be multiplied with it.
  KMRT_ASSIGN_OR_RETURN(low, evaluator_.MulScalar(std::move(low), 1, plan_.raised_scale));
  KMRT_ASSIGN_OR_RETURN(low, lowest.SwitchSecret(low, circuit::kMainToEphemeral, keys));
  KMRT_ASSIGN_OR_RETURN(Ciphertext high, evaluator_.ModRaise(low, plan_.top_level));
  KMRT_ASSIGN_OR_RETURN(high, evaluator_.SwitchSecret(high, circuit::kEphemeralToMain, keys));
  for (const int64_t shift : plan_.trace) {
    KMRT_ASSIGN_OR_RETURN(const Ciphertext rotated, evaluator_.Rotate(high, shift, keys));
    KMRT_ASSIGN_OR_RETURN(high, evaluator_.Add(std::move(high), rotated));
  }
  return high;
}

Result<Ciphertext> Bootstrapper::Apply(const BootstrapPlan::Transform& transform, const Ciphertext& x,
                                       KeySource& keys) const {
  KMRT_ASSIGN_OR_RETURN(const Context* const context, context_.At(transform.shape));
  const Workspace work{*context, pool_, threads_};
  std::vector<std::complex<double>> diagonal;
  const ComplexDiagonals diagonals = [&](size_t row) -> Result<std::span<const std::complex<double>>> {
    diagonal = transform.stage.Diagonal(row);
    return std::span<const std::complex<double>>(diagonal);
  };
  KMRT_ASSIGN_OR_RETURN(Ciphertext y,
                        ApplyLinearTransform(work, encoder_, transform.linear, x, diagonals, transform.scale, keys));
  return evaluator_.Rescale(std::move(y));
}

Result<std::vector<Ciphertext>> Bootstrapper::CoeffToSlot(Ciphertext x, KeySource& keys) const {
  for (const BootstrapPlan::Transform& transform : plan_.coeff_to_slot) {
    KMRT_ASSIGN_OR_RETURN(x, Apply(transform, x, keys));
  }
  KMRT_ASSIGN_OR_RETURN(const Evaluator switching, evaluator_.At(plan_.conjugation_shape));
  KMRT_ASSIGN_OR_RETURN(const Ciphertext conjugate, switching.Conjugate(x, keys));
  std::vector<Ciphertext> parts;
  if (plan_.full()) {
    KMRT_ASSIGN_OR_RETURN(Ciphertext imaginary, evaluator_.Sub(evaluator_.Copy(x), conjugate));
    const double scale = imaginary.scale;
    KMRT_ASSIGN_OR_RETURN(imaginary, evaluator_.MulScalar(std::move(imaginary), {0, -1}, scale));
    parts.push_back(std::move(imaginary));
  }
  KMRT_ASSIGN_OR_RETURN(x, evaluator_.Add(std::move(x), conjugate));
  parts.insert(parts.begin(), std::move(x));
  return parts;
}

Result<Ciphertext> Bootstrapper::EvalMod(Ciphertext x, KeySource& keys) const {
  KMRT_ASSIGN_OR_RETURN(const Evaluator switching, evaluator_.At(plan_.relinearization_shape));
  return EvaluatePolynomial(switching, plan_.eval_mod, std::move(x), keys);
}

Result<Ciphertext> Bootstrapper::SlotToCoeff(std::vector<Ciphertext> x, KeySource& keys) const {
  const size_t expected = plan_.full() ? 2 : 1;
  if (x.size() != expected) return InvalidArgument("SlotToCoeff: {} ciphertexts; {} expected", x.size(), expected);
  const int level = plan_.slot_to_coeff[0].level;
  for (Ciphertext& part : x) {
    KMRT_ASSIGN_OR_RETURN(part, evaluator_.LevelReduce(std::move(part), level));
  }
  Ciphertext sum = std::move(x[0]);
  if (plan_.full()) {
    const double scale = x[1].scale;
    KMRT_ASSIGN_OR_RETURN(x[1], evaluator_.MulScalar(std::move(x[1]), {0, 1}, scale));
    KMRT_ASSIGN_OR_RETURN(sum, evaluator_.Add(std::move(sum), x[1]));
  }
  x.clear();
  for (size_t i = 0; i < plan_.slot_to_coeff.size(); ++i) {
    KMRT_ASSIGN_OR_RETURN(sum, Apply(plan_.slot_to_coeff[i], sum, keys));
    if (i == 0 && !plan_.full()) {
      KMRT_ASSIGN_OR_RETURN(const Evaluator switching, evaluator_.At(plan_.join_shape));
      KMRT_ASSIGN_OR_RETURN(const Ciphertext rotated, switching.Rotate(sum, plan_.join, keys));
      KMRT_ASSIGN_OR_RETURN(sum, evaluator_.Add(std::move(sum), rotated));
    }
  }
  sum.scale = plan_.output_scale;  // but for the rounding of doubles
  return sum;
}

}  // namespace keymemrt::lattice
