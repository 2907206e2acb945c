// SPDX-License-Identifier: Apache-2.0
//
// circuit::BootstrapPlan as operations: the same that lattice/bootstrapping computes, in the same order.
#include <utility>
#include <vector>

#include "program/testing/builder.h"

namespace keymemrt::program {

namespace {

using circuit::BootstrapPlan;
using circuit::PolynomialPlan;
using circuit::PolynomialStep;

uint32_t Apply(ProgramBuilder& b, const BootstrapPlan::Transform& transform, uint32_t x) {
  const uint32_t index = b.Transform({.source = DiagonalSource::kDft,
                                      .stage = transform.stage,
                                      .form = transform.linear.form,
                                      .baby_step = transform.linear.baby_step,
                                      .scale = transform.scale});
  return b.Rescale(b.ApplyTransform(x, index, transform.shape));
}

uint32_t Evaluate(ProgramBuilder& b, const PolynomialPlan& plan, uint32_t x, scheme::KeyShape shape) {
  using Kind = PolynomialStep::Op;
  std::vector<int> uses(plan.steps.size() + 1);
  for (const PolynomialStep& step : plan.steps) {
    ++uses[static_cast<size_t>(step.a)];
    if (step.b >= 0) ++uses[static_cast<size_t>(step.b)];
  }
  ++uses[static_cast<size_t>(plan.output)];
  std::vector<uint32_t> values = {x};
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const PolynomialStep& step = plan.steps[i];
    const uint32_t a = values[static_cast<size_t>(step.a)];
    const auto right = [&] { return values[static_cast<size_t>(step.b)]; };
    uint32_t result = kNone;
    if (uses[i + 1] != 0) {
      switch (step.op) {
        case Kind::kMul:
          result = b.Mul(a, right());
          break;
        case Kind::kRelinearize:
          result = b.Relinearize(a, shape);
          break;
        case Kind::kRescale:
          result = b.Rescale(a);
          break;
        case Kind::kLevelReduce:
          result = b.LevelReduce(a, step.level);
          break;
        case Kind::kAdd:
          if (step.a == step.b) {
            result = b.MulScalar(a, 2, b.value(a).scale);
          } else if (right() == kNone) {  // a product with a scalar that waits for this
            const PolynomialStep& product = plan.steps[static_cast<size_t>(step.b) - 1];
            result = b.MulScalarAdd(a, values[static_cast<size_t>(product.a)], product.constant);
          } else {
            result = b.Add(a, right());
          }
          break;
        case Kind::kSub:
          result = b.Sub(a, right());
          break;
        case Kind::kMulScalar: {
          const bool added_next = i + 1 < plan.steps.size() && plan.steps[i + 1].op == Kind::kAdd &&
                                  plan.steps[i + 1].b == static_cast<int>(i + 1) &&
                                  plan.steps[i + 1].a != static_cast<int>(i + 1);
          if (uses[i + 1] > 1 || !added_next) result = b.MulScalar(a, step.constant, step.scale);
          break;
        }
        case Kind::kAddScalar:
          result = b.AddScalar(a, step.constant);
          break;
      }
    }
    values.push_back(result);
  }
  return values[static_cast<size_t>(plan.output)];
}

}  // namespace

uint32_t Bootstrap(ProgramBuilder& b, const BootstrapPlan& plan, uint32_t x) {
  // Encapsulation and ModRaise.
  if (b.value(x).level > 0) x = b.LevelReduce(x, 0);
  x = b.MulScalar(x, 1, plan.raised_scale);
  x = b.SwitchSecret(x, circuit::kMainToEphemeral, plan.encapsulation_shape);
  x = b.SwitchSecret(b.ModRaise(x, plan.top_level), circuit::kEphemeralToMain);
  for (const int64_t shift : plan.trace) x = b.Add(x, b.Rotate(x, static_cast<int32_t>(shift)));

  for (const BootstrapPlan::Transform& transform : plan.coeff_to_slot) x = Apply(b, transform, x);
  const uint32_t conjugate = b.Conjugate(x, plan.conjugation_shape);
  const auto eval_mod = [&](uint32_t part) {
    const uint32_t y = Evaluate(b, plan.eval_mod, part, plan.relinearization_shape);
    const int32_t level = plan.slot_to_coeff[0].level;
    return b.value(y).level > level ? b.LevelReduce(y, level) : y;
  };
  uint32_t sum;
  if (plan.full()) {
    const uint32_t difference = b.Sub(x, conjugate);
    const uint32_t imaginary = b.MulScalar(difference, {0, -1}, b.value(difference).scale);
    sum = eval_mod(b.Add(x, conjugate));
    const uint32_t second = eval_mod(imaginary);
    sum = b.Add(sum, b.MulScalar(second, {0, 1}, b.value(second).scale));
  } else {
    sum = eval_mod(b.Add(x, conjugate));
  }
  for (size_t i = 0; i < plan.slot_to_coeff.size(); ++i) {
    sum = Apply(b, plan.slot_to_coeff[i], sum);
    if (i == 0 && !plan.full()) sum = b.Add(sum, b.Rotate(sum, static_cast<int32_t>(plan.join), plan.join_shape));
  }
  return sum;
}

}  // namespace keymemrt::program
