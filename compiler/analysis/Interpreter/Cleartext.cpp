// SPDX-License-Identifier: Apache-2.0
// Cleartext operations of the interpreter; see Cleartext.h.

#include "compiler/analysis/Interpreter/Cleartext.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;

namespace keymemrt::compiler {

std::optional<double> evaluateScalar(Operation *op, ArrayRef<double> x) {
  using Result = std::optional<double>;
  const auto quotient = [&](double (*round)(double)) -> Result {
    return x[1] == 0 ? Result() : round(x[0] / x[1]);
  };
  return llvm::TypeSwitch<Operation *, Result>(op)
      .Case<arith::AddIOp, arith::AddFOp>([&](auto) -> Result { return x[0] + x[1]; })
      .Case<arith::SubIOp, arith::SubFOp>([&](auto) -> Result { return x[0] - x[1]; })
      .Case<arith::MulIOp, arith::MulFOp>([&](auto) -> Result { return x[0] * x[1]; })
      .Case<arith::DivFOp>([&](auto) -> Result { return x[0] / x[1]; })
      .Case<arith::NegFOp>([&](auto) -> Result { return -x[0]; })
      .Case<arith::DivSIOp>([&](auto) { return quotient(std::trunc); })
      .Case<arith::FloorDivSIOp>([&](auto) { return quotient(std::floor); })
      .Case<arith::CeilDivSIOp>([&](auto) { return quotient(std::ceil); })
      .Case<arith::RemSIOp>(
          [&](auto) -> Result { return x[1] == 0 ? Result() : std::fmod(x[0], x[1]); })
      .Case<arith::MinSIOp>([&](auto) -> Result { return std::min(x[0], x[1]); })
      .Case<arith::MaxSIOp>([&](auto) -> Result { return std::max(x[0], x[1]); })
      .Case<arith::AndIOp>([&](auto) -> Result { return x[0] != 0 && x[1] != 0; }) // of conditions
      .Case<arith::OrIOp>([&](auto) -> Result { return x[0] != 0 || x[1] != 0; })
      .Case<arith::SelectOp>([&](auto) -> Result { return x[0] != 0 ? x[1] : x[2]; })
      .Case<arith::IndexCastOp, arith::ExtSIOp, arith::TruncIOp, arith::ExtFOp, arith::TruncFOp,
            arith::SIToFPOp>([&](auto) -> Result { return x[0]; })
      .Case<arith::CmpIOp>([&](arith::CmpIOp op) -> Result {
        switch (op.getPredicate()) {
        case arith::CmpIPredicate::eq:
          return x[0] == x[1];
        case arith::CmpIPredicate::ne:
          return x[0] != x[1];
        case arith::CmpIPredicate::slt:
          return x[0] < x[1];
        case arith::CmpIPredicate::sle:
          return x[0] <= x[1];
        case arith::CmpIPredicate::sgt:
          return x[0] > x[1];
        case arith::CmpIPredicate::sge:
          return x[0] >= x[1];
        default:
          return std::nullopt;
        }
      })
      .Default(Result());
}

static std::optional<double> evaluateExpression(AffineExpr expr, ArrayRef<double> dims,
                                                ArrayRef<double> symbols) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return constant.getValue();
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return dims[dim.getPosition()];
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return symbols[symbol.getPosition()];
  auto binary = cast<AffineBinaryOpExpr>(expr);
  const auto lhs = evaluateExpression(binary.getLHS(), dims, symbols),
             rhs = evaluateExpression(binary.getRHS(), dims, symbols);
  if (!lhs || !rhs)
    return std::nullopt;
  switch (binary.getKind()) {
  case AffineExprKind::Add:
    return *lhs + *rhs;
  case AffineExprKind::Mul:
    return *lhs * *rhs;
  case AffineExprKind::FloorDiv:
    return std::floor(*lhs / *rhs);
  case AffineExprKind::CeilDiv:
    return std::ceil(*lhs / *rhs);
  case AffineExprKind::Mod:
    return *lhs - std::floor(*lhs / *rhs) * *rhs;
  default:
    return std::nullopt;
  }
}

std::optional<std::vector<int64_t>> evaluateMap(AffineMap map, ArrayRef<double> operands) {
  std::vector<int64_t> results;
  for (AffineExpr expr : map.getResults()) {
    const auto result = evaluateExpression(expr, operands.take_front(map.getNumDims()),
                                           operands.drop_front(map.getNumDims()));
    if (!result || !std::isfinite(*result))
      return std::nullopt;
    results.push_back(static_cast<int64_t>(*result));
  }
  return results;
}

std::optional<size_t> getPlace(ArrayRef<int64_t> indices, ArrayRef<int64_t> shape) {
  size_t place = 0;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (indices[i] < 0 || indices[i] >= shape[i])
      return std::nullopt;
    place = place * static_cast<size_t>(shape[i]) + static_cast<size_t>(indices[i]);
  }
  return place;
}

std::optional<std::vector<size_t>>
getSlicePlaces(OffsetSizeAndStrideOpInterface slice, ArrayRef<int64_t> shape,
               const std::function<int64_t(OpFoldResult)> &integer) {
  std::vector<std::vector<int64_t>> coordinates = {{}};
  const auto offsets = slice.getMixedOffsets(), sizes = slice.getMixedSizes(),
             strides = slice.getMixedStrides();
  for (size_t d = 0; d < shape.size(); ++d) {
    std::vector<std::vector<int64_t>> longer;
    for (const auto &prefix : coordinates)
      for (int64_t i = 0; i < integer(sizes[d]); ++i) {
        longer.push_back(prefix);
        longer.back().push_back(integer(offsets[d]) + i * integer(strides[d]));
      }
    coordinates = std::move(longer);
  }
  std::vector<size_t> places;
  for (const auto &coordinate : coordinates) {
    const auto place = getPlace(coordinate, shape);
    if (!place)
      return std::nullopt;
    places.push_back(*place);
  }
  return places;
}

} // namespace keymemrt::compiler
