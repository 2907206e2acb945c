// SPDX-License-Identifier: Apache-2.0
// The meaning of a straight-line program; see Interpreter.h.

#include "compiler/analysis/Interpreter/Interpreter.h"

#include "compiler/analysis/Levels/Levels.h"
#include "compiler/analysis/PlainSource/PlainSource.h"
#include "compiler/dialect/CKKS/CKKS.h"
#include "compiler/dialect/KeyMgmt/KeyMgmt.h"
#include "compiler/dialect/Orion/Orion.h"
#include "compiler/dialect/TensorExt/TensorExt.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/TypeSwitch.h"

#include <unordered_map>

using namespace mlir;

namespace keymemrt::compiler {

namespace {

using Numbers = std::vector<double>;

class Interpreter {
public:
  Interpreter(func::FuncOp function, const Chain &chain, Domain domain)
      : function(function), chain(chain), slots(static_cast<size_t>(chain.slots())),
        domain(domain) {}

  FailureOr<std::vector<Numbers>> run(ArrayRef<Numbers> arguments);

private:
  LogicalResult execute(Operation *op);
  LogicalResult executeRotate(ckks::RotateOp op);
  LogicalResult executeEncode(lwe::RLWEEncodeOp op);
  LogicalResult executeRescale(ckks::RescaleOp op);
  LogicalResult executeSlice(tensor::ExtractSliceOp op);
  LogicalResult executeTransform(orion::LinearTransformOp op);
  LogicalResult executeKeyed(Operation *op, Value key);

  template <typename Function> void zip(Operation *op, Function function) {
    Numbers result = values[op->getOperand(0)];
    const Numbers &other = values[op->getOperand(1)];
    for (size_t i = 0; i < result.size(); ++i)
      result[i] = function(result[i], other[i]);
    values[op->getResult(0)] = std::move(result);
  }

  Numbers repeat(const Numbers &numbers) const {
    Numbers result(slots);
    for (size_t i = 0; i < slots; ++i)
      result[i] = numbers[i % numbers.size()];
    return result;
  }
  static Numbers rotateLeft(const Numbers &numbers, int64_t shift) {
    const int64_t size = static_cast<int64_t>(numbers.size());
    Numbers result(numbers.size());
    for (int64_t i = 0; i < size; ++i)
      result[i] = numbers[((i + shift % size) % size + size) % size];
    return result;
  }

  func::FuncOp function;
  const Chain &chain;
  const size_t slots;
  const Domain domain;
  struct Hash {
    size_t operator()(Value value) const { return hash_value(value); }
  };
  // Ciphertexts, plaintexts, digits (the numbers of their ciphertext) and tensors. References stay
  // valid when it grows.
  std::unordered_map<Value, Numbers, Hash> values;
  llvm::DenseSet<Value> keys; // loaded now
};

LogicalResult Interpreter::executeRotate(ckks::RotateOp op) {
  const std::optional<int64_t> shift = op.getStaticShiftAttr()
                                           ? op.getStaticShiftAttr().getValue().trySExtValue()
                                           : getConstantInteger(op.getDynamicShift());
  if (!shift)
    return op.emitOpError("has no constant shift");
  values[op.getOutput()] = rotateLeft(values[op.getInput()], *shift);
  return success();
}

LogicalResult Interpreter::executeEncode(lwe::RLWEEncodeOp op) {
  const Numbers &numbers = values[op.getInput()];
  if (slots % numbers.size() != 0)
    return op.emitOpError("encodes ")
           << numbers.size() << " numbers, which do not divide " << slots << " slots";
  Numbers result = repeat(numbers);
  if (domain == Domain::Encoded) {
    auto scale = dyn_cast_or_null<FloatAttr>(op.getScaleAttr());
    if (!scale)
      return op.emitOpError("has no scale");
    for (double &number : result)
      number *= scale.getValueAsDouble();
  }
  values[op.getOutput()] = std::move(result);
  return success();
}

LogicalResult Interpreter::executeRescale(ckks::RescaleOp op) {
  Numbers result = values[op.getInput()];
  if (domain == Domain::Encoded) {
    const std::optional<Fact> fact = getFact(op.getInput());
    if (!fact || fact->level < 1)
      return op.emitOpError("has an operand without a level to drop");
    for (double &number : result)
      number /= chain.prime(fact->level);
  }
  values[op.getOutput()] = std::move(result);
  return success();
}

LogicalResult Interpreter::executeSlice(tensor::ExtractSliceOp op) {
  const ArrayRef<int64_t> offsets = op.getStaticOffsets(), sizes = op.getStaticSizes(),
                          strides = op.getStaticStrides();
  const ArrayRef<int64_t> shape = op.getSourceType().getShape();
  if (shape.size() != 2 ||
      llvm::any_of(llvm::concat<const int64_t>(offsets, sizes, strides), ShapedType::isDynamic))
    return op.emitOpError("is no static slice of two dimensions");
  const Numbers &source = values[op.getSource()];
  Numbers result;
  for (int64_t i = 0; i < sizes[0]; ++i)
    for (int64_t j = 0; j < sizes[1]; ++j)
      result.push_back(
          source[(offsets[0] + i * strides[0]) * shape[1] + offsets[1] + j * strides[1]]);
  values[op.getResult()] = std::move(result);
  return success();
}

LogicalResult Interpreter::executeTransform(orion::LinearTransformOp op) {
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
  if (domain == Domain::Encoded) {
    const std::optional<Fact> before = getFact(op.getInput()), after = getFact(op.getOutput());
    if (!before || !after)
      return op.emitOpError("has no level and scale");
    for (double &number : result)
      number *= after->scale / before->scale;
  }
  values[op.getOutput()] = std::move(result);
  return success();
}

LogicalResult Interpreter::executeKeyed(Operation *op, Value key) {
  if (!keys.contains(key))
    return op->emitOpError("uses a key that is not loaded");
  Numbers result = values[op->getOperand(0)];
  if (auto rotKey = dyn_cast<key_mgmt::RotKeyType>(key.getType())) {
    auto load = key.getDefiningOp<key_mgmt::LoadKeyOp>();
    const std::optional<int64_t> index = load ? getConstantInteger(load.getIndex()) : std::nullopt;
    if (!index)
      return op->emitOpError("uses a key of unknown index");
    result = rotateLeft(result, *index);
  }
  values[op->getResult(0)] = std::move(result);
  return success();
}

LogicalResult Interpreter::execute(Operation *op) {
  for (Value operand : op->getOperands())
    if (isa<lwe::CiphertextType, lwe::PlaintextType, key_mgmt::DigitsType>(operand.getType()) &&
        !values.contains(operand))
      return op->emitOpError("uses a value that has been cleared");
  auto copy = [&](Operation *op) {
    Numbers number = values[op->getOperand(0)];
    values[op->getResult(0)] = std::move(number);
    return success();
  };
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case<ckks::AddOp, ckks::AddPlainOp, lwe::RAddOp, lwe::RAddPlainOp>(
          [&](auto op) { return zip(op, [](double a, double b) { return a + b; }), success(); })
      .Case<ckks::SubOp, ckks::SubPlainOp, lwe::RSubOp, lwe::RSubPlainOp>(
          [&](auto op) { return zip(op, [](double a, double b) { return a - b; }), success(); })
      .Case<ckks::MulOp, ckks::MulPlainOp, lwe::RMulOp, lwe::RMulPlainOp>(
          [&](auto op) { return zip(op, [](double a, double b) { return a * b; }), success(); })
      .Case<ckks::NegateOp, lwe::RNegateOp>([&](auto op) {
        Numbers numbers = values[op->getOperand(0)];
        for (double &number : numbers)
          number = -number;
        values[op->getResult(0)] = std::move(numbers);
        return success();
      })
      .Case<ckks::RelinearizeOp, ckks::LevelReduceOp, key_mgmt::DecomposeOp>(
          [&](auto op) { return copy(op); })
      .Case([&](ckks::RotateOp op) { return executeRotate(op); })
      .Case([&](ckks::RescaleOp op) { return executeRescale(op); })
      .Case([&](lwe::RLWEEncodeOp op) { return executeEncode(op); })
      .Case([&](orion::LinearTransformOp op) { return executeTransform(op); })
      .Case([&](key_mgmt::LoadKeyOp op) {
        keys.insert(op->getResult(0));
        return success();
      })
      .Case([&](key_mgmt::ClearKeyOp op) -> LogicalResult {
        if (!keys.erase(op.getKey()))
          return op.emitOpError("clears a key that is not loaded");
        return success();
      })
      .Case([&](key_mgmt::ClearOp op) { return values.erase(op.getValue()), success(); })
      .Case([&](key_mgmt::RotateOp op) { return executeKeyed(op, op.getRotKey()); })
      .Case([&](key_mgmt::RelinearizeOp op) { return executeKeyed(op, op.getRelinKey()); })
      .Case([&](key_mgmt::RotateHoistedOp op) -> LogicalResult {
        // Hoisting on another ciphertext's digits gives nonsense; catch it by value.
        if (values[op.getDigits()] != values[op.getInput()])
          return op.emitOpError("uses the digits of another ciphertext");
        return executeKeyed(op, op.getRotKey());
      })
      .Case([&](arith::ConstantOp op) -> LogicalResult {
        if (!hasNumbers(op.getResult()))
          return op.emitOpError("has no numbers at hand");
        auto shaped = dyn_cast<ShapedType>(op.getType());
        values[op.getResult()] =
            getNumbers(op.getResult(), 0, shaped ? shaped.getNumElements() : 1);
        return success();
      })
      .Case([&](tensor::ExtractSliceOp op) { return executeSlice(op); })
      .Case([&](tensor_ext::RotateOp op) -> LogicalResult {
        const std::optional<int64_t> shift = getConstantInteger(op.getShift());
        const auto type = cast<RankedTensorType>(op.getTensor().getType());
        if (!shift || type.getNumElements() != type.getShape().back())
          return op.emitOpError("is no constant rotation of one row");
        values[op.getOutput()] = rotateLeft(values[op.getTensor()], *shift);
        return success();
      })
      .Default([](Operation *op) -> LogicalResult {
        // Index arithmetic is evaluated where it is used.
        if (op->getNumResults() == 1 && getConstantInteger(op->getResult(0)))
          return success();
        return op->emitOpError("cannot be interpreted");
      });
}

FailureOr<std::vector<Numbers>> Interpreter::run(ArrayRef<Numbers> arguments) {
  if (!function.getBody().hasOneBlock() || arguments.size() != function.getNumArguments())
    return function.emitError("expected a straight-line program and a vector for each of its ")
           << function.getNumArguments() << " arguments";
  for (auto [argument, numbers] : llvm::zip(function.getArguments(), arguments)) {
    if (auto tensor = dyn_cast<RankedTensorType>(argument.getType())) {
      if (tensor.getNumElements() != static_cast<int64_t>(numbers.size()))
        return function.emitError("expected ")
               << tensor.getNumElements() << " numbers, found " << numbers.size();
      values[argument] = numbers;
      continue;
    }
    if (numbers.empty() || slots % numbers.size() != 0)
      return function.emitError("expected a number of slots that divides ")
             << slots << ", found " << numbers.size();
    Numbers slotted = repeat(numbers);
    if (domain == Domain::Encoded) {
      const std::optional<Fact> fact = getFact(argument);
      if (!fact)
        return function.emitError("expected arguments with level and scale");
      for (double &number : slotted)
        number *= fact->scale;
    }
    values[argument] = std::move(slotted);
  }
  Block &block = function.getBody().front();
  for (Operation &op : block.without_terminator())
    if (failed(execute(&op)))
      return failure();
  std::vector<Numbers> results;
  for (Value operand : block.getTerminator()->getOperands()) {
    if (!values.contains(operand))
      return block.getTerminator()->emitOpError("returns a value that has been cleared");
    results.push_back(values[operand]);
    if (domain == Domain::Encoded)
      for (double &number : results.back())
        number /= getFact(operand)->scale;
  }
  return results;
}

} // namespace

FailureOr<std::vector<Numbers>> interpret(func::FuncOp function, ArrayRef<Numbers> arguments,
                                          Domain domain) {
  const FailureOr<Chain> chain = Chain::getAround(function);
  if (failed(chain))
    return failure();
  return Interpreter(function, *chain, domain).run(arguments);
}

} // namespace keymemrt::compiler
