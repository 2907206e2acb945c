// SPDX-License-Identifier: Apache-2.0
// The meaning of a program; see Interpreter.h.

#include "compiler/analysis/Interpreter/Interpreter.h"

#include "compiler/analysis/Interpreter/Cleartext.h"
#include "compiler/analysis/Interpreter/Execution.h"
#include "compiler/dialect/Kernel/Kernel.h"
#include "compiler/dialect/TensorExt/TensorExt.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IntegerSet.h"
#include "llvm/ADT/TypeSwitch.h"

#include <algorithm>

using namespace mlir;

namespace keymemrt::compiler {

namespace interpreter {

LogicalResult Execution::executeRotate(ckks::RotateOp op) {
  const std::optional<int64_t> shift = op.getStaticShiftAttr()
                                           ? op.getStaticShiftAttr().getValue().trySExtValue()
                                           : integer(op.getDynamicShift());
  if (!shift)
    return op.emitOpError("has no known shift");
  values[op.getOutput()] = rotateSlots(values[op.getInput()], *shift);
  return success();
}

LogicalResult Execution::executeEncode(lwe::RLWEEncodeOp op) {
  const Numbers &numbers = values[op.getInput()];
  const auto tensor = dyn_cast<RankedTensorType>(op.getOutput().getType());
  const size_t count = tensor ? static_cast<size_t>(tensor.getNumElements()) : 1;
  const size_t length = numbers.size() / std::max<size_t>(count, 1);
  if (length == 0 || slots % length != 0)
    return op.emitOpError("encodes ")
           << length << " numbers, which do not divide " << slots << " slots";
  Numbers result;
  for (auto begin = numbers.begin(); begin != numbers.end(); begin += length) {
    const Numbers repeated = repeat(Numbers(begin, begin + length));
    result.insert(result.end(), repeated.begin(), repeated.end());
  }
  if (domain == Domain::Encoded) {
    auto scale = dyn_cast_or_null<FloatAttr>(op.getScaleAttr());
    if (!scale)
      return op.emitOpError("has no scale");
    for (Number &number : result)
      number *= scale.getValueAsDouble();
  }
  values[op.getOutput()] = std::move(result);
  return success();
}

LogicalResult Execution::executeRescale(ckks::RescaleOp op) {
  Numbers result = values[op.getInput()];
  if (domain == Domain::Encoded) {
    const std::optional<Fact> fact = getFact(op.getInput());
    if (!fact || fact->level < 1)
      return op.emitOpError("has an operand without a level to drop");
    for (Number &number : result)
      number /= chain.prime(fact->level);
  }
  values[op.getOutput()] = std::move(result);
  return success();
}

LogicalResult Execution::executeLoad(key_mgmt::LoadKeyOp op) {
  double index = 0;
  if (op.getIndex()) {
    const std::optional<int64_t> found = integer(op.getIndex());
    auto key = cast<key_mgmt::RotKeyType>(op.getType());
    if (!found || key.getRotationIndex().value_or(*found) != *found)
      return op.emitOpError("loads a key of unknown index, or of another than its type says");
    index = static_cast<double>(*found);
  }
  keys.insert(++loads);
  values[op.getKey()] = {loads, index};
  return success();
}

LogicalResult Execution::executeKeyed(Operation *op, Value key) {
  const Numbers &loaded = values[key];
  if (loaded.size() != kKeySize || !keys.count(loaded[0].real()))
    return op->emitOpError("uses a key that is not loaded");
  Numbers result = values[op->getOperand(0)];
  if (isa<key_mgmt::RotKeyType>(key.getType()))
    result = rotateSlots(result, static_cast<int64_t>(loaded[1].real()));
  values[op->getResult(0)] = std::move(result);
  return success();
}

void Execution::hand(ValueRange from, ValueRange to) {
  std::vector<Numbers> handed;
  for (Value value : from)
    handed.push_back(values[value]);
  for (auto [value, numbers] : llvm::zip_equal(to, handed))
    values[value] = std::move(numbers);
}

LogicalResult Execution::execute(Block &block) {
  for (Operation &op : block.without_terminator())
    if (failed(execute(&op)))
      return failure();
  return success();
}

LogicalResult Execution::executeLoop(LoopLikeOpInterface op) {
  std::optional<int64_t> lower, upper, step;
  if (auto loop = dyn_cast<scf::ForOp>(*op)) {
    lower = integer(loop.getLowerBound());
    upper = integer(loop.getUpperBound());
    step = integer(loop.getStep());
  } else if (auto loop = dyn_cast<affine::AffineForOp>(*op)) {
    const auto lowers = evaluateMap(loop.getLowerBoundMap(), numbers(loop.getLowerBoundOperands()));
    const auto uppers = evaluateMap(loop.getUpperBoundMap(), numbers(loop.getUpperBoundOperands()));
    if (lowers && uppers) {
      lower = *std::max_element(lowers->begin(), lowers->end());
      upper = *std::min_element(uppers->begin(), uppers->end());
    }
    step = loop.getStepAsInt();
  }
  if (!lower || !upper || !step || *step < 1)
    return op->emitOpError("has unknown bounds");
  Block &body = op.getLoopRegions().front()->front();
  hand(op.getInits(), op.getRegionIterArgs());
  if (*lower >= *upper)
    return hand(op.getInits(), op->getResults()), success();
  for (int64_t i = *lower; i < *upper; i += *step) {
    values[*op.getSingleInductionVar()] = {static_cast<double>(i)};
    if (failed(execute(body)))
      return failure();
    hand(body.getTerminator()->getOperands(), op.getRegionIterArgs());
  }
  hand(op.getRegionIterArgs(), op->getResults());
  return success();
}

LogicalResult Execution::executeBranch(Operation *op) {
  bool condition = true;
  if (auto branch = dyn_cast<scf::IfOp>(op)) {
    const std::optional<int64_t> known = integer(branch.getCondition());
    if (!known)
      return op->emitOpError("has an unknown condition");
    condition = *known != 0;
  } else {
    auto affineIf = cast<affine::AffineIfOp>(op);
    const IntegerSet set = affineIf.getIntegerSet();
    const auto constraints = evaluateMap(AffineMap::get(set.getNumDims(), set.getNumSymbols(),
                                                        set.getConstraints(), op->getContext()),
                                         numbers(op->getOperands()));
    if (!constraints)
      return op->emitOpError("has an unknown condition");
    for (unsigned i = 0; i < set.getNumConstraints(); ++i)
      condition = condition && (set.isEq(i) ? (*constraints)[i] == 0 : (*constraints)[i] >= 0);
  }
  Region &region = op->getRegion(condition ? 0 : 1);
  if (region.empty())
    return success();
  if (failed(execute(region.front())))
    return failure();
  hand(region.front().getTerminator()->getOperands(), op->getResults());
  return success();
}

LogicalResult Execution::executeCall(func::CallOp op) {
  auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(op, op.getCalleeAttr());
  if (!callee || callee.isExternal())
    return op.emitOpError("calls no function with a body");
  Block &body = callee.getBody().front();
  hand(op->getOperands(), body.getArguments());
  if (failed(execute(body)))
    return failure();
  hand(body.getTerminator()->getOperands(), op->getResults());
  return success();
}

LogicalResult Execution::executeCleartext(Operation *op) {
  const auto place = [&](ValueRange indices, ShapedType type) {
    std::vector<int64_t> known;
    for (Value index : indices)
      known.push_back(integer(index).value_or(-1));
    return getPlace(known, type.getShape());
  };
  const auto range = [&](size_t at, Type type) {
    return std::pair(static_cast<long>(at * unit(type)), static_cast<long>((at + 1) * unit(type)));
  };
  const auto slice = [&](OffsetSizeAndStrideOpInterface slice, ShapedType whole) {
    return getSlicePlaces(slice, whole.getShape(), [&](OpFoldResult number) {
      auto attr = dyn_cast<Attribute>(number);
      return attr ? cast<IntegerAttr>(attr).getInt() : integer(cast<Value>(number)).value_or(-1);
    });
  };
  const auto outside = [&] { return op->emitOpError("goes outside of a tensor or memref"); };
  const auto load = [&](Value from, std::optional<size_t> at) -> LogicalResult {
    const Numbers &whole = values[from];
    const auto [begin, end] = range(at.value_or(0), from.getType());
    if (!at || end > static_cast<long>(whole.size()))
      return outside();
    values[op->getResult(0)] = Numbers(whole.begin() + begin, whole.begin() + end);
    return success();
  };
  const auto store = [&](Value value, Value whole, std::optional<size_t> at) -> LogicalResult {
    Numbers &memory = values[whole];
    const auto [begin, end] = range(at.value_or(0), whole.getType());
    if (!at || end > static_cast<long>(memory.size()))
      return outside();
    std::copy(values[value].begin(), values[value].end(), memory.begin() + begin);
    return success();
  };
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case<tensor::EmptyOp, memref::AllocaOp, memref::AllocOp>([&](auto op) {
        values[op->getResult(0)] =
            Numbers(static_cast<size_t>(op.getType().getNumElements()) * unit(op.getType()));
        return success();
      })
      .Case([&](tensor::FromElementsOp op) {
        Numbers result;
        for (Value element : op.getElements())
          result.insert(result.end(), values[element].begin(), values[element].end());
        values[op.getResult()] = std::move(result);
        return success();
      })
      .Case([&](tensor::SplatOp op) {
        const Numbers element = values[op.getInput()];
        Numbers result;
        for (int64_t i = 0; i < op.getType().getNumElements(); ++i)
          result.insert(result.end(), element.begin(), element.end());
        values[op.getResult()] = std::move(result);
        return success();
      })
      .Case([&](tensor::ExtractOp op) {
        return load(op.getTensor(), place(op.getIndices(), op.getTensor().getType()));
      })
      .Case([&](memref::LoadOp op) {
        return load(op.getMemRef(), place(op.getIndices(), op.getMemRefType()));
      })
      .Case([&](memref::StoreOp op) {
        return store(op.getValueToStore(), op.getMemRef(),
                     place(op.getIndices(), op.getMemRefType()));
      })
      .Case<affine::AffineLoadOp, affine::AffineStoreOp>([&](auto op) {
        const auto indices = evaluateMap(op.getAffineMap(), numbers(op.getMapOperands()));
        const auto at = indices ? getPlace(*indices, op.getMemRefType().getShape()) : std::nullopt;
        if constexpr (std::is_same_v<decltype(op), affine::AffineLoadOp>)
          return load(op.getMemRef(), at);
        else
          return store(op.getValueToStore(), op.getMemRef(), at);
      })
      .Case([&](tensor::InsertOp op) {
        values[op.getResult()] = values[op.getDest()];
        return store(op.getScalar(), op.getResult(), place(op.getIndices(), op.getType()));
      })
      .Case([&](tensor::ExtractSliceOp op) -> LogicalResult {
        const auto places = slice(op, op.getSourceType());
        if (!places)
          return outside();
        const Numbers &source = values[op.getSource()];
        Numbers result;
        for (size_t at : *places) {
          const auto [begin, end] = range(at, op.getType());
          result.insert(result.end(), source.begin() + begin, source.begin() + end);
        }
        values[op.getResult()] = std::move(result);
        return success();
      })
      .Case([&](tensor::InsertSliceOp op) -> LogicalResult {
        const auto places = slice(op, op.getDestType());
        if (!places)
          return outside();
        Numbers result = values[op.getDest()];
        auto source = values[op.getSource()].begin();
        for (size_t at : *places)
          for (size_t i = 0; i < unit(op.getType()); ++i)
            result[at * unit(op.getType()) + i] = *source++;
        values[op.getResult()] = std::move(result);
        return success();
      })
      .Case<affine::AffineApplyOp>([&](auto op) -> LogicalResult {
        const auto result = evaluateMap(op.getMap(), numbers(op->getOperands()));
        if (!result)
          return op.emitOpError("cannot be interpreted");
        values[op.getResult()] = {static_cast<double>(result->front())};
        return success();
      })
      .Default([&](Operation *op) -> LogicalResult {
        const std::vector<double> operands = numbers(op->getOperands());
        const auto result = op->getNumResults() == 1 && operands.size() == op->getNumOperands()
                                ? evaluateScalar(op, operands)
                                : std::nullopt;
        if (!result)
          return op->emitOpError("cannot be interpreted");
        values[op->getResult(0)] = {*result};
        return success();
      });
}

LogicalResult Execution::execute(Operation *op) {
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
          [&](auto op) { return zip(op, [](Number a, Number b) { return a + b; }), success(); })
      .Case<ckks::SubOp, ckks::SubPlainOp, lwe::RSubOp, lwe::RSubPlainOp>(
          [&](auto op) { return zip(op, [](Number a, Number b) { return a - b; }), success(); })
      .Case<ckks::MulOp, ckks::MulPlainOp, lwe::RMulOp, lwe::RMulPlainOp>(
          [&](auto op) { return zip(op, [](Number a, Number b) { return a * b; }), success(); })
      .Case<ckks::NegateOp, lwe::RNegateOp>([&](auto op) {
        Numbers numbers = values[op->getOperand(0)];
        for (Number &number : numbers)
          number = -number;
        values[op->getResult(0)] = std::move(numbers);
        return success();
      })
      .Case<ckks::RelinearizeOp, ckks::LevelReduceOp, ckks::SwitchSecretOp, ckks::ModRaiseOp,
            key_mgmt::DecomposeOp>([&](auto op) { return copy(op); })
      .Case([&](ckks::RotateOp op) { return executeRotate(op); })
      .Case([&](ckks::RescaleOp op) { return executeRescale(op); })
      .Case([&](lwe::RLWEEncodeOp op) { return executeEncode(op); })
      .Case([&](orion::LinearTransformOp op) { return executeTransform(op); })
      .Case([&](orion::ChebyshevOp op) {
        return executeSeries(op, op.getCoefficients(), op.getDomainStart().convertToDouble(),
                             op.getDomainEnd().convertToDouble());
      })
      .Case([&](kernel::EvalChebyshevOp op) {
        return executeSeries(op, op.getCoefficients(), -1, 1);
      })
      .Case([&](ckks::MulScalarAddOp op) { return executeScalarSum(op); })
      .Case<ckks::MulScalarOp, ckks::AddScalarOp>([&](auto op) {
        return executeScalar(
            op, Number(op.getReal().convertToDouble(), op.getImaginary().convertToDouble()));
      })
      .Case<ckks::ConjugateOp, key_mgmt::ConjugateOp>([&](auto op) -> LogicalResult {
        if (op->getNumOperands() == 2) {
          const Numbers &loaded = values[op->getOperand(1)];
          if (loaded.size() != kKeySize || !keys.count(loaded[0].real()))
            return op.emitOpError("uses a key that is not loaded");
        }
        Numbers result = values[op.getInput()];
        for (Number &number : result)
          number = std::conj(number);
        values[op.getOutput()] = std::move(result);
        return success();
      })
      .Case([&](ckks::BootstrapOp op) { return executeBootstrap(op); })
      .Case([&](ckks::DftOp op) { return executeDft(op); })
      .Case([&](key_mgmt::SwitchSecretOp op) { return executeKeyed(op, op.getSwitchKey()); })
      .Case([&](key_mgmt::BeginTransformOp op) { return executeBegin(op); })
      .Case([&](key_mgmt::BabyStepOp op) {
        return executeStep(op, op.getInput(), op.getRotKey(), op.getStep());
      })
      .Case([&](key_mgmt::GiantStepOp op) {
        return executeStep(op, {}, op.getRotKey(), op.getStep());
      })
      .Case([&](key_mgmt::FinishTransformOp op) { return executeFinish(op); })
      .Case([&](key_mgmt::LoadKeyOp op) { return executeLoad(op); })
      .Case([&](key_mgmt::ClearKeyOp op) -> LogicalResult {
        const Numbers &key = values[op.getKey()];
        if (key.size() != kKeySize || !keys.erase(key[0].real()))
          return op.emitOpError("clears a key that is not loaded");
        return success();
      })
      .Case([](key_mgmt::PrefetchKeyOp) { return success(); })
      .Case([&](key_mgmt::UseKeyOp op) { return copy(op); })
      .Case<scf::ForOp, affine::AffineForOp>(
          [&](auto op) { return executeLoop(cast<LoopLikeOpInterface>(op.getOperation())); })
      .Case<scf::IfOp, affine::AffineIfOp>([&](auto op) { return executeBranch(op); })
      .Case([&](func::CallOp op) { return executeCall(op); })
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
        const std::vector<double> numbers =
            getNumbers(op.getResult(), 0, shaped ? shaped.getNumElements() : 1);
        values[op.getResult()] = Numbers(numbers.begin(), numbers.end());
        return success();
      })
      .Case([&](tensor_ext::RotateOp op) -> LogicalResult {
        const std::optional<int64_t> shift = integer(op.getShift());
        const auto type = cast<RankedTensorType>(op.getTensor().getType());
        if (!shift || type.getNumElements() != type.getShape().back())
          return op.emitOpError("is no rotation of one row by a known number");
        values[op.getOutput()] = rotateLeft(values[op.getTensor()], *shift);
        return success();
      })
      .Default([&](Operation *op) { return executeCleartext(op); });
}

FailureOr<std::vector<std::vector<double>>>
Execution::run(ArrayRef<std::vector<double>> arguments) {
  if (!function.getBody().hasOneBlock() || arguments.size() != function.getNumArguments())
    return function.emitError("expected one block and a vector for each of its ")
           << function.getNumArguments() << " arguments";
  for (auto [argument, numbers] : llvm::zip(function.getArguments(), arguments)) {
    if (auto tensor = dyn_cast<RankedTensorType>(argument.getType())) {
      if (static_cast<size_t>(tensor.getNumElements()) * unit(tensor) != numbers.size())
        return function.emitError("expected ")
               << tensor.getNumElements() * unit(tensor) << " numbers, found " << numbers.size();
      values[argument] = Numbers(numbers.begin(), numbers.end());
      continue;
    }
    if (numbers.empty() || slots % numbers.size() != 0)
      return function.emitError("expected a number of slots that divides ")
             << slots << ", found " << numbers.size();
    Numbers slotted = repeat(Numbers(numbers.begin(), numbers.end()));
    if (domain == Domain::Encoded) {
      const std::optional<Fact> fact = getFact(argument);
      if (!fact)
        return function.emitError("expected arguments with level and scale");
      for (Number &number : slotted)
        number *= fact->scale;
    }
    values[argument] = std::move(slotted);
  }
  Block &block = function.getBody().front();
  if (failed(execute(block)))
    return failure();
  std::vector<std::vector<double>> results;
  for (Value operand : block.getTerminator()->getOperands()) {
    if (!values.contains(operand))
      return block.getTerminator()->emitOpError("returns a value that has been cleared");
    const double scale = domain == Domain::Encoded ? getFact(operand)->scale : 1;
    results.emplace_back();
    for (const Number &number : values[operand])
      results.back().push_back(number.real() / scale);
  }
  return results;
}

} // namespace interpreter

FailureOr<std::vector<std::vector<double>>>
interpret(func::FuncOp function, ArrayRef<std::vector<double>> arguments, Domain domain) {
  const FailureOr<Chain> chain = Chain::getAround(function);
  if (failed(chain))
    return failure();
  return interpreter::Execution(function, *chain, domain).run(arguments);
}

} // namespace keymemrt::compiler
