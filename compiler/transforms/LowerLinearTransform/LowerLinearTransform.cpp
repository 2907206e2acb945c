// SPDX-License-Identifier: Apache-2.0
// Linear transforms by their diagonals, spelled out or step by step.

#include "compiler/transforms/LowerLinearTransform/LowerLinearTransform.h"

#include "compiler/analysis/Circuit/Circuit.h"
#include "compiler/analysis/Levels/Levels.h"
#include "compiler/builder/CkksBuilder.h"
#include "compiler/dialect/CKKS/CKKS.h"
#include "compiler/dialect/Orion/Orion.h"
#include "compiler/dialect/TensorExt/TensorExt.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

using namespace mlir;

namespace keymemrt::compiler {

#define GEN_PASS_DEF_LOWERLINEARTRANSFORM
#include "compiler/transforms/LowerLinearTransform/LowerLinearTransform.h.inc"

namespace {

/// A diagonal as a step: row `row` of the weights, used with the input rotated by `baby`.
struct Term {
  int64_t baby;
  int64_t row;
};
/// Terms by giant, giants and babies ascending.
using Split = std::map<int64_t, SmallVector<Term>>;

Split splitIndices(ArrayRef<int32_t> indices, int64_t slots, int64_t n1) {
  std::vector<std::pair<int64_t, int64_t>> sorted; // index, row
  for (auto [row, index] : llvm::enumerate(indices))
    sorted.emplace_back((index + slots) % slots, row);
  std::sort(sorted.begin(), sorted.end());
  Split split;
  for (auto [index, row] : sorted)
    split[index - index % n1].push_back({index % n1, row});
  return split;
}

/// Rotations, then the most rotated inputs alive at once: what n1 is chosen by.
std::pair<int64_t, int64_t> costOf(const Split &split) {
  std::map<int64_t, std::pair<int64_t, int64_t>>
      lives; // of a baby: giants of its first and last use
  int64_t rotations = 0;
  for (const auto &[giant, terms] : split) {
    rotations += giant != 0;
    for (const Term &term : terms)
      if (term.baby != 0)
        lives.try_emplace(term.baby, giant, giant).first->second.second = giant;
  }
  rotations += static_cast<int64_t>(lives.size());
  // A baby that one giant alone uses is gone before the next one is made.
  std::map<int64_t, int64_t> changes;
  bool anyShort = false;
  for (const auto &[baby, life] : lives) {
    if (life.first == life.second) {
      anyShort = true;
      continue;
    }
    ++changes[2 * life.first];
    --changes[2 * life.second + 1];
  }
  int64_t alive = 0, peak = 0;
  for (const auto &[when, change] : changes)
    peak = std::max(peak, alive += change);
  return {rotations, peak + anyShort};
}

/// How far a program rotates already: by what it has keys for.
using Shifts = std::set<int64_t>;

/// The split with the fewest rotations, of equals that with the fewest inputs alive; or another
/// that has no more alive, one rotation more at most, and takes fewer keys besides `shifts`.
Split chooseSplit(ArrayRef<int32_t> indices, int64_t slots, const Shifts &shifts) {
  const auto newKeys = [&](const Split &split) {
    Shifts own;
    for (const auto &[giant, terms] : split) {
      own.insert(giant);
      for (const Term &term : terms)
        own.insert(term.baby);
    }
    return llvm::count_if(own,
                          [&](int64_t shift) { return shift != 0 && !shifts.contains(shift); });
  };
  std::vector<std::pair<std::pair<int64_t, int64_t>, Split>> splits; // with their costs
  for (int64_t n1 = 1; n1 <= slots; n1 *= 2) {
    Split split = splitIndices(indices, slots, n1);
    splits.emplace_back(costOf(split), std::move(split));
  }
  const auto byCost = [](const auto &a, const auto &b) { return a.first < b.first; };
  const auto fastest = std::min_element(splits.begin(), splits.end(), byCost);
  const auto [fewest, leastAlive] = fastest->first;
  // No more than so many dense diagonals take, unless these, with gaps between them, always do.
  const auto bound =
      static_cast<int64_t>(2 * std::ceil(std::sqrt(static_cast<double>(indices.size())))) + 2;
  const int64_t most = std::max(fewest, std::min(fewest + 1, bound));
  auto best = fastest;
  auto bestKeys = newKeys(best->second);
  for (auto it = splits.begin(); it != splits.end(); ++it) {
    const auto [rotations, alive] = it->first;
    if (rotations > most || alive > leastAlive)
      continue;
    if (const auto keys = newKeys(it->second); keys < bestKeys) {
      best = it;
      bestKeys = keys;
    }
  }
  return std::move(best->second);
}

/// Rotations and products, for the form bsgs.
class Lowering {
public:
  /// `shifts`: of the program so far; those of this transform are added.
  Lowering(orion::LinearTransformOp op, const Chain &chain, Fact input, Shifts &shifts)
      : op(op), chain(chain), builder(op), input(input), plainScale(chain.returningScale(input)),
        shifts(shifts) {}

  Value lower() {
    Value sum;
    for (const auto &[giant, terms] : chooseSplit(op.getDiagonalIndices(), chain.slots(), shifts)) {
      Value inner;
      for (const Term &term : terms) {
        // Encoded last: a plaintext lives for one operation.
        const Value rotated = rotatedInput(term.baby);
        inner = add(inner, multiply(rotated, encodeRow(term.row, giant)));
      }
      sum = add(sum, rotate(inner, giant, product()));
    }
    const Fact fact = chain.rescaled(product());
    return withFact(ckks::RescaleOp::create(builder, op.getLoc(),
                                            chain.getType(op.getOutput().getType(), fact), sum,
                                            chain.getRing(fact.level)),
                    fact);
  }

private:
  Fact product() const { return chain.multiplied(input, plainScale); }

  Value withFact(Operation *made, Fact fact) {
    chain.setFact(made->getResult(0), fact);
    return made->getResult(0);
  }
  Value add(Value lhs, Value rhs) {
    return lhs ? withFact(ckks::AddOp::create(builder, op.getLoc(), lhs.getType(), lhs, rhs),
                          product())
               : rhs;
  }
  Value multiply(Value ciphertext, Value plaintext) {
    return withFact(
        ckks::MulPlainOp::create(builder, op.getLoc(), ciphertext.getType(), ciphertext, plaintext),
        product());
  }
  Value rotate(Value value, int64_t shift, Fact fact) {
    if (shift == 0)
      return value;
    shifts.insert(shift);
    return withFact(ckks::RotateOp::create(builder, op.getLoc(), value.getType(), value, Value(),
                                           builder.getI64IntegerAttr(shift)),
                    fact);
  }
  Value rotatedInput(int64_t baby) {
    Value &result = babies[baby];
    if (!result)
      result = rotate(op.getInput(), baby, input);
    return result;
  }
  Value encodeRow(int64_t row, int64_t giant) {
    const auto weights = cast<RankedTensorType>(op.getDiagonals().getType());
    const int64_t columns = weights.getDimSize(1);
    const auto rowType = RankedTensorType::get({columns}, weights.getElementType());
    const OpFoldResult zero = builder.getIndexAttr(0), one = builder.getIndexAttr(1);
    Value numbers = tensor::ExtractSliceOp::create(
        builder, op.getLoc(), rowType, op.getDiagonals(), {builder.getIndexAttr(row), zero},
        {one, OpFoldResult(builder.getIndexAttr(columns))}, {one, one});
    if (const int64_t left = (columns - giant % columns) % columns; left != 0) {
      const Value shift = arith::ConstantIndexOp::create(builder, op.getLoc(), left);
      numbers = tensor_ext::RotateOp::create(builder, op.getLoc(), rowType, numbers, shift);
    }
    const auto ring = op.getInput().getType().getPlaintextSpace().getRing();
    return withFact(lwe::RLWEEncodeOp::create(
                        builder, op.getLoc(), chain.getPlaintextType(ring, plainScale), numbers,
                        chain.getEncoding(plainScale), ring, builder.getI64IntegerAttr(input.level),
                        builder.getF64FloatAttr(plainScale)),
                    {input.level, plainScale});
  }

  orion::LinearTransformOp op;
  const Chain &chain;
  OpBuilder builder;
  Fact input;
  double plainScale;
  Shifts &shifts;
  std::map<int64_t, Value> babies;
};

/// A transform of either kind as the steps of its plan.
class Stepping {
public:
  Stepping(Operation *op, const Chain &chain)
      : op(op), chain(chain), builder(op), input(*getFact(op->getOperand(0))) {}

  /// Null where the operation makes no sense; the error is emitted. The product, not rescaled.
  Value lower(Value diagonals, ArrayRef<int64_t> rotations, ckks::DftStageAttr stage,
              StringRef form, double plainScale) {
    const auto shape = op->getAttrOfType<ckks::KeyShapeAttr>(kKeyShapeName);
    auto type = key_mgmt::TransformType::get(builder.getContext(), shape);
    int64_t babyStep = 0;
    if (auto attr = op->getAttrOfType<IntegerAttr>(kBabyStepName)) {
      babyStep = attr.getInt();
      if (babyStep < 1) {
        op->emitOpError("expected '") << kBabyStepName << "' of at least 1, found " << babyStep;
        return {};
      }
    }
    const std::vector<int64_t> all = stage ? getStage(stage).Rotations() : rotations.vec();
    const auto plan =
        circuit::LinearTransformPlan::Make(all, chain.slots(), *getForm(form), babyStep);
    if (!plan.ok()) {
      op->emitOpError() << plan.status().message();
      return {};
    }
    const Fact product = chain.multiplied(input, plainScale);
    auto begin = key_mgmt::BeginTransformOp::create(
        builder, op->getLoc(), type, cast<TypedValue<lwe::CiphertextType>>(op->getOperand(0)),
        diagonals, rotations, stage, form, static_cast<uint64_t>(plan->baby_step),
        APFloat(plainScale));
    chain.setFact(begin.getTransform(), product);
    Value transform = begin.getTransform();
    using Kind = circuit::LinearTransformStep::Kind;
    for (auto [number, step] : llvm::enumerate(plan->steps)) {
      if (step.kind == Kind::kBegin || step.kind == Kind::kFinish)
        continue;
      const Value key = step.shift == 0 ? Value() : load(step.shift, shape);
      Operation *made =
          step.kind == Kind::kBaby
              ? key_mgmt::BabyStepOp::create(builder, op->getLoc(), type, transform,
                                             op->getOperand(0), key, number)
                    .getOperation()
              : key_mgmt::GiantStepOp::create(builder, op->getLoc(), type, transform, key, number)
                    .getOperation();
      transform = made->getResult(0);
      chain.setFact(transform, product);
      if (key)
        key_mgmt::ClearKeyOp::create(builder, op->getLoc(), key);
    }
    auto finish = key_mgmt::FinishTransformOp::create(
        builder, op->getLoc(),
        chain.getType(cast<lwe::CiphertextType>(op->getResult(0).getType()), product), transform);
    chain.setFact(finish.getOutput(), product);
    return finish.getOutput();
  }

private:
  Value load(int64_t shift, ckks::KeyShapeAttr shape) {
    const Value index = arith::ConstantIntOp::create(builder, op->getLoc(), shift, 64);
    return key_mgmt::LoadKeyOp::create(
        builder, op->getLoc(),
        key_mgmt::RotKeyType::get(builder.getContext(), shift, std::nullopt, shape), index,
        Attribute());
  }

  Operation *op;
  const Chain &chain;
  OpBuilder builder;
  Fact input;
};

struct LowerLinearTransform : impl::LowerLinearTransformBase<LowerLinearTransform> {
  using LowerLinearTransformBase::LowerLinearTransformBase;

  void runOnOperation() override {
    const FailureOr<Chain> chain = Chain::getAround(getOperation());
    if (failed(chain))
      return signalPassFailure();
    if (!getForm(form)) {
      getOperation().emitError("expected the form bsgs, double_hoisted, horner or minimum_key, "
                               "found '")
          << form << "'";
      return signalPassFailure();
    }
    SmallVector<Operation *> transforms;
    shifts.clear();
    getOperation().walk([&](Operation *op) {
      if (auto rotate = dyn_cast<ckks::RotateOp>(op); rotate && rotate.getStaticShiftAttr())
        shifts.insert(rotate.getStaticShiftAttr().getInt());
      if (isa<orion::LinearTransformOp, ckks::DftOp>(op))
        transforms.push_back(op);
    });
    for (Operation *op : transforms) {
      const Value result = lower(op, *chain);
      if (!result)
        return signalPassFailure();
      op->getResult(0).replaceAllUsesWith(result);
      op->erase();
    }
  }

private:
  /// Null where the operation makes no sense; the error is emitted.
  Value lower(Operation *op, const Chain &chain) {
    const std::optional<Fact> input = getFact(op->getOperand(0)),
                              output = getFact(op->getResult(0));
    if (!input || input->level < 1 || input->level > chain.topLevel() || !(input->scale > 0) ||
        !output || !(output->scale > 0)) {
      op->emitOpError(
          "expected an input and a result with level and scale, the input of level 1 or "
          "more; run infer-levels-and-scales");
      return {};
    }
    std::string name = form;
    if (auto attr = op->getAttrOfType<StringAttr>(kFormName))
      name = attr.str();
    if (!getForm(name)) {
      op->emitOpError("expected '")
          << kFormName << "' to be bsgs, double_hoisted, horner or minimum_key, found '" << name
          << "'";
      return {};
    }
    if (auto dft = dyn_cast<ckks::DftOp>(op)) {
      if (const Status status = getStage(dft.getStage()).Check(); !status.ok()) {
        op->emitOpError() << status.message();
        return {};
      }
      return Stepping(op, chain).lower({}, {}, dft.getStage(), name, output->scale / input->scale);
    }
    auto transform = cast<orion::LinearTransformOp>(op);
    const int64_t columns =
        cast<RankedTensorType>(transform.getDiagonals().getType()).getDimSize(1);
    if (columns > chain.slots() || chain.slots() % columns != 0) {
      op->emitOpError("expected diagonals whose length divides the ")
          << chain.slots() << " slots, found " << columns;
      return {};
    }
    if (name == "bsgs" && !op->hasAttr(kBabyStepName))
      return Lowering(transform, chain, *input, shifts).lower();
    const SmallVector<int64_t> rotations(transform.getDiagonalIndices());
    const Value product = Stepping(op, chain).lower(transform.getDiagonals(), rotations, {}, name,
                                                    chain.returningScale(*input));
    return product ? CkksBuilder(op, chain).rescale(product) : Value();
  }

  Shifts shifts;
};

} // namespace

} // namespace keymemrt::compiler
