// SPDX-License-Identifier: Apache-2.0
// The execution of a function on doubles.
#pragma once

#include "compiler/analysis/Circuit/Circuit.h"
#include "compiler/analysis/Interpreter/Interpreter.h"
#include "compiler/analysis/Levels/Levels.h"
#include "compiler/analysis/PlainSource/PlainSource.h"
#include "compiler/dialect/CKKS/CKKS.h"
#include "compiler/dialect/KeyMgmt/KeyMgmt.h"
#include "compiler/dialect/Orion/Orion.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

#include <complex>
#include <memory>
#include <set>
#include <unordered_map>

namespace keymemrt::compiler::interpreter {

using Number = std::complex<double>;
using Numbers = std::vector<Number>;

class Execution {
public:
  Execution(mlir::func::FuncOp function, const Chain &chain, Domain domain)
      : function(function), chain(chain), slots(static_cast<size_t>(chain.slots())),
        domain(domain) {}

  mlir::FailureOr<std::vector<std::vector<double>>>
  run(mlir::ArrayRef<std::vector<double>> arguments);

private:
  mlir::LogicalResult execute(mlir::Block &block);
  mlir::LogicalResult execute(mlir::Operation *op);
  mlir::LogicalResult executeLoop(mlir::LoopLikeOpInterface op);
  mlir::LogicalResult executeBranch(mlir::Operation *op);
  mlir::LogicalResult executeCall(mlir::func::CallOp op);
  mlir::LogicalResult executeLoad(key_mgmt::LoadKeyOp op);
  /// Of the tensor, memref and affine dialects, and arithmetic on single numbers.
  mlir::LogicalResult executeCleartext(mlir::Operation *op);
  void hand(mlir::ValueRange from, mlir::ValueRange to);
  mlir::LogicalResult executeRotate(ckks::RotateOp op);
  mlir::LogicalResult executeEncode(lwe::RLWEEncodeOp op);
  mlir::LogicalResult executeRescale(ckks::RescaleOp op);
  /// Gives `output` numbers that were computed at the scale of `input`, at its own.
  mlir::LogicalResult setAtScale(mlir::Operation *op, mlir::Value input, mlir::Value output,
                                 Numbers numbers);
  mlir::LogicalResult executeTransform(orion::LinearTransformOp op);
  mlir::LogicalResult executeBootstrap(ckks::BootstrapOp op);
  mlir::LogicalResult executeDft(ckks::DftOp op);
  mlir::LogicalResult executeBegin(key_mgmt::BeginTransformOp op);
  mlir::LogicalResult executeStep(mlir::Operation *op, mlir::Value input, mlir::Value key,
                                  uint64_t step);
  mlir::LogicalResult executeFinish(key_mgmt::FinishTransformOp op);
  mlir::LogicalResult executeSeries(mlir::Operation *op, mlir::ArrayAttr coefficients, double low,
                                    double high);
  mlir::LogicalResult executeScalar(mlir::Operation *op, Number number);
  mlir::LogicalResult executeScalarSum(ckks::MulScalarAddOp op);
  mlir::LogicalResult executeKeyed(mlir::Operation *op, mlir::Value key);

  template <typename Function> void zip(mlir::Operation *op, Function function) {
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
  /// How many numbers an element of a tensor of `type` has.
  size_t unit(mlir::Type type) const {
    if (lwe::getCiphertextType(type) || lwe::getPlaintextType(type))
      return slots;
    return key_mgmt::isKey(mlir::getElementTypeOrSelf(type)) ? kKeySize : 1;
  }
  std::optional<int64_t> integer(mlir::Value value) const {
    if (auto it = values.find(value); it != values.end() && it->second.size() == 1)
      return static_cast<int64_t>(it->second.front().real());
    return getConstantInteger(value);
  }
  std::vector<double> numbers(mlir::ValueRange operands) const {
    std::vector<double> result;
    for (mlir::Value operand : operands)
      if (const auto it = values.find(operand); it != values.end() && it->second.size() == 1)
        result.push_back(it->second.front().real());
    return result;
  }
  /// Each ciphertext of `numbers` on its own.
  Numbers rotateSlots(const Numbers &numbers, int64_t shift) const {
    Numbers result;
    for (auto begin = numbers.begin(); begin != numbers.end(); begin += slots) {
      const Numbers rotated = rotateLeft(Numbers(begin, begin + slots), shift);
      result.insert(result.end(), rotated.begin(), rotated.end());
    }
    return result;
  }
  static Numbers rotateLeft(const Numbers &numbers, int64_t shift) {
    const int64_t size = static_cast<int64_t>(numbers.size());
    Numbers result(numbers.size());
    for (int64_t i = 0; i < size; ++i)
      result[i] = numbers[((i + shift % size) % size + size) % size];
    return result;
  }

  mlir::func::FuncOp function;
  const Chain &chain;
  const size_t slots;
  const Domain domain;
  struct Hash {
    size_t operator()(mlir::Value value) const { return hash_value(value); }
  };
  // Ciphertexts, plaintexts, digits (the numbers of their ciphertext), tensors (of the elements in
  // turn), single numbers, keys (the number of the load, then the index). References stay valid
  // when it grows.
  std::unordered_map<mlir::Value, Numbers, Hash> values;
  static constexpr size_t kKeySize = 2;
  std::set<double> keys; // loads of those that are loaded now
  double loads = 0;
  /// A transform under way, in the hands of its last step's result.
  struct UnderWay {
    key_mgmt::BeginTransformOp begin;
    std::shared_ptr<const circuit::LinearTransformPlan> plan;
    Numbers input;
    uint64_t steps = 1; // done
  };
  std::unordered_map<mlir::Value, UnderWay, Hash> underWay;
};

} // namespace keymemrt::compiler::interpreter
