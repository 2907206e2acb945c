// SPDX-License-Identifier: Apache-2.0
// Bounds of integers by strided intervals [Balakrishnan, Reps: Analyzing memory accesses in x86
// executables, CC 2004].

#include "compiler/analysis/StaticControl/StaticControl.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <numeric>

using namespace mlir;

namespace keymemrt::compiler {

namespace {

using Range = std::optional<IndexRange>;
using Int = __int128; // so that no intermediate result overflows

constexpr int kDeepest = 128; // of nested expressions: bounds recursion on hostile input

Range make(Int low, Int high, Int step) {
  constexpr Int most = int64_t{1} << 62;
  if (low < -most || high > most || low > high)
    return std::nullopt;
  if (low == high)
    step = 0;
  return IndexRange{static_cast<int64_t>(low), static_cast<int64_t>(high),
                    static_cast<int64_t>(step)};
}

Int gcd(Int a, Int b) { return b == 0 ? (a < 0 ? -a : a) : gcd(b, a % b); }

Range add(Range a, Range b) {
  if (!a || !b)
    return std::nullopt;
  return make(Int{a->low} + b->low, Int{a->high} + b->high, gcd(a->step, b->step));
}

Range negate(Range a) { return a ? make(-Int{a->high}, -Int{a->low}, a->step) : std::nullopt; }

Range multiply(Range a, Range b) {
  if (!a || !b)
    return std::nullopt;
  const Int corners[] = {Int{a->low} * b->low, Int{a->low} * b->high, Int{a->high} * b->low,
                         Int{a->high} * b->high};
  // (l + i s)(m + j t) = l m + i s m + j t l + i j s t
  const Int step = gcd(gcd(Int{a->step} * b->low, Int{b->step} * a->low), Int{a->step} * b->step);
  return make(*std::min_element(corners, corners + 4), *std::max_element(corners, corners + 4),
              step);
}

Range join(Range a, Range b) {
  if (!a || !b)
    return std::nullopt;
  return make(std::min(a->low, b->low), std::max(a->high, b->high),
              gcd(gcd(a->step, b->step), Int{a->low} - b->low));
}

/// Of a quotient that does not decrease with the dividend, by `divide`.
template <typename Divide> Range quotient(Range a, Range b, Divide divide) {
  if (!a || !b || b->step != 0 || b->low <= 0)
    return std::nullopt;
  const bool exact = a->low % b->low == 0 && a->step % b->low == 0;
  return make(divide(a->low, b->low), divide(a->high, b->low), exact ? a->step / b->low : 1);
}

Range floorQuotient(Range a, Range b) {
  return quotient(a, b, [](int64_t x, int64_t y) { return llvm::divideFloorSigned(x, y); });
}
Range ceilQuotient(Range a, Range b) {
  return quotient(a, b, [](int64_t x, int64_t y) { return llvm::divideCeilSigned(x, y); });
}

/// The remainder of the floored quotient: in [0, b).
Range modulo(Range a, Range b) {
  if (!a || !b || b->step != 0 || b->low <= 0)
    return std::nullopt;
  const int64_t m = b->low;
  if (llvm::divideFloorSigned(a->low, m) == llvm::divideFloorSigned(a->high, m))
    return make(Int{a->low} - Int{llvm::divideFloorSigned(a->low, m)} * m,
                Int{a->high} - Int{llvm::divideFloorSigned(a->low, m)} * m, a->step);
  const Int step = gcd(a->step, m), first = (a->low % m + m) % m % step;
  return make(first, m - step + first, step);
}

Range smaller(Range a, Range b) {
  const Range either = join(a, b);
  if (!either || either->step == 0)
    return either;
  const Int most = std::min(a->high, b->high);
  return make(either->low, either->low + (most - either->low) / either->step * either->step,
              either->step);
}
Range larger(Range a, Range b) { return negate(smaller(negate(a), negate(b))); }

class Bounds {
public:
  Range of(Value value);
  Value unbounded; // the first value without a bound

private:
  Range compute(Value value);
  Range ofArgument(BlockArgument argument);
  Range ofExpression(AffineExpr expression, ArrayRef<Range> dims, ArrayRef<Range> symbols);
  SmallVector<Range> ofMap(AffineMap map, ValueRange operands);

  llvm::DenseMap<Value, Range> known;
  int depth = 0;
};

Range Bounds::of(Value value) {
  if (auto it = known.find(value); it != known.end())
    return it->second;
  if (depth >= kDeepest)
    return std::nullopt;
  ++depth;
  Range range = compute(value);
  --depth;
  // Arithmetic that may wrap has no bound.
  if (auto type = dyn_cast<IntegerType>(value.getType());
      range && type && type.getWidth() < 62 &&
      (range->low < -(int64_t{1} << (type.getWidth() - 1)) ||
       range->high >= int64_t{1} << (type.getWidth() - 1)))
    range = std::nullopt;
  if (!range && !unbounded)
    unbounded = value;
  known[value] = range;
  return range;
}

Range Bounds::ofExpression(AffineExpr expression, ArrayRef<Range> dims, ArrayRef<Range> symbols) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expression))
    return make(constant.getValue(), constant.getValue(), 0);
  if (auto dim = dyn_cast<AffineDimExpr>(expression))
    return dims[dim.getPosition()];
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expression))
    return symbols[symbol.getPosition()];
  auto binary = cast<AffineBinaryOpExpr>(expression);
  if (depth >= kDeepest)
    return std::nullopt;
  ++depth;
  const Range lhs = ofExpression(binary.getLHS(), dims, symbols),
              rhs = ofExpression(binary.getRHS(), dims, symbols);
  --depth;
  switch (binary.getKind()) {
  case AffineExprKind::Add:
    return add(lhs, rhs);
  case AffineExprKind::Mul:
    return multiply(lhs, rhs);
  case AffineExprKind::Mod:
    return modulo(lhs, rhs);
  case AffineExprKind::FloorDiv:
    return floorQuotient(lhs, rhs);
  case AffineExprKind::CeilDiv:
    return ceilQuotient(lhs, rhs);
  default:
    return std::nullopt;
  }
}

SmallVector<Range> Bounds::ofMap(AffineMap map, ValueRange operands) {
  SmallVector<Range> ranges, results;
  for (Value operand : operands)
    ranges.push_back(of(operand));
  const ArrayRef<Range> all(ranges);
  for (AffineExpr expression : map.getResults())
    results.push_back(ofExpression(expression, all.take_front(map.getNumDims()),
                                   all.drop_front(map.getNumDims())));
  return results;
}

Range Bounds::ofArgument(BlockArgument argument) {
  Operation *parent = argument.getOwner()->getParentOp();
  Range lower, upper, step;
  if (auto loop = dyn_cast_or_null<scf::ForOp>(parent)) {
    if (argument != loop.getInductionVar())
      return std::nullopt;
    lower = of(loop.getLowerBound());
    upper = of(loop.getUpperBound());
    step = of(loop.getStep());
  } else if (auto loop = dyn_cast_or_null<affine::AffineForOp>(parent)) {
    if (argument != loop.getInductionVar())
      return std::nullopt;
    const auto fold = [](ArrayRef<Range> ranges, Range (*function)(Range, Range)) {
      Range result = ranges.empty() ? Range() : ranges.front();
      for (const Range &range : ranges.drop_front(ranges.empty() ? 0 : 1))
        result = function(result, range);
      return result;
    };
    lower = fold(ofMap(loop.getLowerBoundMap(), loop.getLowerBoundOperands()), larger);
    upper = fold(ofMap(loop.getUpperBoundMap(), loop.getUpperBoundOperands()), smaller);
    step = make(loop.getStepAsInt(), loop.getStepAsInt(), 0);
  }
  if (!lower || !upper || !step || step->low < 1)
    return std::nullopt;
  const Int stride = gcd(gcd(step->low, step->step), lower->step);
  if (upper->high <= lower->low) // never runs
    return make(lower->low, lower->low, 0);
  return make(lower->low, lower->low + (Int{upper->high} - 1 - lower->low) / stride * stride,
              stride);
}

Range Bounds::compute(Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value))
    return ofArgument(argument);
  Operation *def = value.getDefiningOp();
  const auto operand = [&](unsigned i) { return of(def->getOperand(i)); };
  return llvm::TypeSwitch<Operation *, Range>(def)
      .Case([](arith::ConstantOp op) -> Range {
        auto attr = dyn_cast<IntegerAttr>(op.getValue());
        const auto number = attr ? attr.getValue().trySExtValue() : std::nullopt;
        return number ? make(*number, *number, 0) : std::nullopt;
      })
      .Case([&](arith::AddIOp) { return add(operand(0), operand(1)); })
      .Case([&](arith::SubIOp) { return add(operand(0), negate(operand(1))); })
      .Case([&](arith::MulIOp) { return multiply(operand(0), operand(1)); })
      .Case([&](arith::FloorDivSIOp) { return floorQuotient(operand(0), operand(1)); })
      .Case([&](arith::CeilDivSIOp) { return ceilQuotient(operand(0), operand(1)); })
      .Case<arith::DivSIOp, arith::DivUIOp>([&](auto) {
        const Range dividend = operand(0);
        return dividend && dividend->low >= 0 ? floorQuotient(dividend, operand(1)) : Range();
      })
      .Case<arith::RemSIOp, arith::RemUIOp>([&](auto op) -> Range {
        const Range a = operand(0), b = operand(1);
        if (a && a->low >= 0)
          return modulo(a, b);
        if (!b || b->step != 0 || b->low <= 0)
          return std::nullopt;
        // Signed: as the dividend, of either sign.
        return make(isa<arith::RemUIOp>(op) ? 0 : 1 - Int{b->low}, Int{b->low} - 1, 1);
      })
      .Case<arith::MinSIOp>([&](auto) { return smaller(operand(0), operand(1)); })
      .Case<arith::MaxSIOp>([&](auto) { return larger(operand(0), operand(1)); })
      .Case([&](arith::SelectOp) { return join(operand(1), operand(2)); })
      .Case<arith::IndexCastOp, arith::ExtSIOp>([&](auto) { return operand(0); })
      .Case<arith::IndexCastUIOp, arith::ExtUIOp>([&](auto) {
        const Range range = operand(0);
        return range && range->low >= 0 ? range : Range();
      })
      .Case([&](arith::TruncIOp op) -> Range {
        const Range range = operand(0);
        const unsigned width = op.getType().getIntOrFloatBitWidth();
        const bool fits = range && width > 1 && width < 64 &&
                          range->low >= -(int64_t{1} << (width - 1)) &&
                          range->high < int64_t{1} << (width - 1);
        return fits ? range : Range();
      })
      .Case([&](affine::AffineApplyOp op) { return ofMap(op.getMap(), op.getOperands()).front(); })
      .Case<affine::AffineMinOp, affine::AffineMaxOp>([&](auto op) {
        const SmallVector<Range> ranges = ofMap(op.getMap(), op.getOperands());
        Range result = ranges.front();
        for (const Range &range : ArrayRef<Range>(ranges).drop_front())
          result = isa<affine::AffineMinOp>(op) ? smaller(result, range) : larger(result, range);
        return result;
      })
      .Case<scf::IfOp, affine::AffineIfOp>([&](auto op) -> Range {
        if (op->getRegion(1).empty())
          return std::nullopt;
        const unsigned number = cast<OpResult>(value).getResultNumber();
        const Range first = of(op->getRegion(0).front().getTerminator()->getOperand(number));
        return join(first, of(op->getRegion(1).front().getTerminator()->getOperand(number)));
      })
      .Default(Range());
}

} // namespace

bool IndexRange::isDisjointFrom(const IndexRange &other) const {
  if (high < other.low || other.high < low)
    return true;
  const Int divisor = gcd(step, other.step);
  const Int distance = Int{low} - other.low;
  return divisor == 0 ? distance != 0 : distance % divisor != 0;
}

std::optional<IndexRange> getIndexRange(Value value) { return Bounds().of(value); }

Value getUnboundedSource(Value value) {
  Bounds bounds;
  return bounds.of(value) ? Value() : bounds.unbounded;
}

} // namespace keymemrt::compiler
