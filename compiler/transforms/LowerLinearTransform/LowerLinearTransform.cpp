// SPDX-License-Identifier: Apache-2.0
// Baby-step giant-step over explicit diagonals.

#include "compiler/transforms/LowerLinearTransform/LowerLinearTransform.h"

#include "compiler/analysis/Levels/Levels.h"
#include "compiler/dialect/CKKS/CKKS.h"
#include "compiler/dialect/Orion/Orion.h"
#include "compiler/dialect/TensorExt/TensorExt.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <algorithm>
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

Split chooseSplit(ArrayRef<int32_t> indices, int64_t slots) {
  Split best = splitIndices(indices, slots, 1);
  auto bestCost = costOf(best);
  for (int64_t n1 = 2; n1 <= slots; n1 *= 2) {
    Split split = splitIndices(indices, slots, n1);
    if (const auto cost = costOf(split); cost < bestCost)
      std::tie(best, bestCost) = std::pair(std::move(split), cost);
  }
  return best;
}

class Lowering {
public:
  Lowering(orion::LinearTransformOp op, const Chain &chain, Fact input)
      : op(op), chain(chain), builder(op), input(input), plainScale(chain.returningScale(input)) {}

  Value lower() {
    Value sum;
    for (const auto &[giant, terms] : chooseSplit(op.getDiagonalIndices(), chain.slots())) {
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
  std::map<int64_t, Value> babies;
};

struct LowerLinearTransform : impl::LowerLinearTransformBase<LowerLinearTransform> {
  using LowerLinearTransformBase::LowerLinearTransformBase;

  void runOnOperation() override {
    const FailureOr<Chain> chain = Chain::getAround(getOperation());
    if (failed(chain))
      return signalPassFailure();
    SmallVector<orion::LinearTransformOp> transforms;
    getOperation().walk([&](orion::LinearTransformOp op) { transforms.push_back(op); });
    for (orion::LinearTransformOp op : transforms) {
      const std::optional<Fact> input = getFact(op.getInput());
      const int64_t columns = cast<RankedTensorType>(op.getDiagonals().getType()).getDimSize(1);
      if (!input || input->level < 1 || input->level > chain->topLevel() || !(input->scale > 0)) {
        op.emitOpError("expected an input with level and scale, of level 1 or more; run "
                       "infer-levels-and-scales");
        return signalPassFailure();
      }
      if (columns > chain->slots() || chain->slots() % columns != 0) {
        op.emitOpError("expected diagonals whose length divides the ")
            << chain->slots() << " slots, found " << columns;
        return signalPassFailure();
      }
      op.replaceAllUsesWith(Lowering(op, *chain, *input).lower());
      op.erase();
    }
  }
};

} // namespace

} // namespace keymemrt::compiler
