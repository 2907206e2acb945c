// SPDX-License-Identifier: Apache-2.0
// The orion dialect.

#include "compiler/dialect/Orion/Orion.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

#include "compiler/dialect/Orion/OrionDialect.cpp.inc"

#define GET_OP_CLASSES
#include "compiler/dialect/Orion/OrionOps.cpp.inc"

namespace keymemrt::orion {

void OrionDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "compiler/dialect/Orion/OrionOps.cpp.inc"
      >();
}

LogicalResult LinearTransformOp::verify() {
  const auto diagonals = cast<RankedTensorType>(getDiagonals().getType());
  if (diagonals.getRank() != 2 || !diagonals.hasStaticShape())
    return emitOpError("expected diagonals of static shape (number of diagonals) x (slots), found ")
           << diagonals;
  const int64_t rows = diagonals.getDimSize(0), slots = diagonals.getDimSize(1);
  if (rows == 0 || slots == 0)
    return emitOpError("expected at least one diagonal and one slot, found ") << diagonals;
  const ArrayRef<int32_t> indices = getDiagonalIndices();
  if (!indices.empty() && static_cast<int64_t>(indices.size()) != rows)
    return emitOpError("expected ")
           << rows << " 'diagonal_indices', one for each row of the diagonals, found "
           << indices.size();
  for (int32_t index : indices)
    if (index <= -slots || index >= slots)
      return emitOpError("expected 'diagonal_indices' between -")
             << slots << " and " << slots << " (exclusive), found " << index;
  if (IntegerAttr attr = getSlotsAttr(); attr && attr.getValue() != slots)
    return emitOpError("expected 'slots' to be the length of the diagonals, ")
           << slots << ", found " << attr;
  const int64_t size = getInput().getType().getSize();
  if (size != 2 || getOutput().getType().getSize() != 2)
    return emitOpError("expected ciphertexts of size 2, found sizes ")
           << size << " and " << getOutput().getType().getSize();
  return success();
}

std::vector<double> ChebyshevOp::getCoefficientValues() {
  std::vector<double> values;
  for (APFloat value : getCoefficients().getAsValueRange<FloatAttr>())
    values.push_back(value.convertToDouble());
  return values;
}

LogicalResult ChebyshevOp::verify() {
  if (getCoefficients().empty())
    return emitOpError("expected at least one coefficient");
  for (APFloat value : getCoefficients().getAsValueRange<FloatAttr>())
    if (!value.isFinite())
      return emitOpError("expected finite coefficients");
  if (!getDomainStart().isFinite() || !getDomainEnd().isFinite() ||
      !(getDomainStart() < getDomainEnd()))
    return emitOpError("expected finite 'domain_start' < 'domain_end', found ")
           << getDomainStartAttr() << " and " << getDomainEndAttr();
  if (getInput().getType().getSize() != 2 || getOutput().getType().getSize() != 2)
    return emitOpError("expected ciphertexts of size 2, found sizes ")
           << getInput().getType().getSize() << " and " << getOutput().getType().getSize();
  return success();
}

} // namespace keymemrt::orion
