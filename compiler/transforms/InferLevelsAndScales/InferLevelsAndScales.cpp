// SPDX-License-Identifier: Apache-2.0
// Inference of levels and scales, with the placing of rescales.

#include "compiler/transforms/InferLevelsAndScales/InferLevelsAndScales.h"

#include "circuit/polynomial_plan.h"
#include "compiler/analysis/Circuit/Circuit.h"
#include "compiler/analysis/Levels/Levels.h"
#include "compiler/dialect/CKKS/CKKS.h"
#include "compiler/dialect/Orion/Orion.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/ADT/bit.h"

#include <algorithm>
#include <cmath>
#include <map>

using namespace mlir;

namespace keymemrt::compiler {

#define GEN_PASS_DEF_INFERLEVELSANDSCALES
#include "compiler/transforms/InferLevelsAndScales/InferLevelsAndScales.h.inc"

namespace {

/// Below this scale an encoded vector of ones would spoil the precision of what it repairs.
constexpr double kLeastRepairScale = 1 << 14;

class Inference {
public:
  Inference(func::FuncOp function, const Chain &chain)
      : function(function), chain(chain), builder(function.getContext()) {}

  LogicalResult run();

private:
  LogicalResult visit(Operation *op);
  LogicalResult visitSum(Operation *op);
  LogicalResult visitPlain(Operation *op);
  LogicalResult visitSeries(orion::ChebyshevOp op);
  LogicalResult visitReturn(func::ReturnOp op);

  Fact factOf(Value value) const { return facts.find(value)->second; }
  /// Gives the op's result, a ciphertext, its fact; notes the op if its message does not fit into
  /// the modulus there.
  void define(Operation *op, Fact fact);

  // Each returns a value equal to its argument up to level and scale, made before the op being
  // visited or earlier.
  Value rescaleOnce(Value value);
  Value rescaleIfDue(Value value);
  Value reduceTo(Value value, int64_t level);
  FailureOr<Value> scaleBy(Value value, double scale);
  FailureOr<std::pair<Value, Value>> alignScales(Value lhs, Value rhs);

  Value encode(Value source, polynomial::RingAttr ring, Fact fact);
  Value encode(Value plaintext, Fact fact) {
    auto op = plaintext.getDefiningOp<lwe::RLWEEncodeOp>();
    return encode(op.getInput(), op.getRing(), fact);
  }

  func::FuncOp function;
  const Chain &chain;
  OpBuilder builder;
  Operation *visited = nullptr;
  llvm::DenseMap<Value, Fact> facts; // of ciphertexts
  llvm::DenseMap<Value, Value> rescaledOnce;
  std::map<std::pair<const void *, int64_t>, Value> reduced;
  // By source, level and the scale's bits.
  std::map<std::tuple<const void *, int64_t, uint64_t>, Value> encoded;
  Value ones;
  // Going below level 0 is noted, not an error at once: so that the error can say how many levels
  // are missing.
  std::optional<std::pair<Location, OperationName>> firstWithoutLevels;
  int64_t lowestLevel = 0;
};

void Inference::define(Operation *op, Fact fact) {
  lowestLevel = std::min(lowestLevel, fact.level);
  if (!firstWithoutLevels && !chain.fits(fact))
    firstWithoutLevels = {visited->getLoc(), visited->getName()};
  facts[op->getResult(0)] = fact;
  // What is below level 0 has no type; the function is given up in the end.
  chain.setFact(op->getResult(0), {std::max<int64_t>(fact.level, 0), fact.scale});
}

Value Inference::rescaleOnce(Value value) {
  Value &result = rescaledOnce[value];
  if (result)
    return result;
  const Fact fact = chain.rescaled(factOf(value));
  auto op = ckks::RescaleOp::create(builder, visited->getLoc(), value.getType(), value,
                                    chain.getRing(std::max<int64_t>(fact.level, 0)));
  result = op.getOutput();
  define(op, fact);
  return op.getOutput();
}

Value Inference::rescaleIfDue(Value value) {
  while (chain.isRescaleDue(factOf(value)))
    value = rescaleOnce(value);
  return value;
}

Value Inference::reduceTo(Value value, int64_t level) {
  const Fact fact = factOf(value);
  if (fact.level <= level)
    return value;
  Value &result = reduced[{value.getAsOpaquePointer(), level}];
  if (!result) {
    auto op = ckks::LevelReduceOp::create(builder, visited->getLoc(), value.getType(), value,
                                          static_cast<uint64_t>(fact.level - level));
    result = op.getOutput();
    define(op, {level, fact.scale});
  }
  return result;
}

Value Inference::encode(Value source, polynomial::RingAttr ring, Fact fact) {
  Value &result =
      encoded[{source.getAsOpaquePointer(), fact.level, llvm::bit_cast<uint64_t>(fact.scale)}];
  if (!result) {
    auto op = lwe::RLWEEncodeOp::create(
        builder, visited->getLoc(), chain.getPlaintextType(ring, fact.scale), source,
        chain.getEncoding(fact.scale), ring, builder.getI64IntegerAttr(fact.level),
        builder.getF64FloatAttr(fact.scale));
    chain.setFact(op.getOutput(), fact);
    result = op.getOutput();
  }
  return result;
}

FailureOr<Value> Inference::scaleBy(Value value, double scale) {
  if (scale < kLeastRepairScale)
    return visited->emitOpError(
               "has operands of scales too close to be made equal: their quotient, ")
           << scale << ", is below " << kLeastRepairScale << "; rescale one of them before";
  if (!ones) {
    OpBuilder atStart = OpBuilder::atBlockBegin(&function.getBody().front());
    auto type = RankedTensorType::get({1}, builder.getF64Type());
    ones = arith::ConstantOp::create(atStart, visited->getLoc(), DenseElementsAttr::get(type, 1.0));
  }
  const Fact fact = factOf(value);
  const auto ring = cast<lwe::CiphertextType>(value.getType()).getPlaintextSpace().getRing();
  auto op = ckks::MulPlainOp::create(builder, visited->getLoc(), value.getType(), value,
                                     encode(ones, ring, {fact.level, scale}));
  define(op, chain.multiplied(fact, scale));
  return op.getOutput();
}

/// Makes the scales of two operands of a sum equal; their levels may still differ.
FailureOr<std::pair<Value, Value>> Inference::alignScales(Value lhs, Value rhs) {
  auto equal = [&] { return sameScale(factOf(lhs).scale, factOf(rhs).scale); };
  const bool lhsDue = chain.isRescaleDue(factOf(lhs)), rhsDue = chain.isRescaleDue(factOf(rhs));
  if (!equal() && lhsDue != rhsDue) {
    Value &due = lhsDue ? lhs : rhs, &other = lhsDue ? rhs : lhs;
    if (factOf(other).level >= factOf(due).level &&
        factOf(due).scale / factOf(other).scale >= kLeastRepairScale) {
      // Lift the other to the scale of the product: costs no level.
      const FailureOr<Value> lifted =
          scaleBy(reduceTo(other, factOf(due).level), factOf(due).scale / factOf(other).scale);
      if (failed(lifted))
        return failure();
      other = *lifted;
    } else {
      due = rescaleIfDue(due);
    }
  } else if (!equal()) {
    lhs = rescaleIfDue(lhs);
    rhs = rescaleIfDue(rhs);
  }
  if (equal())
    return std::pair(lhs, rhs);
  // Bring the operand that is ahead to the scale of the other by a multiplication and a rescale. At
  // one level, keep the scale that is closer to the default.
  auto distance = [&](Value value) {
    return std::abs(std::log2(factOf(value).scale / chain.defaultScale()));
  };
  const bool repairLhs = factOf(lhs).level != factOf(rhs).level
                             ? factOf(lhs).level > factOf(rhs).level
                             : distance(lhs) > distance(rhs);
  Value &repaired = repairLhs ? lhs : rhs;
  const Fact target = factOf(repairLhs ? rhs : lhs);
  const Value start = reduceTo(repaired, std::min(factOf(repaired).level, target.level + 1));
  const Fact fact = factOf(start);
  const FailureOr<Value> product =
      scaleBy(start, target.scale * chain.prime(fact.level) / fact.scale);
  if (failed(product))
    return failure();
  repaired = rescaleOnce(*product);
  return std::pair(lhs, rhs);
}

LogicalResult Inference::visitSum(Operation *op) {
  const FailureOr<std::pair<Value, Value>> operands =
      alignScales(op->getOperand(0), op->getOperand(1));
  if (failed(operands))
    return failure();
  const int64_t level = std::min(factOf(operands->first).level, factOf(operands->second).level);
  op->setOperands({reduceTo(operands->first, level), reduceTo(operands->second, level)});
  define(op, factOf(op->getOperand(0)));
  return success();
}

LogicalResult Inference::visitPlain(Operation *op) {
  const Value ciphertext = rescaleIfDue(op->getOperand(0));
  Fact plain = factOf(ciphertext), result = plain;
  if (isa<ckks::MulPlainOp>(op)) {
    plain.scale = chain.returningScale(plain);
    result = chain.multiplied(result, plain.scale);
  }
  op->setOperands({ciphertext, encode(op->getOperand(1), plain)});
  define(op, result);
  return success();
}

LogicalResult Inference::visitSeries(orion::ChebyshevOp op) {
  const Value input = rescaleIfDue(op.getInput());
  op->setOperand(0, input);
  const Fact fact = factOf(input);
  const int levels = circuit::SeriesDepth(getSeries(op), fact.scale, chain.prime(fact.level));
  define(op, {fact.level - levels, chain.defaultScale()});
  return success();
}

LogicalResult Inference::visitReturn(func::ReturnOp op) {
  for (OpOperand &operand : op->getOpOperands()) {
    if (!facts.contains(operand.get()))
      return op.emitOpError("expected to return ciphertexts, found ") << operand.get().getType();
    operand.set(rescaleIfDue(operand.get()));
  }
  return success();
}

LogicalResult Inference::visit(Operation *op) {
  visited = op;
  builder.setInsertionPoint(op);
  for (Value operand : op->getOperands()) {
    // Ciphertexts have a fact by now, tensors of them never; a plaintext is the last operand.
    const bool ciphertext = static_cast<bool>(lwe::getCiphertextType(operand.getType()));
    const bool plaintext = static_cast<bool>(lwe::getPlaintextType(operand.getType()));
    if ((ciphertext && !facts.contains(operand)) ||
        (plaintext &&
         (operand != op->getOperands().back() || !operand.getDefiningOp<lwe::RLWEEncodeOp>())))
      return op->emitOpError("is not in the form that the pass 'normalize' leaves");
  }
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case<ckks::AddOp, ckks::SubOp>([&](auto op) { return visitSum(op); })
      .Case<ckks::AddPlainOp, ckks::SubPlainOp, ckks::MulPlainOp>(
          [&](auto op) { return visitPlain(op); })
      .Case([&](ckks::MulOp op) {
        const Value lhs = rescaleIfDue(op.getLhs()), rhs = rescaleIfDue(op.getRhs());
        const int64_t level = std::min(factOf(lhs).level, factOf(rhs).level);
        op->setOperands({reduceTo(lhs, level), reduceTo(rhs, level)});
        define(op, chain.multiplied(factOf(op.getLhs()), factOf(op.getRhs()).scale));
        return success();
      })
      .Case<ckks::NegateOp, ckks::RotateOp, ckks::RelinearizeOp>([&](auto op) {
        define(op, factOf(op->getOperand(0)));
        return success();
      })
      .Case([&](ckks::RescaleOp op) {
        const Value input = op.getInput();
        op.replaceAllUsesWith(chain.isRescaleDue(factOf(input)) ? rescaleOnce(input) : input);
        op.erase();
        return success();
      })
      .Case([&](ckks::LevelReduceOp op) {
        op.replaceAllUsesWith(op.getInput());
        op.erase();
        return success();
      })
      .Case([&](orion::LinearTransformOp op) {
        const Value input = rescaleIfDue(op.getInput());
        op->setOperand(0, input);
        const Fact product = chain.multiplied(factOf(input), chain.returningScale(factOf(input)));
        // Its last products are what must fit; then the rescale.
        define(op, product);
        define(op, chain.rescaled(product));
        return success();
      })
      .Case([&](orion::ChebyshevOp op) { return visitSeries(op); })
      .Case([&](ckks::BootstrapOp op) {
        op->setOperand(0, rescaleIfDue(op.getInput()));
        define(op, {chain.residualTop(), chain.defaultScale()});
        return success();
      })
      .Case([&](func::ReturnOp op) { return visitReturn(op); })
      .Case<lwe::RLWEEncodeOp>([](auto) { return success(); }) // made anew where it is used
      .Default([](Operation *op) -> LogicalResult {
        for (Type type : llvm::concat<const Type>(op->getOperandTypes(), op->getResultTypes()))
          if (lwe::getCiphertextType(type) || lwe::getPlaintextType(type))
            return op->emitOpError("is not in the form that the pass 'normalize' leaves");
        return success();
      });
}

LogicalResult Inference::run() {
  Block &block = function.getBody().front();
  for (BlockArgument argument : block.getArguments())
    if (isa<lwe::CiphertextType>(argument.getType())) {
      facts[argument] = {chain.residualTop(), chain.defaultScale()};
      chain.setFact(argument, factOf(argument));
    }
  SmallVector<Operation *> ops, encodes;
  for (Operation &op : block) {
    ops.push_back(&op);
    if (isa<lwe::RLWEEncodeOp>(op))
      encodes.push_back(&op);
  }
  for (Operation *op : ops)
    if (failed(visit(op)))
      return failure();
  if (firstWithoutLevels) {
    const int64_t missing = std::max<int64_t>(-lowestLevel, 1);
    return emitError(firstWithoutLevels->first)
           << "'" << firstWithoutLevels->second << "' op has no level left: the program needs "
           << missing << (missing == 1 ? " more prime" : " more primes") << " in Q than the "
           << chain.residualTop() + 1 << " there are";
  }
  for (Operation *op : encodes)
    op->erase();
  function.setFunctionType(FunctionType::get(function.getContext(), block.getArgumentTypes(),
                                             block.getTerminator()->getOperandTypes()));
  return success();
}

struct InferLevelsAndScales : impl::InferLevelsAndScalesBase<InferLevelsAndScales> {
  using InferLevelsAndScalesBase::InferLevelsAndScalesBase;

  void runOnOperation() override {
    const FailureOr<Chain> chain = Chain::getAround(getOperation());
    if (failed(chain))
      return signalPassFailure();
    if (!getOperation().getBody().hasOneBlock()) {
      getOperation().emitError("expected a straight-line program");
      return signalPassFailure();
    }
    if (failed(inferLevelsAndScales(getOperation(), *chain)))
      signalPassFailure();
  }
};

} // namespace

LogicalResult inferLevelsAndScales(func::FuncOp function, const Chain &chain) {
  return Inference(function, chain).run();
}

} // namespace keymemrt::compiler
