// SPDX-License-Identifier: Apache-2.0
// Multiplications by small integers as additions.

#include "compiler/transforms/MulToAdd/MulToAdd.h"

#include "compiler/analysis/PlainSource/PlainSource.h"
#include "compiler/dialect/CKKS/CKKS.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;

namespace keymemrt::compiler {

#define GEN_PASS_DEF_MULTOADD
#include "compiler/transforms/MulToAdd/MulToAdd.h.inc"

namespace {

/// The integer that is in all slots of a plaintext.
std::optional<int64_t> getInteger(Value plaintext) {
  auto encode = plaintext.getDefiningOp<lwe::RLWEEncodeOp>();
  if (!encode || !isa<lwe::PlaintextType>(plaintext.getType()) || !hasNumbers(encode.getInput()))
    return std::nullopt;
  auto tensor = dyn_cast<RankedTensorType>(encode.getInput().getType());
  auto constant = encode.getInput().getDefiningOp<arith::ConstantOp>();
  auto dense = dyn_cast<DenseElementsAttr>(constant.getValue());
  const int64_t count = !tensor || (dense && dense.isSplat()) ? 1 : tensor.getNumElements();
  const std::vector<double> numbers = getNumbers(encode.getInput(), 0, count);
  for (double number : numbers)
    if (number != numbers.front())
      return std::nullopt;
  if (numbers.front() != std::trunc(numbers.front()) || std::abs(numbers.front()) > 1e9)
    return std::nullopt;
  return static_cast<int64_t>(numbers.front());
}

struct MulToAdd : impl::MulToAddBase<MulToAdd> {
  using MulToAddBase::MulToAddBase;

  void runOnOperation() override {
    getOperation().walk([&](ckks::MulPlainOp op) {
      const Value x = op.getCiphertext();
      const std::optional<int64_t> factor = getInteger(op.getPlaintext());
      if (!factor || *factor == 0 || !isa<lwe::CiphertextType>(x.getType()))
        return;
      // Types are hints, but those that users see stay.
      if (std::abs(*factor) == 1 && x.getType() != op.getType())
        return;
      const auto size = static_cast<uint64_t>(std::abs(*factor));
      const unsigned bits = llvm::Log2_64(size);
      if (!llvm::isPowerOf2_64(size) && bits + llvm::popcount(size) - 1 > mostAdditions)
        return;
      if (bits > mostAdditions)
        return;
      OpBuilder builder(op);
      Value result = x;
      for (unsigned bit = bits; bit-- > 0;) {
        result = add(builder, op, result, result);
        if (size >> bit & 1)
          result = add(builder, op, result, x);
      }
      if (*factor < 0)
        result = ckks::NegateOp::create(builder, op.getLoc(), result);
      op.getOutput().replaceAllUsesWith(result);
      Operation *encode = op.getPlaintext().getDefiningOp();
      op.erase();
      if (encode->use_empty())
        encode->erase();
    });
  }

  static Value add(OpBuilder &builder, ckks::MulPlainOp op, Value lhs, Value rhs) {
    return ckks::AddOp::create(builder, op.getLoc(), op.getType(), lhs, rhs);
  }
};

} // namespace

} // namespace keymemrt::compiler
