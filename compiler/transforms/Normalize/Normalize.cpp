// SPDX-License-Identifier: Apache-2.0
// The import of a straight-line program.

#include "compiler/transforms/Normalize/Normalize.h"

#include "compiler/analysis/Levels/Levels.h"
#include "compiler/analysis/PlainSource/PlainSource.h"
#include "compiler/dialect/CKKS/CKKS.h"
#include "compiler/dialect/Kernel/Kernel.h"
#include "compiler/dialect/Orion/Orion.h"
#include "compiler/dialect/TensorExt/TensorExt.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;

namespace keymemrt::compiler {

#define GEN_PASS_DEF_NORMALIZE
#include "compiler/transforms/Normalize/Normalize.h.inc"

namespace {

class Normalizer {
public:
  Normalizer(func::FuncOp function, const Chain &chain) : function(function), chain(chain) {}

  LogicalResult run() {
    if (!function.getBody().hasOneBlock())
      return function.emitError("expected a straight-line program, found branches between ")
             << function.getBody().getBlocks().size() << " blocks";
    for (Operation &op : llvm::make_early_inc_range(function.getBody().front()))
      if (failed(rewrite(&op)))
        return failure();
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(function.getBody().front())))
      if (isOpTriviallyDead(&op))
        op.erase();
    return check();
  }

private:
  LogicalResult rewrite(Operation *op);
  LogicalResult rewriteRotate(ckks::RotateOp op);
  template <typename PlainOp> void putCiphertextFirst(PlainOp op);
  LogicalResult check();
  LogicalResult checkArgument(BlockArgument argument);
  LogicalResult checkOp(Operation *op);
  LogicalResult checkColumns(Operation *op, int64_t columns);

  func::FuncOp function;
  const Chain &chain;
};

/// Replaces the synonym `op` by `Op` with the same operands and attributes.
template <typename Op> void respell(Operation *op) {
  OpBuilder builder(op);
  auto replacement =
      Op::create(builder, op->getLoc(), op->getResultTypes(), op->getOperands(), op->getAttrs());
  op->replaceAllUsesWith(replacement);
  op->erase();
}

/// Diagonals that are an attribute become a constant.
LogicalResult respellTransform(kernel::LinearTransformOp op) {
  OpBuilder builder(op);
  SmallVector<int32_t> indices;
  for (int64_t index : op.getDiagonalIndices())
    indices.push_back(static_cast<int32_t>(index));
  auto diagonals = dyn_cast<TypedAttr>(op.getDiagonals());
  if (!diagonals || !isa<lwe::CiphertextType>(op.getInput().getType()) ||
      !isa<lwe::CiphertextType>(op.getType()) ||
      !isa<FloatType>(op.getDiagonals().getElementType()) ||
      llvm::any_of(op.getDiagonalIndices(),
                   [](int64_t index) { return index != static_cast<int32_t>(index); }))
    return op.emitOpError("expected a single ciphertext and diagonals of floats");
  const Value constant = arith::ConstantOp::create(builder, op.getLoc(), diagonals);
  OperationState state(
      op.getLoc(), orion::LinearTransformOp::getOperationName(), {op.getInput(), constant},
      op->getResultTypes(),
      {builder.getNamedAttr("diagonal_indices", builder.getDenseI32ArrayAttr(indices))});
  Operation *made = builder.create(state);
  op->replaceAllUsesWith(made);
  op.erase();
  return cast<orion::LinearTransformOp>(made).verify();
}

LogicalResult Normalizer::rewrite(Operation *op) {
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case([](lwe::RAddOp op) { return respell<ckks::AddOp>(op), success(); })
      .Case([](lwe::RSubOp op) { return respell<ckks::SubOp>(op), success(); })
      .Case([](lwe::RMulOp op) { return respell<ckks::MulOp>(op), success(); })
      .Case([](lwe::RNegateOp op) { return respell<ckks::NegateOp>(op), success(); })
      .Case<lwe::RAddPlainOp, lwe::RSubPlainOp, lwe::RMulPlainOp>([&](Operation *op) {
        OpBuilder builder(op);
        const StringRef name = isa<lwe::RAddPlainOp>(op)   ? ckks::AddPlainOp::getOperationName()
                               : isa<lwe::RSubPlainOp>(op) ? ckks::SubPlainOp::getOperationName()
                                                           : ckks::MulPlainOp::getOperationName();
        Operation *replacement =
            builder.create(op->getLoc(), builder.getStringAttr(name), op->getOperands(),
                           op->getResultTypes(), op->getAttrs());
        op->replaceAllUsesWith(replacement);
        op->erase();
        return rewrite(replacement);
      })
      .Case<ckks::AddPlainOp, ckks::SubPlainOp, ckks::MulPlainOp>(
          [&](auto op) { return putCiphertextFirst(op), success(); })
      .Case([&](ckks::RotateOp op) { return rewriteRotate(op); })
      .Case([](kernel::EvalChebyshevOp op) -> LogicalResult {
        if (!isa<lwe::CiphertextType>(op.getInput().getType()) ||
            op.getType() != op.getInput().getType())
          return op.emitOpError("expected a single ciphertext");
        OpBuilder builder(op);
        op.replaceAllUsesWith(orion::ChebyshevOp::create(builder, op.getLoc(), op.getType(),
                                                         op.getInput(), op.getCoefficients(),
                                                         builder.getF64FloatAttr(-1),
                                                         builder.getF64FloatAttr(1))
                                  .getOutput());
        return op.erase(), success();
      })
      .Case([](kernel::LinearTransformOp op) { return respellTransform(op); })
      .Default(success());
}

template <typename PlainOp> void Normalizer::putCiphertextFirst(PlainOp op) {
  const Value ciphertext = op.getCiphertext(), plaintext = op.getPlaintext();
  if (op.getLhs() == ciphertext)
    return;
  op->setOperands({ciphertext, plaintext});
  if constexpr (std::is_same_v<PlainOp, ckks::SubPlainOp>) {
    // p - c = -(c - p)
    OpBuilder builder(op->getContext());
    builder.setInsertionPointAfter(op);
    auto negate = ckks::NegateOp::create(builder, op.getLoc(), op.getOutput());
    op.getOutput().replaceAllUsesExcept(negate.getOutput(), negate);
  }
}

LogicalResult Normalizer::rewriteRotate(ckks::RotateOp op) {
  std::optional<int64_t> shift;
  if (IntegerAttr attr = op.getStaticShiftAttr())
    shift = attr.getValue().trySExtValue();
  else
    shift = getConstantInteger(op.getDynamicShift());
  if (!shift)
    return op.emitOpError("expected a shift that is constant at compile time");
  // Modulo the slots of the ring, not those of the data: right whether or not the data repeat.
  const int64_t slots = chain.slots();
  int64_t reduced = (*shift % slots + slots) % slots;
  // Two rotations of which nobody sees what is between them are one.
  if (auto inner = op.getInput().getDefiningOp<ckks::RotateOp>(); inner && inner->hasOneUse()) {
    reduced = (reduced + inner.getStaticShiftAttr().getInt()) % slots;
    op.getInputMutable().assign(inner.getInput());
    inner.erase();
  }
  if (reduced == 0) {
    op.replaceAllUsesWith(op.getInput());
    op.erase();
    return success();
  }
  op.getDynamicShiftMutable().clear();
  op.setStaticShiftAttr(Builder(op.getContext()).getI64IntegerAttr(reduced));
  return success();
}

LogicalResult Normalizer::checkColumns(Operation *op, int64_t columns) {
  if (columns <= chain.slots() && chain.slots() % columns == 0)
    return success();
  return op->emitOpError("expected a number of columns that divides the ")
         << chain.slots() << " slots, found " << columns;
}

/// Of `count` numbers of `root` from number `begin`, where it is a constant: they can be encoded.
static LogicalResult checkNumbers(Operation *op, Value root, int64_t begin, int64_t count) {
  if (hasNumbers(root))
    for (double number : getNumbers(root, begin, count))
      if (!std::isfinite(number))
        return op->emitOpError("expected finite numbers, found ") << number;
  return success();
}

LogicalResult Normalizer::checkArgument(BlockArgument argument) {
  const Type type = argument.getType();
  auto error = [&] {
    return mlir::emitError(argument.getLoc())
           << "argument " << argument.getArgNumber() << " of '" << function.getName() << "': ";
  };
  if (auto ciphertext = dyn_cast<lwe::CiphertextType>(type)) {
    if (ciphertext.getSize() != 2)
      return error() << "expected a ciphertext of size 2, found size " << ciphertext.getSize();
    return success();
  }
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (tensor && tensor.hasStaticShape() && isa<FloatType>(tensor.getElementType()) &&
      (tensor.getRank() == 1 || tensor.getRank() == 2))
    return success();
  return error()
         << "expected a ciphertext or a static tensor of floats of one or two dimensions, found "
         << type;
}

LogicalResult Normalizer::checkOp(Operation *op) {
  for (Type type : llvm::concat<const Type>(op->getOperandTypes(), op->getResultTypes()))
    if (isa<ShapedType>(type) && (lwe::getCiphertextType(type) || lwe::getPlaintextType(type)))
      return op->emitOpError("works on a tensor of ciphertexts or plaintexts; run flatten");
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case<ckks::AddOp, ckks::SubOp>([](auto op) -> LogicalResult {
        const int64_t lhs = lwe::getCiphertextType(op.getLhs().getType()).getSize();
        const int64_t rhs = lwe::getCiphertextType(op.getRhs().getType()).getSize();
        if (lhs != rhs)
          return op.emitOpError("expected operands of one size, found ")
                 << lhs << " and " << rhs << "; relinearize first";
        return success();
      })
      .Case([](ckks::MulOp op) -> LogicalResult {
        for (Value operand : op->getOperands())
          if (const int64_t size = lwe::getCiphertextType(operand.getType()).getSize(); size != 2)
            return op.emitOpError("expected operands of size 2, found size ")
                   << size << "; relinearize first";
        return success();
      })
      .Case([](ckks::RelinearizeOp op) -> LogicalResult {
        if (op.getKeySwitchingKey())
          return op.emitOpError("with an explicit key is not supported");
        if (op.getFromBasis() != ArrayRef<int32_t>{0, 1, 2} ||
            op.getToBasis() != ArrayRef<int32_t>{0, 1})
          return op.emitOpError("expected from_basis = [0, 1, 2] and to_basis = [0, 1]");
        return success();
      })
      .Case<ckks::AddPlainOp, ckks::SubPlainOp, ckks::MulPlainOp, ckks::NegateOp, ckks::RotateOp,
            ckks::RescaleOp, ckks::LevelReduceOp, ckks::BootstrapOp>([](auto) { return success(); })
      .Case([&](lwe::RLWEEncodeOp op) -> LogicalResult {
        if (!isa<lwe::InverseCanonicalEncodingAttr>(op.getEncoding()))
          return op.emitOpError("expected CKKS's encoding, #lwe.inverse_canonical_encoding");
        const FailureOr<PlainSource> source = tracePlain(op.getInput(), op);
        if (failed(source) ||
            failed(checkNumbers(op, source->root, source->row * source->columns, source->columns)))
          return failure();
        return checkColumns(op, source->columns);
      })
      .Case([&](orion::LinearTransformOp op) -> LogicalResult {
        const Value diagonals = op.getDiagonals();
        if (op.getDiagonalIndices().empty())
          return op.emitOpError(
              "has no 'diagonal_indices', so that it is not known which diagonals "
              "the rows are; write them as array<i32: ...>, one for each row");
        if (!isa<BlockArgument>(diagonals) && !hasNumbers(diagonals))
          return op.emitOpError("expected diagonals that are a function argument or a constant");
        const auto type = cast<RankedTensorType>(diagonals.getType());
        if (failed(checkNumbers(op, diagonals, 0, type.getNumElements())))
          return failure();
        return checkColumns(op, type.getDimSize(1));
      })
      .Case([&](orion::ChebyshevOp op) -> LogicalResult {
        const std::vector<double> c = op.getCoefficientValues();
        if (std::all_of(c.begin() + 1, c.end(), [](double c) { return c == 0; }))
          return op.emitOpError("is a constant: expected a coefficient that is not 0 beyond the "
                                "first");
        return success();
      })
      .Case([&](func::ReturnOp op) -> LogicalResult {
        for (Value operand : op.getOperands()) {
          auto type = dyn_cast<lwe::CiphertextType>(operand.getType());
          if (!type || type.getSize() != 2)
            return op.emitOpError("expected to return ciphertexts of size 2, found ")
                   << operand.getType();
        }
        if (op.getNumOperands() == 0)
          return op.emitOpError("expected to return at least one ciphertext");
        return success();
      })
      // Numbers of plaintexts; tracePlain has looked at those that are used.
      .Case<arith::ConstantOp, tensor::ExtractSliceOp, tensor_ext::RotateOp>(
          [](auto) { return success(); })
      .Default([](Operation *op) -> LogicalResult {
        const StringRef dialect = op->getName().getDialectNamespace();
        if (op->getNumRegions() != 0)
          return op->emitOpError("is not supported: expected a straight-line program; run flatten");
        if (dialect == "func" || dialect == "cf")
          return op->emitOpError("is not supported: expected a straight-line program; run flatten");
        if (llvm::none_of(llvm::concat<const Type>(op->getOperandTypes(), op->getResultTypes()),
                          [](Type type) {
                            return lwe::getCiphertextType(type) || lwe::getPlaintextType(type);
                          }))
          return op->emitOpError(
              "computes on cleartext while the program runs, which is not supported: the numbers "
              "of "
              "a plaintext are a row of an argument or of a constant, possibly rotated");
        if (dialect == "kernel")
          return op->emitOpError("is not supported: it must be written as additions, "
                                 "multiplications and rotations");
        return op->emitOpError("is not supported in a straight-line program");
      });
}

LogicalResult Normalizer::check() {
  bool anyCiphertext = false;
  for (BlockArgument argument : function.getArguments()) {
    if (failed(checkArgument(argument)))
      return failure();
    anyCiphertext |= isa<lwe::CiphertextType>(argument.getType());
  }
  if (!anyCiphertext)
    return function.emitError("expected at least one ciphertext among the arguments of '")
           << function.getName() << "'";
  for (Operation &op : function.getBody().front())
    if (failed(checkOp(&op)))
      return failure();
  return success();
}

struct Normalize : impl::NormalizeBase<Normalize> {
  using NormalizeBase::NormalizeBase;

  void runOnOperation() override {
    const FailureOr<Chain> chain = Chain::get(getOperation());
    if (failed(chain))
      return signalPassFailure();
    Block &body = *getOperation().getBody();
    auto function = body.empty() ? func::FuncOp() : dyn_cast<func::FuncOp>(body.front());
    if (!function || !llvm::hasSingleElement(body) || function.isExternal()) {
      getOperation().emitError("expected one function and nothing else; run flatten");
      return signalPassFailure();
    }
    if (failed(Normalizer(function, *chain).run()))
      signalPassFailure();
  }
};

} // namespace

} // namespace keymemrt::compiler
