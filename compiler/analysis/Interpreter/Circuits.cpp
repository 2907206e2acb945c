// SPDX-License-Identifier: Apache-2.0
// The meaning of linear transforms, polynomials and bootstraps; see Interpreter.h.

#include "compiler/analysis/Interpreter/Execution.h"

using namespace mlir;

namespace keymemrt::compiler::interpreter {

LogicalResult Execution::setAtScale(Operation *op, mlir::Value input, mlir::Value output,
                                    Numbers numbers) {
  if (domain == Domain::Encoded) {
    const std::optional<Fact> before = getFact(input), after = getFact(output);
    if (!before || !after)
      return op->emitOpError("has no level and scale");
    for (Number &number : numbers)
      number *= after->scale / before->scale;
  }
  values[output] = std::move(numbers);
  return success();
}

LogicalResult Execution::executeTransform(orion::LinearTransformOp op) {
  const Numbers &input = values[op.getInput()], &diagonals = values[op.getDiagonals()];
  const size_t columns =
      static_cast<size_t>(cast<RankedTensorType>(op.getDiagonals().getType()).getDimSize(1));
  if (slots % columns != 0)
    return op.emitOpError("has diagonals of ")
           << columns << " numbers, which do not divide " << slots << " slots";
  Numbers result(slots);
  for (auto [row, index] : llvm::enumerate(op.getDiagonalIndices())) {
    const Numbers rotated = rotateLeft(input, index);
    for (size_t j = 0; j < slots; ++j)
      result[j] += diagonals[row * columns + j % columns] * rotated[j];
  }
  // Diagonals are encoded at the scale that the rescale returns to; with the annotated scale the
  // product is this.
  return setAtScale(op, op.getInput(), op.getOutput(), std::move(result));
}

static Numbers multiplyByStage(ckks::DftStageAttr attr, const Numbers &input) {
  const circuit::DftStage stage = getStage(attr);
  const std::vector<int64_t> rotations = stage.Rotations();
  Numbers result(input.size());
  for (size_t row = 0; row < rotations.size(); ++row) {
    const Numbers diagonal = stage.Diagonal(row);
    const int64_t size = static_cast<int64_t>(input.size());
    for (int64_t j = 0; j < size; ++j)
      result[j] +=
          diagonal[j % diagonal.size()] * input[((j + rotations[row]) % size + size) % size];
  }
  return result;
}

LogicalResult Execution::executeBootstrap(ckks::BootstrapOp op) {
  Numbers result = values[op.getInput()];
  return setAtScale(op, op.getInput(), op.getOutput(), std::move(result));
}

LogicalResult Execution::executeDft(ckks::DftOp op) {
  Numbers result = multiplyByStage(op.getStage(), values[op.getInput()]);
  return setAtScale(op, op.getInput(), op.getOutput(), std::move(result));
}

LogicalResult Execution::executeBegin(key_mgmt::BeginTransformOp op) {
  FailureOr<circuit::LinearTransformPlan> plan = getPlan(op, static_cast<int64_t>(slots));
  if (failed(plan))
    return failure();
  underWay[op.getTransform()] = {
      op, std::make_shared<const circuit::LinearTransformPlan>(*std::move(plan)),
      values[op.getInput()]};
  return success();
}

LogicalResult Execution::executeStep(Operation *op, Value input, Value key, uint64_t step) {
  auto it = underWay.find(op->getOperand(0));
  if (it == underWay.end())
    return op->emitOpError("takes a transform that another step has used up");
  UnderWay now = std::move(it->second);
  underWay.erase(it);
  std::optional<int64_t> index = 0;
  if (key) {
    const Numbers &loaded = values[key];
    index = loaded.size() == kKeySize && keys.count(loaded[0].real())
                ? std::optional(static_cast<int64_t>(loaded[1].real()))
                : std::nullopt;
  }
  if (!index)
    return op->emitOpError("uses a key that is not loaded, or of unknown index");
  if (step != now.steps || !isStep(*now.plan, op, step, *index))
    return op->emitOpError("is not step ") << now.steps << " of its transform's plan";
  if (input && values[input] != now.input)
    return op->emitOpError("takes another input than its transform began with");
  ++now.steps;
  underWay[op->getResult(0)] = std::move(now);
  return success();
}

LogicalResult Execution::executeFinish(key_mgmt::FinishTransformOp op) {
  auto it = underWay.find(op.getTransform());
  if (it == underWay.end() || it->second.steps + 1 != it->second.plan->steps.size())
    return op.emitOpError("takes a transform whose steps are not done");
  UnderWay now = std::move(it->second);
  underWay.erase(it);
  Numbers result(slots);
  if (ckks::DftStageAttr stage = now.begin.getStageAttr()) {
    result = multiplyByStage(stage, now.input);
  } else {
    const Numbers &diagonals = values[now.begin.getDiagonals()];
    const size_t columns = diagonals.size() / now.begin.getRotations().size();
    for (auto [row, index] : llvm::enumerate(now.begin.getRotations())) {
      const Numbers rotated = rotateLeft(now.input, index);
      for (size_t j = 0; j < slots; ++j)
        result[j] += diagonals[row * columns + j % columns] * rotated[j];
    }
  }
  if (domain == Domain::Encoded)
    for (Number &number : result)
      number *= now.begin.getPlainScale().convertToDouble();
  values[op.getOutput()] = std::move(result);
  return success();
}

LogicalResult Execution::executeSeries(Operation *op, ArrayAttr coefficients, double low,
                                       double high) {
  const std::optional<Fact> before = getFact(op->getOperand(0)), after = getFact(op->getResult(0));
  const bool encoded = domain == Domain::Encoded;
  if (encoded && (!before || !after))
    return op->emitOpError("has no level and scale");
  Numbers result = values[op->getOperand(0)];
  for (Number &number : result) {
    const Number x = encoded ? number / before->scale : number;
    const Number u = (2.0 * x - low - high) / (high - low);
    Number sum = 0, last = u, current = 1; // T_(k-1)(u), T_k(u)
    for (Attribute coefficient : coefficients) {
      sum += cast<FloatAttr>(coefficient).getValueAsDouble() * current;
      const Number next = 2.0 * u * current - last;
      last = current;
      current = next;
    }
    number = encoded ? sum * after->scale : sum;
  }
  values[op->getResult(0)] = std::move(result);
  return success();
}

LogicalResult Execution::executeScalar(Operation *op, Number number) {
  Numbers result = values[op->getOperand(0)];
  const bool product = isa<ckks::MulScalarOp>(op);
  if (domain == Domain::Encoded) {
    const std::optional<Fact> before = getFact(op->getOperand(0)),
                              after = getFact(op->getResult(0));
    if (!before || !after)
      return op->emitOpError("has no level and scale");
    number *= product ? after->scale / before->scale : after->scale;
  }
  for (Number &x : result)
    x = product ? x * number : x + number;
  values[op->getResult(0)] = std::move(result);
  return success();
}

LogicalResult Execution::executeScalarSum(ckks::MulScalarAddOp op) {
  Number number(op.getReal().convertToDouble(), op.getImaginary().convertToDouble());
  if (domain == Domain::Encoded) {
    const std::optional<Fact> sum = getFact(op.getSum()), input = getFact(op.getInput());
    if (!sum || !input)
      return op.emitOpError("has no level and scale");
    number *= sum->scale / input->scale;
  }
  Numbers result = values[op.getSum()];
  const Numbers &input = values[op.getInput()];
  for (size_t i = 0; i < result.size(); ++i)
    result[i] += number * input[i];
  values[op.getOutput()] = std::move(result);
  return success();
}

} // namespace keymemrt::compiler::interpreter
