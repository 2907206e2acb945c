// SPDX-License-Identifier: Apache-2.0
// HEIR's rules of levels and scales in types.

#include "compiler/transforms/VerifyTypes/VerifyTypes.h"

#include "compiler/dialect/CKKS/CKKS.h"
#include "compiler/dialect/ModArith/ModArith.h"
#include "compiler/dialect/RNS/RNS.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;

namespace keymemrt::compiler {

#define GEN_PASS_DEF_VERIFYTYPES
#include "compiler/transforms/VerifyTypes/VerifyTypes.h.inc"

namespace {

/// The log2 of the scale that a type claims; nullopt: not tracked, or unknown.
std::optional<int64_t> getScale(Type type) {
  lwe::PlaintextSpaceAttr space;
  if (auto ciphertext = lwe::getCiphertextType(type))
    space = ciphertext.getPlaintextSpace();
  else if (auto plaintext = lwe::getPlaintextType(type))
    space = plaintext.getPlaintextSpace();
  auto encoding =
      space ? dyn_cast<lwe::InverseCanonicalEncodingAttr>(space.getEncoding()) : nullptr;
  if (!encoding || encoding.getScalingFactor() <= 0)
    return std::nullopt;
  return encoding.getScalingFactor();
}

std::optional<int64_t> getLevel(Type type) {
  auto ciphertext = lwe::getCiphertextType(type);
  return ciphertext ? ciphertext.getLevel() : std::nullopt;
}

LogicalResult expect(Operation *op, StringRef what, std::optional<int64_t> expected,
                     std::optional<int64_t> found) {
  if (!expected || !found || *expected == *found)
    return success();
  return op->emitOpError("expected a result of ")
         << what << *expected << " by the types of its operands, found " << *found;
}

/// The result has this scale, and the level of the operands, which is one.
LogicalResult checkLevel(Operation *op) {
  for (Value operand : op->getOperands())
    if (failed(expect(op, "level ", getLevel(operand.getType()),
                      getLevel(op->getResult(0).getType()))))
      return failure();
  return success();
}

LogicalResult checkScale(Operation *op, std::optional<int64_t> expected) {
  return expect(op, "scale 2^", expected, getScale(op->getResult(0).getType()));
}

LogicalResult check(Operation *op) {
  const auto scale = [&](unsigned i) { return getScale(op->getOperand(i).getType()); };
  const auto level = [&] { return getLevel(op->getOperand(0).getType()); };
  const auto out = [&] { return op->getResult(0).getType(); };
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case<ckks::AddOp, ckks::SubOp, ckks::AddPlainOp, ckks::SubPlainOp, lwe::RAddOp, lwe::RSubOp,
            lwe::RAddPlainOp, lwe::RSubPlainOp>([&](auto op) -> LogicalResult {
        if (scale(0) && scale(1) && *scale(0) != *scale(1))
          return op.emitOpError("expected operands of one scale, found 2^")
                 << *scale(0) << " and 2^" << *scale(1);
        return failed(checkLevel(op)) ? failure() : checkScale(op, scale(0));
      })
      .Case<ckks::MulOp, ckks::MulPlainOp, lwe::RMulOp, lwe::RMulPlainOp>(
          [&](auto op) -> LogicalResult {
            if (failed(checkLevel(op)) || !scale(0) || !scale(1))
              return failed(checkLevel(op)) ? failure() : success();
            return checkScale(op, *scale(0) + *scale(1));
          })
      .Case<ckks::NegateOp, ckks::RotateOp, lwe::RNegateOp>([&](auto op) -> LogicalResult {
        return failed(checkLevel(op)) ? failure() : checkScale(op, scale(0));
      })
      .Case([&](ckks::RelinearizeOp op) -> LogicalResult {
        if (failed(expect(op, "level ", level(), getLevel(out()))))
          return failure();
        return checkScale(op, scale(0));
      })
      .Case([&](ckks::LevelReduceOp op) -> LogicalResult {
        if (level() &&
            failed(expect(op, "level ", *level() - static_cast<int64_t>(op.getLevelToDrop()),
                          getLevel(out()))))
          return failure();
        return checkScale(op, scale(0));
      })
      .Case([&](ckks::RescaleOp op) -> LogicalResult {
        auto from = dyn_cast<rns::RNSType>(lwe::getCiphertextType(op.getInput().getType())
                                               .getCiphertextSpace()
                                               .getRing()
                                               .getCoefficientType());
        auto to = dyn_cast<rns::RNSType>(
            lwe::getCiphertextType(out()).getCiphertextSpace().getRing().getCoefficientType());
        if (!from || !to)
          return success();
        if (to.getBasis().size() >= from.getBasis().size() ||
            !std::equal(to.getBasis().begin(), to.getBasis().end(), from.getBasis().begin()))
          return op.emitOpError("expected a result whose primes are the first of its operand's");
        double dropped = 0;
        for (Type prime : ArrayRef(from.getBasis()).drop_front(to.getBasis().size()))
          if (auto modulus = dyn_cast<mod_arith::ModIntType>(prime))
            dropped += std::log2(modulus.getModulus().getValue().roundToDouble());
        return checkScale(op, scale(0) ? std::optional(*scale(0) - std::lround(dropped))
                                       : std::nullopt);
      })
      .Case([&](ckks::BootstrapOp op) -> LogicalResult {
        return expect(op, "level ", op.getTargetLevel(), getLevel(out()));
      })
      .Default(success());
}

struct VerifyTypes : impl::VerifyTypesBase<VerifyTypes> {
  using VerifyTypesBase::VerifyTypesBase;

  void runOnOperation() override {
    markAllAnalysesPreserved();
    // All of them, so that one look tells how true the types are.
    bool isTrue = true;
    getOperation().walk([&](Operation *op) { isTrue &= succeeded(check(op)); });
    if (!isTrue)
      signalPassFailure();
  }
};

} // namespace

} // namespace keymemrt::compiler
