// SPDX-License-Identifier: Apache-2.0
#include "lattice/bootstrapping/polynomial.h"

#include <cmath>
#include <optional>
#include <utility>
#include <vector>

namespace keymemrt::lattice {

namespace {

using circuit::PolynomialPlan;
using circuit::PolynomialStep;
using Op = PolynomialStep::Op;

class Evaluation {
 public:
  Evaluation(const Evaluator& evaluator, const PolynomialPlan& plan, KeySource& keys)
      : evaluator_(evaluator), plan_(plan), keys_(keys), values_(plan.steps.size() + 1), uses_(values_.size()) {
    for (const PolynomialStep& step : plan.steps) {
      ++uses_[Index(step.a)];
      if (step.b >= 0) ++uses_[Index(step.b)];
    }
    ++uses_[Index(plan.output)];
  }

  Result<Ciphertext> Run(Ciphertext x) {
    x.scale = plan_.input_scale;
    values_[0] = std::move(x);
    for (size_t i = 0; i < plan_.steps.size(); ++i) {
      const PolynomialStep& step = plan_.steps[i];
      const size_t result = i + 1;
      if (uses_[result] == 0) {
        Release(step);
        continue;
      }
      // A term of a sum is multiplied when it is added.
      if (step.op == Op::kMulScalar && uses_[result] == 1 && AddedNext(result)) continue;
      KMRT_ASSIGN_OR_RETURN(values_[result], Step(step));
      values_[result]->scale = step.scale;  // computed in the same order, but for additions
    }
    return std::move(*values_[Index(plan_.output)]);
  }

 private:
  static size_t Index(int value) { return static_cast<size_t>(value); }

  // Whether `value` is the second operand of kAdd in the next step.
  bool AddedNext(size_t value) const {
    return value < plan_.steps.size() && plan_.steps[value].op == Op::kAdd && Index(plan_.steps[value].b) == value &&
           Index(plan_.steps[value].a) != value;
  }

  // A value for an operation that consumes it: moved at its last use.
  Ciphertext Take(int value) {
    std::optional<Ciphertext>& entry = values_[Index(value)];
    if (--uses_[Index(value)] > 0) return evaluator_.Copy(*entry);
    Ciphertext taken = std::move(*entry);
    entry.reset();
    return taken;
  }
  void Done(int value) {
    if (--uses_[Index(value)] == 0) values_[Index(value)].reset();
  }
  void Release(const PolynomialStep& step) {
    Done(step.a);
    if (step.b >= 0) Done(step.b);
  }

  Result<Ciphertext> Step(const PolynomialStep& step) {
    switch (step.op) {
      case Op::kMul: {
        Result<Ciphertext> product = evaluator_.Mul(*values_[Index(step.a)], *values_[Index(step.b)]);
        Release(step);
        return product;
      }
      case Op::kRelinearize:
        return evaluator_.Relinearize(Take(step.a), keys_);
      case Op::kRescale:
        return evaluator_.Rescale(Take(step.a));
      case Op::kLevelReduce: {
        if (uses_[Index(step.a)] == 1) return evaluator_.LevelReduce(Take(step.a), step.level);
        Done(step.a);
        return evaluator_.Copy(*values_[Index(step.a)], step.level);
      }
      case Op::kAdd: {
        if (step.a == step.b) {
          --uses_[Index(step.b)];
          Ciphertext x = Take(step.a);
          const double scale = x.scale;
          return evaluator_.MulScalar(std::move(x), 2, scale);
        }
        Ciphertext sum = Take(step.a);
        if (!values_[Index(step.b)]) {  // a product that waits for this
          const PolynomialStep& product = plan_.steps[Index(step.b) - 1];
          KMRT_RETURN_IF_ERROR(evaluator_.MulScalarAdd(sum, *values_[Index(product.a)], product.constant));
          Done(product.a);
          return sum;
        }
        Result<Ciphertext> result = evaluator_.Add(std::move(sum), *values_[Index(step.b)]);
        Done(step.b);
        return result;
      }
      case Op::kSub: {
        Result<Ciphertext> result = evaluator_.Sub(Take(step.a), *values_[Index(step.b)]);
        Done(step.b);
        return result;
      }
      case Op::kMulScalar:
        return evaluator_.MulScalar(Take(step.a), step.constant, step.scale);
      case Op::kAddScalar:
        return evaluator_.AddScalar(Take(step.a), step.constant);
    }
    return InvalidArgument("polynomial: unknown step");
  }

  const Evaluator& evaluator_;
  const PolynomialPlan& plan_;
  KeySource& keys_;
  std::vector<std::optional<Ciphertext>> values_;
  std::vector<int> uses_;  // still to come
};

}  // namespace

Result<Ciphertext> EvaluatePolynomial(const Evaluator& evaluator, const PolynomialPlan& plan, Ciphertext x,
                                      KeySource& keys) {
  if (x.level != plan.input_level) {
    return InvalidArgument("polynomial: a ciphertext at level {}; planned for {}", x.level, plan.input_level);
  }
  if (std::abs(x.scale - plan.input_scale) > std::ldexp(plan.input_scale, -30)) {
    return InvalidArgument("polynomial: a ciphertext at scale {}; planned for {}", x.scale, plan.input_scale);
  }
  return Evaluation(evaluator, plan, keys).Run(std::move(x));
}

}  // namespace keymemrt::lattice
