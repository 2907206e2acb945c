// SPDX-License-Identifier: Apache-2.0
// Control flow that is known at compile time; see StaticControl.h.

#include "compiler/analysis/StaticControl/StaticControl.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IntegerSet.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace keymemrt::compiler {

static bool isNumber(Type type) { return type.isIntOrIndexOrFloat(); }

Attribute KnownValues::get(Value value) const {
  if (auto constant = value.getDefiningOp<arith::ConstantOp>())
    return constant.getValue();
  return constants.lookup(value);
}

std::optional<int64_t> KnownValues::getInteger(Value value) const {
  auto attr = dyn_cast_or_null<IntegerAttr>(get(value));
  return attr ? attr.getValue().trySExtValue() : std::nullopt;
}

void KnownValues::set(Value value, Attribute constant) {
  if (constant)
    constants[value] = constant;
  else
    constants.erase(value);
}

void KnownValues::setInteger(Value value, int64_t number) {
  constants[value] = IntegerAttr::get(value.getType(), number);
}

/// Folds `op` on constants. Only with all operands known: else MLIR's folding may change the
/// operation.
static bool fold(Operation *op, const KnownValues &known, SmallVectorImpl<Attribute> &constants) {
  if (op->getNumRegions() != 0 || op->getNumResults() == 0 ||
      !llvm::all_of(op->getResultTypes(), isNumber))
    return false;
  if (auto select = dyn_cast<arith::SelectOp>(op)) {
    auto condition = dyn_cast_or_null<BoolAttr>(known.get(select.getCondition()));
    if (!condition)
      return false;
    constants.push_back(
        known.get(condition.getValue() ? select.getTrueValue() : select.getFalseValue()));
    return static_cast<bool>(constants.back());
  }
  SmallVector<Attribute> operands;
  for (Value operand : op->getOperands()) {
    operands.push_back(known.get(operand));
    if (!operands.back())
      return false;
  }
  SmallVector<OpFoldResult> results;
  if (failed(op->fold(operands, results)) || results.size() != op->getNumResults())
    return false;
  for (const OpFoldResult &result : results) {
    auto constant = dyn_cast<Attribute>(result);
    constants.push_back(constant ? constant : known.get(cast<Value>(result)));
  }
  return !llvm::is_contained(constants, Attribute());
}

bool KnownValues::evaluate(Operation *op) {
  if (isa<arith::ConstantOp>(op))
    return true;
  SmallVector<Attribute> results;
  const bool isKnown = fold(op, *this, results);
  for (auto [i, result] : llvm::enumerate(op->getResults()))
    set(result, isKnown ? results[i] : Attribute());
  return isKnown;
}

bool isLoop(Operation *op) { return isa<scf::ForOp, affine::AffineForOp>(op); }
bool isBranch(Operation *op) { return isa<scf::IfOp, affine::AffineIfOp>(op); }

/// The operands of an affine map as numbers.
static std::optional<SmallVector<Attribute>> getOperands(ValueRange operands,
                                                         const KnownValues &known) {
  SmallVector<Attribute> constants;
  for (Value operand : operands) {
    const std::optional<int64_t> number = known.getInteger(operand);
    if (!number)
      return std::nullopt;
    constants.push_back(IntegerAttr::get(IndexType::get(operand.getContext()), *number));
  }
  return constants;
}

static std::optional<SmallVector<int64_t>> applyMap(AffineMap map, ValueRange operands,
                                                    const KnownValues &known) {
  const auto constants = getOperands(operands, known);
  SmallVector<Attribute> folded;
  if (!constants || failed(map.constantFold(*constants, folded)))
    return std::nullopt;
  SmallVector<int64_t> numbers;
  for (Attribute attr : folded) {
    auto number = dyn_cast_or_null<IntegerAttr>(attr);
    if (!number)
      return std::nullopt;
    numbers.push_back(number.getInt());
  }
  return numbers;
}

std::optional<StaticLoop> getStaticLoop(Operation *loop, const KnownValues &known) {
  std::optional<int64_t> lower, upper, step;
  if (auto op = dyn_cast<scf::ForOp>(loop)) {
    lower = known.getInteger(op.getLowerBound());
    upper = known.getInteger(op.getUpperBound());
    step = known.getInteger(op.getStep());
    if (op.getUnsignedCmp() && (lower.value_or(0) < 0 || upper.value_or(0) < 0))
      return std::nullopt;
  } else if (auto op = dyn_cast<affine::AffineForOp>(loop)) {
    if (const auto bounds = applyMap(op.getLowerBoundMap(), op.getLowerBoundOperands(), known);
        bounds && !bounds->empty())
      lower = *llvm::max_element(*bounds);
    if (const auto bounds = applyMap(op.getUpperBoundMap(), op.getUpperBoundOperands(), known);
        bounds && !bounds->empty())
      upper = *llvm::min_element(*bounds);
    step = op.getStepAsInt();
  }
  int64_t distance = 0;
  if (!lower || !upper || !step || *step < 1)
    return std::nullopt;
  if (*lower >= *upper)
    return StaticLoop{*lower, *step, 0};
  if (llvm::SubOverflow(*upper, *lower, distance))
    return std::nullopt;
  return StaticLoop{*lower, *step, (distance - 1) / *step + 1};
}

std::optional<bool> getCondition(Operation *branch, const KnownValues &known) {
  if (auto op = dyn_cast<scf::IfOp>(branch)) {
    auto condition = dyn_cast_or_null<IntegerAttr>(known.get(op.getCondition()));
    return condition ? std::optional<bool>(!condition.getValue().isZero()) : std::nullopt;
  }
  auto op = dyn_cast<affine::AffineIfOp>(branch);
  if (!op)
    return std::nullopt;
  const IntegerSet set = op.getIntegerSet();
  const auto map = AffineMap::get(set.getNumDims(), set.getNumSymbols(), set.getConstraints(),
                                  branch->getContext());
  const auto values = applyMap(map, op.getOperands(), known);
  if (!values)
    return std::nullopt;
  for (auto [i, value] : llvm::enumerate(*values))
    if (set.isEq(i) ? value != 0 : value < 0)
      return false;
  return true;
}

std::optional<int64_t> getPosition(Operation *access, const KnownValues &known) {
  MemRefType type;
  SmallVector<int64_t> indices;
  const auto plain = [&](auto op) {
    type = op.getMemRefType();
    for (Value index : op.getIndices()) {
      const std::optional<int64_t> number = known.getInteger(index);
      if (!number)
        return false;
      indices.push_back(*number);
    }
    return true;
  };
  const auto affine = [&](auto op) {
    type = op.getMemRefType();
    const auto numbers = applyMap(op.getAffineMap(), op.getMapOperands(), known);
    if (numbers)
      indices = *numbers;
    return numbers.has_value();
  };
  const bool isKnown = llvm::TypeSwitch<Operation *, bool>(access)
                           .Case<memref::LoadOp, memref::StoreOp>(plain)
                           .Case<affine::AffineLoadOp, affine::AffineStoreOp>(affine)
                           .Default(false);
  if (!isKnown || !type.hasStaticShape())
    return std::nullopt;
  int64_t position = 0;
  for (auto [index, size] : llvm::zip_equal(indices, type.getShape())) {
    if (index < 0 || index >= size)
      return std::nullopt;
    position = position * size + index;
  }
  return position;
}

} // namespace keymemrt::compiler
