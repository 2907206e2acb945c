// SPDX-License-Identifier: Apache-2.0
// Operations with level and scale; see CkksBuilder.h.

#include "compiler/builder/CkksBuilder.h"

#include <algorithm>

using namespace mlir;

namespace keymemrt::compiler {

static Fact factOf(Value value) { return *getFact(value); }
static int64_t sizeOf(Value value) { return cast<lwe::CiphertextType>(value.getType()).getSize(); }

lwe::CiphertextType CkksBuilder::typeLike(Value value, Fact fact, int64_t size) const {
  const auto type = cast<lwe::CiphertextType>(value.getType());
  const lwe::CiphertextSpaceAttr space = type.getCiphertextSpace();
  return chain.getType(lwe::CiphertextType::get(
                           value.getContext(), type.getApplicationData(), type.getPlaintextSpace(),
                           lwe::CiphertextSpaceAttr::get(value.getContext(), space.getRing(),
                                                         space.getEncryptionType(), size),
                           type.getKey(), type.getModulusChain()),
                       fact);
}

Value CkksBuilder::finish(Operation *op, Fact fact) {
  chain.setFact(op->getResult(0), fact);
  return op->getResult(0);
}

Value CkksBuilder::add(Value lhs, Value rhs) {
  const Fact fact = factOf(lhs);
  const auto type = typeLike(lhs, fact, std::max(sizeOf(lhs), sizeOf(rhs)));
  return finish(ckks::AddOp::create(builder, location, type, lhs, rhs), fact);
}

Value CkksBuilder::sub(Value lhs, Value rhs) {
  const Fact fact = factOf(lhs);
  const auto type = typeLike(lhs, fact, std::max(sizeOf(lhs), sizeOf(rhs)));
  return finish(ckks::SubOp::create(builder, location, type, lhs, rhs), fact);
}

Value CkksBuilder::mul(Value lhs, Value rhs) {
  const Fact fact = chain.multiplied(factOf(lhs), factOf(rhs).scale);
  const auto type = typeLike(lhs, fact, sizeOf(lhs) + sizeOf(rhs) - 1);
  return finish(ckks::MulOp::create(builder, location, type, lhs, rhs), fact);
}

static Operation *withShape(Operation *op, ckks::KeyShapeAttr shape) {
  if (shape)
    op->setDiscardableAttr(kKeyShapeName, shape);
  return op;
}

Value CkksBuilder::relinearize(Value value, ckks::KeyShapeAttr shape) {
  const Fact fact = factOf(value);
  auto op = ckks::RelinearizeOp::create(builder, location, typeLike(value, fact, 2), value, Value(),
                                        ArrayRef<int32_t>{0, 1, 2}, ArrayRef<int32_t>{0, 1});
  return finish(withShape(op, shape), fact);
}

Value CkksBuilder::rotate(Value value, int64_t shift, ckks::KeyShapeAttr shape) {
  auto op = ckks::RotateOp::create(builder, location, value.getType(), value, Value(),
                                   builder.getI64IntegerAttr(shift));
  return finish(withShape(op, shape), factOf(value));
}

Value CkksBuilder::conjugate(Value value, ckks::KeyShapeAttr shape) {
  auto op = ckks::ConjugateOp::create(builder, location, value.getType(), value);
  return finish(withShape(op, shape), factOf(value));
}

Value CkksBuilder::switchSecret(Value value, int64_t from, int64_t to, ckks::KeyShapeAttr shape) {
  auto op = ckks::SwitchSecretOp::create(builder, location, value.getType(), value,
                                         static_cast<uint64_t>(from), static_cast<uint64_t>(to));
  return finish(withShape(op, shape), factOf(value));
}

Value CkksBuilder::modRaise(Value value, int64_t level) {
  const Fact fact = {level, factOf(value).scale};
  return finish(ckks::ModRaiseOp::create(builder, location, typeLike(value, fact, 2), value), fact);
}

Value CkksBuilder::dft(Value value, ckks::DftStageAttr stage, double scale,
                       ckks::KeyShapeAttr shape) {
  const Fact fact = chain.multiplied(factOf(value), scale);
  auto op = ckks::DftOp::create(builder, location, typeLike(value, fact, 2), value, stage);
  return finish(withShape(op, shape), fact);
}

Value CkksBuilder::rescale(Value value) {
  const Fact fact = chain.rescaled(factOf(value));
  return finish(ckks::RescaleOp::create(builder, location, typeLike(value, fact, sizeOf(value)),
                                        value, chain.getRing(fact.level)),
                fact);
}

Value CkksBuilder::levelReduce(Value value, int64_t level) {
  const Fact fact = factOf(value);
  if (fact.level == level)
    return value;
  const Fact reduced = {level, fact.scale};
  return finish(ckks::LevelReduceOp::create(builder, location,
                                            typeLike(value, reduced, sizeOf(value)), value,
                                            static_cast<uint64_t>(fact.level - level)),
                reduced);
}

Value CkksBuilder::mulScalar(Value value, std::complex<double> number, double scale) {
  const Fact fact = {factOf(value).level, scale};
  return finish(ckks::MulScalarOp::create(builder, location, typeLike(value, fact, sizeOf(value)),
                                          value, builder.getF64FloatAttr(number.real()),
                                          builder.getF64FloatAttr(number.imag())),
                fact);
}

Value CkksBuilder::addScalar(Value value, double number) {
  return finish(ckks::AddScalarOp::create(builder, location, value.getType(), value,
                                          builder.getF64FloatAttr(number),
                                          builder.getF64FloatAttr(0)),
                factOf(value));
}

Value CkksBuilder::mulScalarAdd(Value sum, Value value, double number) {
  return finish(ckks::MulScalarAddOp::create(builder, location, sum.getType(), sum, value,
                                             builder.getF64FloatAttr(number),
                                             builder.getF64FloatAttr(0)),
                factOf(sum));
}

Value CkksBuilder::evaluate(const circuit::PolynomialPlan &plan, Value input,
                            ckks::KeyShapeAttr shape) {
  using Op = circuit::PolynomialStep::Op;
  std::vector<int> uses(plan.steps.size() + 1); // by steps that lead to the result
  ++uses[plan.output];
  for (size_t i = plan.steps.size(); i > 0; --i) {
    const circuit::PolynomialStep &step = plan.steps[i - 1];
    if (uses[i] == 0)
      continue;
    ++uses[step.a];
    if (step.b >= 0)
      ++uses[step.b];
  }
  SmallVector<Value> values = {input};
  for (const circuit::PolynomialStep &step : plan.steps) {
    const int result = static_cast<int>(values.size());
    const Value a = values[step.a];
    const auto make = [&]() -> Value {
      if (uses[result] == 0)
        return {};
      switch (step.op) {
      case Op::kMul:
        return mul(a, values[step.b]);
      case Op::kRelinearize:
        return relinearize(a, shape);
      case Op::kRescale:
        return rescale(a);
      case Op::kLevelReduce:
        return levelReduce(a, step.level);
      case Op::kAdd:
        if (!values[step.b]) { // a product that waits for its sum
          const circuit::PolynomialStep &product = plan.steps[step.b - 1];
          return mulScalarAdd(a, values[product.a], product.constant);
        }
        return add(a, values[step.b]);
      case Op::kSub:
        return sub(a, values[step.b]);
      case Op::kMulScalar:
        // The second operand of the next addition, and nothing else.
        if (const circuit::PolynomialStep *next =
                result < static_cast<int>(plan.steps.size()) ? &plan.steps[result] : nullptr;
            next && uses[result] == 1 && next->op == Op::kAdd && next->b == result &&
            sizeOf(a) <= sizeOf(values[next->a]))
          return {};
        return mulScalar(a, step.constant, step.scale);
      case Op::kAddScalar:
        return addScalar(a, step.constant);
      }
      llvm_unreachable("unknown step");
    };
    values.push_back(make());
  }
  return values[plan.output];
}

} // namespace keymemrt::compiler
