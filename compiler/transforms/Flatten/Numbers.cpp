// SPDX-License-Identifier: Apache-2.0
// Cleartext numbers while a function is flattened; see Numbers.h.

#include "compiler/transforms/Flatten/Numbers.h"

#include "compiler/analysis/PlainSource/PlainSource.h"
#include "compiler/dialect/TensorExt/TensorExt.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;

namespace keymemrt::compiler {

std::optional<size_t> countElements(Type type) {
  auto shaped = dyn_cast<ShapedType>(type);
  if (!shaped)
    return 1;
  if (!shaped.hasStaticShape())
    return std::nullopt;
  int64_t count = 1;
  for (int64_t size : shaped.getShape())
    if (llvm::MulOverflow(count, size, count) || count > kMostElements)
      return std::nullopt;
  return static_cast<size_t>(count);
}

Attribute getNumber(const Element &element) {
  if (element.number)
    return element.number;
  if (!element.value || element.position < 0 || !hasNumbers(element.value))
    return {};
  const Type type = cast<ShapedType>(element.value.getType()).getElementType();
  const double number = getNumbers(element.value, element.position, 1).front();
  if (isa<FloatType>(type))
    return FloatAttr::get(type, number);
  return IntegerAttr::get(type, static_cast<int64_t>(number));
}

namespace {

/// A row of `root`, seen as rows x columns, rotated to the left.
struct Row {
  Value root;
  int64_t row;
  int64_t rotation;
};

std::optional<Row> findRow(ArrayRef<Element> numbers) {
  const Element &first = numbers.front();
  auto type = first.position >= 0 ? cast<RankedTensorType>(first.value.getType()) : nullptr;
  const auto columns = static_cast<int64_t>(numbers.size());
  if (!type || type.getRank() < 1 || type.getRank() > 2 || type.getShape().back() != columns)
    return std::nullopt;
  const Row row = {first.value, first.position / columns, first.position % columns};
  for (int64_t i = 0; i < columns; ++i)
    if (numbers[i].value != row.root ||
        numbers[i].position != row.row * columns + (row.rotation + i) % columns)
      return std::nullopt;
  return row;
}

Value makeRow(OpBuilder &builder, Location location, const Row &row) {
  const auto whole = cast<RankedTensorType>(row.root.getType());
  const int64_t columns = whole.getShape().back();
  const auto type = RankedTensorType::get({columns}, whole.getElementType());
  Value result = row.root;
  if (whole.getRank() == 2) {
    const OpFoldResult zero = builder.getIndexAttr(0), one = builder.getIndexAttr(1);
    result = tensor::ExtractSliceOp::create(
        builder, location, type, row.root, {builder.getIndexAttr(row.row), zero},
        {one, OpFoldResult(builder.getIndexAttr(columns))}, {one, one});
  }
  if (row.rotation != 0) {
    const Value shift = arith::ConstantIndexOp::create(builder, location, row.rotation);
    result = tensor_ext::RotateOp::create(builder, location, type, result, shift);
  }
  return result;
}

std::optional<double> toDouble(Attribute number) {
  if (auto attr = dyn_cast_or_null<FloatAttr>(number))
    return attr.getValueAsDouble();
  if (auto attr = dyn_cast_or_null<IntegerAttr>(number))
    return attr.getValue().signedRoundToDouble();
  return std::nullopt;
}

} // namespace

FailureOr<Value> materialize(OpBuilder &builder, Operation *user, ArrayRef<Element> numbers,
                             Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  const Location location = user->getLoc();
  if (tensor && numbers.empty())
    return user->emitOpError("expected at least one number");
  if (tensor && tensor.getRank() == 1)
    if (const std::optional<Row> row = findRow(numbers))
      return makeRow(builder, location, *row);
  // A tensor of which nothing has been changed.
  if (tensor && numbers.front().position == 0 && numbers.front().value.getType() == type &&
      llvm::all_of(llvm::enumerate(numbers), [&](auto it) {
        return it.value().value == numbers.front().value &&
               it.value().position == static_cast<int64_t>(it.index());
      }))
    return numbers.front().value;
  const Type elementType = tensor ? tensor.getElementType() : type;
  SmallVector<Attribute> constants;
  for (const Element &element : numbers) {
    Attribute number = getNumber(element);
    if (!number && element.isSet()) {
      InFlightDiagnostic error =
          user->emitOpError("cannot be evaluated at compile time: the numbers of a plaintext are "
                            "constants, or a row of a function argument, possibly rotated");
      error.attachNote(element.value.getLoc())
          << (isa<BlockArgument>(element.value) ? "this argument is among them"
                                                : "an elided resource is among them");
      return error;
    }
    constants.push_back(number ? number : builder.getZeroAttr(elementType));
  }
  const auto value = tensor ? cast<TypedAttr>(DenseElementsAttr::get(tensor, constants))
                            : cast<TypedAttr>(constants.front());
  return arith::ConstantOp::create(builder, location, value).getResult();
}

FailureOr<Elements> evaluateElementwise(Operation *op, ArrayRef<const Elements *> operands,
                                        size_t size, Type elementType) {
  auto floatType = dyn_cast<FloatType>(elementType);
  if (!floatType || operands.empty() || operands.size() > 2)
    return failure();
  double (*function)(double, double) =
      llvm::TypeSwitch<Operation *, double (*)(double, double)>(op)
          .Case<arith::AddFOp>([](auto) { return [](double a, double b) { return a + b; }; })
          .Case<arith::SubFOp>([](auto) { return [](double a, double b) { return a - b; }; })
          .Case<arith::MulFOp>([](auto) { return [](double a, double b) { return a * b; }; })
          .Case<arith::DivFOp>([](auto) { return [](double a, double b) { return a / b; }; })
          .Case<arith::NegFOp>([](auto) { return [](double a, double) { return -a; }; })
          .Case<arith::ExtFOp, arith::TruncFOp>(
              [](auto) { return [](double a, double) { return a; }; })
          .Default(nullptr);
  if (!function || operands.size() != op->getNumOperands())
    return failure();
  Elements result(size);
  for (size_t i = 0; i < size; ++i) {
    double values[2] = {0, 0};
    for (size_t j = 0; j < operands.size(); ++j) {
      const Element &element = (*operands[j])[i];
      const std::optional<double> number = toDouble(getNumber(element));
      if (!number && element.isSet())
        return failure();
      values[j] = number.value_or(0);
    }
    // FloatAttr rounds to its type.
    result[i].number = FloatAttr::get(floatType, function(values[0], values[1]));
  }
  return result;
}

} // namespace keymemrt::compiler
