// SPDX-License-Identifier: Apache-2.0
// Where the numbers of a plaintext come from; see PlainSource.h.

#include "compiler/analysis/PlainSource/PlainSource.h"

#include "compiler/dialect/TensorExt/TensorExt.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/DenseMap.h"

using namespace mlir;

namespace keymemrt::compiler {

/// Rows and columns of numbers of type `type`; failure where it is no static shape of numbers of
/// rank 0 to 2.
static FailureOr<std::pair<int64_t, int64_t>> getShape(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor && type.isIntOrIndexOrFloat())
    return std::pair<int64_t, int64_t>(1, 1);
  if (!tensor || !tensor.hasStaticShape() || tensor.getRank() > 2 || tensor.getNumElements() == 0 ||
      !tensor.getElementType().isIntOrIndexOrFloat())
    return failure();
  const int64_t columns = tensor.getRank() == 0 ? 1 : tensor.getShape().back();
  return std::pair<int64_t, int64_t>(tensor.getNumElements() / columns, columns);
}

/// A root, still with all its rows.
static FailureOr<PlainSource> traceRoot(Value value, Operation *user) {
  Operation *def = value.getDefiningOp();
  auto error = [&] { return (def ? def : user)->emitError(); };
  const auto shape = getShape(value.getType());
  if (failed(shape))
    return error()
           << "expected a number or a static tensor of numbers of at most two dimensions, found "
           << value.getType();
  if (def && !isa<arith::ConstantOp>(def))
    return def->emitOpError(
        "cannot be evaluated at compile time: the numbers of a plaintext are a row of a function "
        "argument or of a constant, possibly rotated");
  if (def && !hasNumbers(value))
    return def->emitOpError("has no numbers at hand: an elided resource cannot be compiled");
  PlainSource source;
  source.root = value;
  std::tie(source.rows, source.columns) = *shape;
  return source;
}

FailureOr<PlainSource> tracePlain(Value value, Operation *user) {
  if (auto rotate = value.getDefiningOp<tensor_ext::RotateOp>()) {
    FailureOr<PlainSource> source = tracePlain(rotate.getTensor(), rotate);
    if (failed(source))
      return failure();
    const std::optional<int64_t> shift = getConstantInteger(rotate.getShift());
    if (!shift)
      return rotate.emitOpError("expected a constant shift");
    const int64_t sum = source->rotation + *shift % source->columns;
    source->rotation = (sum % source->columns + source->columns) % source->columns;
    return source;
  }
  if (auto slice = value.getDefiningOp<tensor::ExtractSliceOp>()) {
    FailureOr<PlainSource> source = traceRoot(slice.getSource(), slice);
    if (failed(source))
      return failure();
    const ArrayRef<int64_t> offsets = slice.getStaticOffsets(), sizes = slice.getStaticSizes();
    if (offsets.size() != 2 || ShapedType::isDynamic(offsets[0]) || offsets[1] != 0 ||
        sizes[0] != 1 || sizes[1] != source->columns || !slice.hasUnitStride())
      return slice.emitOpError("expected a whole row at a constant position");
    if (offsets[0] < 0 || offsets[0] >= source->rows)
      return slice.emitOpError("expected a row from 0 to ")
             << source->rows - 1 << ", found " << offsets[0];
    source->row = offsets[0];
    return source;
  }
  FailureOr<PlainSource> source = traceRoot(value, user);
  if (succeeded(source) && source->rows != 1)
    return user->emitOpError("expected one row of numbers, found ") << value.getType();
  return source;
}

bool hasNumbers(Value value) {
  auto op = value.getDefiningOp<arith::ConstantOp>();
  return op &&
         isa<FloatAttr, IntegerAttr, DenseFPElementsAttr, DenseIntElementsAttr>(op.getValue());
}

std::vector<double> getNumbers(Value constant, int64_t begin, int64_t count) {
  const Attribute value = constant.getDefiningOp<arith::ConstantOp>().getValue();
  std::vector<double> numbers;
  if (auto number = dyn_cast<FloatAttr>(value))
    return {number.getValueAsDouble()};
  if (auto number = dyn_cast<IntegerAttr>(value))
    return {number.getValue().signedRoundToDouble()};
  if (auto dense = dyn_cast<DenseFPElementsAttr>(value)) {
    const auto all = dense.getValues<APFloat>().begin();
    for (int64_t i = begin; i < begin + count; ++i) {
      APFloat number = *(all + i);
      bool losesInfo = false;
      number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &losesInfo);
      numbers.push_back(number.convertToDouble());
    }
    return numbers;
  }
  const auto all = cast<DenseIntElementsAttr>(value).getValues<APInt>().begin();
  for (int64_t i = begin; i < begin + count; ++i)
    numbers.push_back((*(all + i)).signedRoundToDouble());
  return numbers;
}

/// Folds `value`; `known` holds what has been folded before. Recursion is bounded for hostile
/// input's sake.
static Attribute evaluate(Value value, llvm::DenseMap<Value, Attribute> &known, int depth) {
  Operation *def = value.getDefiningOp();
  if (!def || def->getNumRegions() != 0 || def->getNumResults() != 1 || depth > 64 ||
      !value.getType().isIntOrIndex())
    return {};
  if (auto constant = dyn_cast<arith::ConstantOp>(def))
    return constant.getValue();
  if (auto it = known.find(value); it != known.end())
    return it->second;
  SmallVector<Attribute> operands;
  for (Value operand : def->getOperands())
    operands.push_back(evaluate(operand, known, depth + 1));
  SmallVector<OpFoldResult> results;
  Attribute result;
  if (!llvm::is_contained(operands, Attribute()) && succeeded(def->fold(operands, results)) &&
      results.size() == 1) {
    result = dyn_cast<Attribute>(results.front());
    if (!result)
      result = evaluate(cast<Value>(results.front()), known, depth + 1);
  }
  return known[value] = result;
}

std::optional<int64_t> getConstantInteger(Value value) {
  llvm::DenseMap<Value, Attribute> known;
  auto attr = dyn_cast_or_null<IntegerAttr>(evaluate(value, known, 0));
  return attr ? attr.getValue().trySExtValue() : std::nullopt;
}

} // namespace keymemrt::compiler
