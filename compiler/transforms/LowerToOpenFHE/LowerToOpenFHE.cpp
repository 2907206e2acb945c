// SPDX-License-Identifier: Apache-2.0
// Programs as calls of OpenFHE.

#include "compiler/transforms/LowerToOpenFHE/LowerToOpenFHE.h"

#include "compiler/analysis/Levels/Levels.h"
#include "compiler/dialect/CKKS/CKKS.h"
#include "compiler/dialect/OpenFHE/OpenFHE.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;

namespace keymemrt::compiler {

#define GEN_PASS_DEF_LOWERTOOPENFHE
#include "compiler/transforms/LowerToOpenFHE/LowerToOpenFHE.h.inc"

namespace {

/// Writes the operations of a function anew, one by one, before themselves.
class Writer {
public:
  Writer(func::FuncOp function, const Chain &chain, bool keys)
      : function(function), chain(chain), keys(keys), builder(function.getContext()) {}

  LogicalResult run();

private:
  LogicalResult write(Operation *op);
  LogicalResult writeLoad(key_mgmt::LoadKeyOp op);
  LogicalResult writeEncode(lwe::RLWEEncodeOp op);
  LogicalResult writeScalar(Operation *op, APFloat real, APFloat imaginary);
  LogicalResult writeRotateHoisted(key_mgmt::RotateHoistedOp op);

  Type convert(Type type) const {
    if (isa<lwe::CiphertextType>(type))
      return openfhe::CiphertextType::get(type.getContext());
    if (isa<lwe::PlaintextType>(type))
      return openfhe::PlaintextType::get(type.getContext());
    if (isa<key_mgmt::DigitsType>(type))
      return openfhe::DigitDecompType::get(type.getContext());
    return type;
  }

  /// `Op` on what the operands of `op` have become, before attributes.
  template <typename Op, typename... Args> LogicalResult call(Operation *op, Args... args) {
    SmallVector<Value> operands = {context};
    for (Value operand : op->getOperands())
      if (!key_mgmt::isKey(operand.getType()))
        operands.push_back(values.lookup(operand));
    auto made = Op::create(builder, op->getLoc(), TypeRange{convert(op->getResult(0).getType())},
                           operands, args...);
    values.map(op->getResult(0), made->getResult(0));
    return success();
  }

  /// How often the default scale is in `scale`, where it is a power of it as OpenFHE has them.
  std::optional<int> degreeOf(double scale) const {
    const double degree = std::log2(scale) / std::log2(chain.defaultScale());
    if (std::abs(degree - std::round(degree)) * std::log2(chain.defaultScale()) > 1)
      return std::nullopt;
    return static_cast<int>(std::round(degree));
  }

  int64_t shiftOf(Value key) const {
    return *cast<key_mgmt::RotKeyType>(key.getType()).getRotationIndex();
  }

  func::FuncOp function;
  const Chain &chain;
  const bool keys;
  OpBuilder builder;
  IRMapping values;
  Value context;
};

LogicalResult Writer::writeLoad(key_mgmt::LoadKeyOp op) {
  auto key = dyn_cast<key_mgmt::RotKeyType>(op.getType());
  if (key_mgmt::getKeyShape(op.getType()))
    return op.emitOpError("loads a key of another special modulus than the parameters', which "
                          "OpenFHE does not have");
  if (isa<key_mgmt::RelinKeyType>(op.getType()))
    return success(); // the context's
  if (!key || !key.getRotationIndex())
    return op.emitOpError("expected a rotation key of constant index, or the relinearization key, "
                          "found ")
           << op.getType();
  if (!keys)
    return success();
  auto load = key_mgmt::LoadKeyOp::create(
      builder, op.getLoc(), key_mgmt::RotKeyType::get(op.getContext(), key.getRotationIndex()),
      values.lookup(op.getIndex()), Attribute());
  values.map(op.getKey(), load.getKey());
  return success();
}

LogicalResult Writer::writeEncode(lwe::RLWEEncodeOp op) {
  auto scale = dyn_cast_or_null<FloatAttr>(op.getScaleAttr());
  if (!scale || degreeOf(scale.getValueAsDouble()) != 1)
    return op.emitOpError("has no scale, or one that OpenFHE does not encode at: expected about "
                          "the default scale, ")
           << chain.defaultScale();
  return call<openfhe::MakeCKKSPackedPlaintextOp>(op);
}

/// A number is a plaintext to OpenFHE.
LogicalResult Writer::writeScalar(Operation *op, APFloat real, APFloat imaginary) {
  const bool isSum = isa<ckks::AddScalarOp>(op), isProductAndSum = isa<ckks::MulScalarAddOp>(op);
  const std::optional<Fact> before = getFact(op->getOperand(isProductAndSum ? 1 : 0)),
                            after = getFact(op->getResult(0));
  if (!before || !after || !imaginary.isZero() ||
      degreeOf(isSum ? after->scale : after->scale / before->scale) != 1)
    return op->emitOpError("expected a real number at about the default scale, ")
           << chain.defaultScale() << ", which is what OpenFHE encodes numbers at";
  const Location location = op->getLoc();
  auto type = RankedTensorType::get({1}, builder.getF64Type());
  Value number = arith::ConstantOp::create(builder, location,
                                           DenseElementsAttr::get(type, real.convertToDouble()));
  Value plaintext = openfhe::MakeCKKSPackedPlaintextOp::create(
      builder, location, openfhe::PlaintextType::get(op->getContext()), context, number);
  const auto ciphertext = openfhe::CiphertextType::get(op->getContext());
  Value result;
  if (isSum) {
    result = openfhe::AddPlainOp::create(builder, location, ciphertext, context,
                                         values.lookup(op->getOperand(0)), plaintext);
  } else {
    result = openfhe::MulPlainOp::create(builder, location, ciphertext, context,
                                         values.lookup(op->getOperand(isProductAndSum)), plaintext);
    if (isProductAndSum)
      result = openfhe::AddOp::create(builder, location, ciphertext, context,
                                      values.lookup(op->getOperand(0)), result);
  }
  values.map(op->getResult(0), result);
  return success();
}

LogicalResult Writer::writeRotateHoisted(key_mgmt::RotateHoistedOp op) {
  Value shift = keys ? values.lookup(op.getRotKey())
                     : arith::ConstantIndexOp::create(builder, op.getLoc(), shiftOf(op.getRotKey()))
                           .getResult();
  auto made = openfhe::FastRotationOp::create(
      builder, op.getLoc(), convert(op.getType()), context, values.lookup(op.getInput()), shift,
      builder.getIndexAttr(4 * chain.slots()), values.lookup(op.getDigits()));
  values.map(op.getOutput(), made.getOutput());
  return success();
}

LogicalResult Writer::write(Operation *op) {
  builder.setInsertionPoint(op);
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](key_mgmt::LoadKeyOp op) { return writeLoad(op); })
      .Case([&](key_mgmt::ClearKeyOp op) {
        if (keys && isa<key_mgmt::RotKeyType>(op.getKey().getType()))
          key_mgmt::ClearKeyOp::create(builder, op.getLoc(), values.lookup(op.getKey()));
        return success();
      })
      .Case([](key_mgmt::ClearOp) { return success(); })
      .Case([&](lwe::RLWEEncodeOp op) { return writeEncode(op); })
      .Case([&](ckks::AddOp op) { return call<openfhe::AddOp>(op); })
      .Case([&](ckks::SubOp op) { return call<openfhe::SubOp>(op); })
      .Case([&](ckks::MulOp op) { return call<openfhe::MulNoRelinOp>(op); })
      .Case([&](ckks::AddPlainOp op) { return call<openfhe::AddPlainOp>(op); })
      .Case([&](ckks::SubPlainOp op) { return call<openfhe::SubPlainOp>(op); })
      .Case([&](ckks::MulPlainOp op) { return call<openfhe::MulPlainOp>(op); })
      .Case([&](ckks::NegateOp op) { return call<openfhe::NegateOp>(op); })
      .Case([&](ckks::RescaleOp op) { return call<openfhe::ModReduceOp>(op); })
      .Case([&](ckks::LevelReduceOp op) {
        return call<openfhe::LevelReduceOp>(op, ArrayRef<NamedAttribute>(builder.getNamedAttr(
                                                    "levelToDrop", op.getLevelToDropAttr())));
      })
      .Case([&](ckks::BootstrapOp op) { return call<openfhe::BootstrapOp>(op); })
      .Case([&](key_mgmt::RelinearizeOp op) { return call<openfhe::RelinOp>(op); })
      .Case([&](key_mgmt::DecomposeOp op) { return call<openfhe::FastRotationPrecomputeOp>(op); })
      .Case([&](key_mgmt::RotateHoistedOp op) { return writeRotateHoisted(op); })
      .Case([&](key_mgmt::RotateOp op) {
        auto made = openfhe::RotOp::create(
            builder, op.getLoc(), convert(op.getType()), context, values.lookup(op.getInput()),
            keys ? values.lookup(op.getRotKey()) : Value(),
            keys ? IntegerAttr() : builder.getIndexAttr(shiftOf(op.getRotKey())));
        values.map(op.getOutput(), made.getOutput());
        return success();
      })
      .Case<ckks::MulScalarOp, ckks::AddScalarOp, ckks::MulScalarAddOp>(
          [&](auto op) { return writeScalar(op, op.getReal(), op.getImaginary()); })
      .Case([&](func::ReturnOp op) {
        SmallVector<Value> results;
        for (Value operand : op.getOperands())
          results.push_back(values.lookup(operand));
        func::ReturnOp::create(builder, op.getLoc(), results);
        return success();
      })
      .Default([&](Operation *op) -> LogicalResult {
        const auto isNumber = [](Type type) {
          return isa<RankedTensorType>(type) || type.isIntOrIndexOrFloat();
        };
        if (!llvm::all_of(op->getResultTypes(), isNumber))
          return op->emitOpError("has no call of OpenFHE's; expected a program with transforms of "
                                 "form bsgs and whole bootstraps (opaque-bootstrap)");
        builder.clone(*op, values);
        return success();
      });
}

LogicalResult Writer::run() {
  Block &block = function.getBody().front();
  SmallVector<Operation *> ops;
  for (Operation &op : block)
    ops.push_back(&op);
  // The new arguments stand behind the old ones until these are gone.
  const unsigned count = block.getNumArguments();
  context =
      block.addArgument(openfhe::CryptoContextType::get(function.getContext()), function.getLoc());
  SmallVector<Type> inputs = {context.getType()}, results;
  for (BlockArgument old : llvm::to_vector(block.getArguments().take_front(count))) {
    inputs.push_back(convert(old.getType()));
    values.map(old, block.addArgument(inputs.back(), old.getLoc()));
  }
  for (Operation *op : ops)
    if (failed(write(op)))
      return failure();
  for (Operation *op : llvm::reverse(ops))
    op->erase();
  block.eraseArguments(0, count);
  SmallVector<Attribute> attributes = {builder.getDictionaryAttr({})};
  for (unsigned i = 0; i < count; ++i) {
    NamedAttrList kept(function.getArgAttrDict(i));
    for (StringRef gone : {"kmrt.level", "kmrt.scale"}) // of a ciphertext of ours
      kept.erase(gone);
    attributes.push_back(kept.getDictionary(function.getContext()));
  }
  for (Type type : function.getResultTypes())
    results.push_back(convert(type));
  function.setFunctionType(builder.getFunctionType(inputs, results));
  function.setArgAttrsAttr(builder.getArrayAttr(attributes));
  return success();
}

struct LowerToOpenFHE : impl::LowerToOpenFHEBase<LowerToOpenFHE> {
  using LowerToOpenFHEBase::LowerToOpenFHEBase;

  void runOnOperation() override {
    const FailureOr<Chain> chain = Chain::get(getOperation());
    if (failed(chain))
      return signalPassFailure();
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.isExternal() || !function.getBody().hasOneBlock()) {
        function.emitError("expected a straight line, as phase 'keyed' leaves it");
        return signalPassFailure();
      }
      if (failed(Writer(function, *chain, keys).run()))
        return signalPassFailure();
    }
    getOperation()->setAttr("backend.openfhe", UnitAttr::get(&getContext()));
  }
};

} // namespace

} // namespace keymemrt::compiler
