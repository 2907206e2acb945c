// SPDX-License-Identifier: Apache-2.0
// The check of what can be translated to a program. Facts are recomputed here from the rules of the
// scheme, not with the code of the inference that wrote them.

#include "compiler/transforms/VerifyProgramForm/VerifyProgramForm.h"

#include "compiler/analysis/Circuit/Circuit.h"
#include "compiler/analysis/Levels/Levels.h"
#include "compiler/analysis/PlainSource/PlainSource.h"
#include "compiler/dialect/CKKS/CKKS.h"
#include "compiler/dialect/KeyMgmt/KeyMgmt.h"
#include "compiler/dialect/TensorExt/TensorExt.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <memory>

using namespace mlir;

namespace keymemrt::compiler {

#define GEN_PASS_DEF_VERIFYPROGRAMFORM
#include "compiler/transforms/VerifyProgramForm/VerifyProgramForm.h.inc"

namespace {

class Checker {
public:
  Checker(func::FuncOp function, const Chain &chain) : function(function), chain(chain) {}

  LogicalResult run() {
    Block &block = function.getBody().front();
    for (BlockArgument argument : block.getArguments())
      if (isValue(argument)) {
        if (!isa<lwe::CiphertextType>(argument.getType()) || failed(checkFact(argument)))
          return mlir::emitError(argument.getLoc())
                 << "[F3] argument " << argument.getArgNumber()
                 << ": expected a ciphertext with level and scale, and a type that agrees";
        alive.insert(argument);
      }
    for (Operation &op : block)
      if (failed(check(&op)))
        return failure();
    for (Operation *load : loads)
      return load->emitOpError("[F5] loads a key that is never cleared");
    for (Value value : alive)
      return mlir::emitError(value.getLoc())
             << "[F6] " << value.getType() << " is neither cleared nor returned";
    return success();
  }

private:
  static bool isValue(Value value) {
    return isa<lwe::CiphertextType, lwe::PlaintextType, key_mgmt::DigitsType,
               key_mgmt::TransformType>(value.getType());
  }

  /// Fails silently; the caller knows how to name the value.
  LogicalResult checkFact(Value value) const {
    const std::optional<Fact> fact = getFact(value);
    if (!fact || fact->level < 0 || fact->level > chain.topLevel() || !std::isfinite(fact->scale) ||
        fact->scale <= 0)
      return failure();
    auto ciphertext = dyn_cast<lwe::CiphertextType>(value.getType());
    return success(!ciphertext || ciphertext == chain.getType(ciphertext, *fact));
  }

  LogicalResult expect(Operation *op, int64_t level, double scale) const {
    const Fact fact = *getFact(op->getResult(0));
    if (fact.level == level && sameScale(fact.scale, scale))
      return success();
    return op->emitOpError("[F4] expected level ")
           << level << " and scale " << scale << ", found level " << fact.level << " and scale "
           << fact.scale;
  }

  LogicalResult check(Operation *op);
  LogicalResult checkForm(Operation *op);
  LogicalResult checkLifetimes(Operation *op);
  LogicalResult checkStep(Operation *op, Value input, Value key, uint64_t step);

  func::FuncOp function;
  const Chain &chain;
  llvm::SetVector<Value> alive;       // ciphertexts, plaintexts, digits
  llvm::SetVector<Operation *> loads; // of keys that are loaded now
  struct UnderWay {
    std::shared_ptr<const circuit::LinearTransformPlan> plan;
    Value input;
    uint64_t steps = 1; // done
  };
  llvm::DenseMap<Value, UnderWay> transforms;
};

LogicalResult Checker::checkLifetimes(Operation *op) {
  for (Value operand : op->getOperands()) {
    if (isValue(operand) && !alive.contains(operand))
      return op->emitOpError("[F6] uses a value that has been cleared");
    if (key_mgmt::isKey(operand.getType()) && !loads.contains(operand.getDefiningOp()))
      return op->emitOpError("[F5] uses a key that is not loaded");
  }
  if (auto clear = dyn_cast<key_mgmt::ClearOp>(op)) {
    alive.remove(clear.getValue());
  } else if (auto clear = dyn_cast<key_mgmt::ClearKeyOp>(op)) {
    loads.remove(clear.getKey().getDefiningOp());
  } else if (isa<key_mgmt::LoadKeyOp>(op)) {
    loads.insert(op);
  } else if (isa<key_mgmt::BabyStepOp, key_mgmt::GiantStepOp, key_mgmt::FinishTransformOp>(op)) {
    alive.remove(op->getOperand(0)); // used up
  } else if (isa<func::ReturnOp>(op)) {
    for (Value operand : op->getOperands())
      alive.remove(operand); // a value returned twice is still one
  }
  for (Value result : op->getResults())
    if (isValue(result))
      alive.insert(result);
  return success();
}

LogicalResult Checker::checkStep(Operation *op, Value input, Value key, uint64_t step) {
  UnderWay now = transforms.lookup(op->getOperand(0));
  const int64_t shift =
      key ? cast<key_mgmt::RotKeyType>(key.getType()).getRotationIndex().value_or(0) : 0;
  if (!now.plan || step != now.steps || !isStep(*now.plan, op, step, shift) ||
      (input && input != now.input))
    return op->emitOpError("[F8] is not step ") << now.steps << " of its transform's plan";
  ++now.steps;
  transforms[op->getResult(0)] = now;
  const Fact fact = *getFact(op->getOperand(0));
  return expect(op, fact.level, fact.scale);
}

LogicalResult Checker::checkForm(Operation *op) {
  for (Type type : llvm::concat<const Type>(op->getOperandTypes(), op->getResultTypes()))
    if (isa<ShapedType>(type) && (lwe::getCiphertextType(type) || lwe::getPlaintextType(type)))
      return op->emitOpError("[F2] works on a tensor of ciphertexts or plaintexts");
  for (Value result : op->getResults())
    if (isValue(result) && failed(checkFact(result)))
      return op->emitOpError("[F3] expected a level and a scale, and a type that agrees with them");
  auto fact = [&](int operand) { return *getFact(op->getOperand(operand)); };
  auto oneLevel = [&]() -> LogicalResult {
    if (fact(0).level == fact(1).level)
      return success();
    return op->emitOpError("[F4] expected operands of one level, found ")
           << fact(0).level << " and " << fact(1).level;
  };
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case<ckks::AddOp, ckks::SubOp, ckks::AddPlainOp, ckks::SubPlainOp>(
          [&](auto op) -> LogicalResult {
            if (!isa<lwe::CiphertextType>(op->getOperand(0).getType()))
              return op.emitOpError("[F2] expected the ciphertext first");
            if (failed(oneLevel()))
              return failure();
            if (!sameScale(fact(0).scale, fact(1).scale))
              return op.emitOpError("[F4] expected operands of one scale, found ")
                     << fact(0).scale << " and " << fact(1).scale;
            return expect(op, fact(0).level, fact(0).scale);
          })
      .Case<ckks::MulOp, ckks::MulPlainOp>([&](auto op) -> LogicalResult {
        if (!isa<lwe::CiphertextType>(op->getOperand(0).getType()))
          return op.emitOpError("[F2] expected the ciphertext first");
        if (failed(oneLevel()))
          return failure();
        return expect(op, fact(0).level, fact(0).scale * fact(1).scale);
      })
      .Case([&](ckks::RescaleOp op) {
        return expect(op, fact(0).level - 1, fact(0).scale / chain.prime(fact(0).level));
      })
      .Case([&](ckks::LevelReduceOp op) {
        return expect(op, fact(0).level - static_cast<int64_t>(op.getLevelToDrop()), fact(0).scale);
      })
      .Case<ckks::NegateOp, key_mgmt::RotateOp, key_mgmt::RelinearizeOp, key_mgmt::DecomposeOp,
            key_mgmt::ConjugateOp, key_mgmt::SwitchSecretOp>(
          [&](auto op) { return expect(op, fact(0).level, fact(0).scale); })
      .Case([&](ckks::AddScalarOp op) { return expect(op, fact(0).level, fact(0).scale); })
      .Case([&](ckks::MulScalarAddOp op) -> LogicalResult {
        if (failed(oneLevel()))
          return failure();
        return expect(op, fact(0).level, fact(0).scale);
      })
      // Its scale is what the number is multiplied at.
      .Case([&](ckks::MulScalarOp op) {
        return expect(op, fact(0).level, getFact(op.getOutput())->scale);
      })
      .Case([&](ckks::ModRaiseOp op) -> LogicalResult {
        const Fact result = *getFact(op.getOutput());
        if (fact(0).level != 0 || result.level < 1)
          return op.emitOpError("[F4] expected to lead from level 0 upwards, found levels ")
                 << fact(0).level << " and " << result.level;
        return expect(op, result.level, fact(0).scale);
      })
      .Case([&](key_mgmt::BeginTransformOp op) -> LogicalResult {
        FailureOr<circuit::LinearTransformPlan> plan = getPlan(op, chain.slots());
        if (failed(plan))
          return failure();
        if (op.getDiagonals() && !isa<BlockArgument>(op.getDiagonals()) &&
            !hasNumbers(op.getDiagonals()))
          return op.emitOpError("[F2] expected diagonals that are an argument or a constant");
        transforms[op.getTransform()] = {
            std::make_shared<const circuit::LinearTransformPlan>(*std::move(plan)), op.getInput()};
        return expect(op, fact(0).level, fact(0).scale * op.getPlainScale().convertToDouble());
      })
      .Case([&](key_mgmt::FinishTransformOp op) -> LogicalResult {
        const UnderWay now = transforms.lookup(op.getTransform());
        if (!now.plan || now.steps + 1 != now.plan->steps.size())
          return op.emitOpError("[F8] ends a transform whose steps are not done");
        return expect(op, fact(0).level, fact(0).scale);
      })
      .Case([&](key_mgmt::BabyStepOp op) {
        return checkStep(op, op.getInput(), op.getRotKey(), op.getStep());
      })
      .Case(
          [&](key_mgmt::GiantStepOp op) { return checkStep(op, {}, op.getRotKey(), op.getStep()); })
      .Case([&](key_mgmt::RotateHoistedOp op) -> LogicalResult {
        auto decompose = op.getDigits().getDefiningOp<key_mgmt::DecomposeOp>();
        if (!decompose || decompose.getInput() != op.getInput())
          return op.emitOpError("[F7] expected digits of the ciphertext that is rotated");
        return expect(op, fact(0).level, fact(0).scale);
      })
      .Case([&](lwe::RLWEEncodeOp op) -> LogicalResult {
        const std::optional<APInt> level = op.getLevel();
        auto scale = dyn_cast_or_null<FloatAttr>(op.getScaleAttr());
        if (!level || !scale)
          return op.emitOpError("[F3] expected 'level' and 'scale'");
        if (failed(tracePlain(op.getInput(), op)))
          return failure();
        return expect(op, level->getSExtValue(), scale.getValueAsDouble());
      })
      .Case([&](key_mgmt::LoadKeyOp op) -> LogicalResult {
        auto key = dyn_cast<key_mgmt::RotKeyType>(op.getType());
        if (!key)
          return success();
        const std::optional<int64_t> index = key.getRotationIndex();
        if (!index || *index < 1 || *index >= chain.slots() ||
            *index != getConstantInteger(op.getIndex()))
          return op.emitOpError("[F5] expected a constant index from 1 to ")
                 << chain.slots() - 1 << " that is also in the key's type";
        return success();
      })
      .Case<key_mgmt::ClearKeyOp, key_mgmt::ClearOp, func::ReturnOp, arith::ConstantOp,
            tensor::ExtractSliceOp, tensor_ext::RotateOp>([](auto) { return success(); })
      .Case([](ckks::BootstrapOp op) -> LogicalResult {
        return op.emitOpError("[F2] is whole, and no program holds a whole bootstrap: run "
                              "expand-bootstrap (leave out opaque-bootstrap)");
      })
      .Default([](Operation *op) -> LogicalResult {
        return op->emitOpError("[F2] is no operation of a program");
      });
}

LogicalResult Checker::check(Operation *op) {
  // Lifetimes first: operands that are alive have passed F3.
  if (failed(checkLifetimes(op)))
    return failure();
  return checkForm(op);
}

struct VerifyProgramForm : impl::VerifyProgramFormBase<VerifyProgramForm> {
  using VerifyProgramFormBase::VerifyProgramFormBase;

  void runOnOperation() override {
    markAllAnalysesPreserved();
    const FailureOr<Chain> chain = Chain::get(getOperation());
    if (failed(chain))
      return signalPassFailure();
    Block &body = *getOperation().getBody();
    auto function = body.empty() ? func::FuncOp() : dyn_cast<func::FuncOp>(body.front());
    if (!function || !llvm::hasSingleElement(body) || !function.getBody().hasOneBlock()) {
      getOperation().emitError("[F1] expected one function with one block and nothing else");
      return signalPassFailure();
    }
    if (failed(Checker(function, *chain).run()))
      signalPassFailure();
  }
};

} // namespace

} // namespace keymemrt::compiler
