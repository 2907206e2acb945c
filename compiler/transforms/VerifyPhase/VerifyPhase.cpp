// SPDX-License-Identifier: Apache-2.0
// What the phases of the compiler leave.

#include "compiler/transforms/VerifyPhase/VerifyPhase.h"

#include "compiler/analysis/Levels/Levels.h"
#include "compiler/dialect/CKKS/CKKS.h"
#include "compiler/dialect/KeyMgmt/KeyMgmt.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;

namespace keymemrt::compiler {

#define GEN_PASS_DEF_VERIFYPHASE
#include "compiler/transforms/VerifyPhase/VerifyPhase.h.inc"

namespace {

bool isEncoded(Type type) { return lwe::getCiphertextType(type) || lwe::getPlaintextType(type); }

struct VerifyPhase : impl::VerifyPhaseBase<VerifyPhase> {
  using VerifyPhaseBase::VerifyPhaseBase;

  void runOnOperation() override {
    markAllAnalysesPreserved();
    const int number = llvm::StringSwitch<int>(phase)
                           .Case("import", 1)
                           .Case("ckks", 2)
                           .Case("keyed", 3)
                           .Case("planned", 4)
                           .Default(0);
    Block &body = *getOperation().getBody();
    auto function = body.empty() ? func::FuncOp() : dyn_cast<func::FuncOp>(body.front());
    if (number == 0) {
      getOperation().emitError("expected a phase: import, ckks, keyed or planned, found '")
          << phase << "'";
      return signalPassFailure();
    }
    if (!function || !llvm::hasSingleElement(body) || function.isExternal() ||
        !function.getBody().hasOneBlock()) {
      getOperation().emitError("[P1] expected one function with one block and nothing else");
      return signalPassFailure();
    }
    for (Operation &op : function.getBody().front())
      if (failed(check(&op, number)))
        return signalPassFailure();
    if (number >= 4 && failed(checkCleared(function)))
      signalPassFailure();
  }

  static LogicalResult check(Operation *op, int number) {
    const StringRef dialect = op->getName().getDialectNamespace();
    if (op->getNumRegions() != 0 || dialect == "cf" || dialect == "memref" ||
        (dialect == "func" && !isa<func::ReturnOp>(op)))
      return op->emitOpError("[P1] is control flow or memory; expected a straight line");
    for (Type type : llvm::concat<const Type>(op->getOperandTypes(), op->getResultTypes()))
      if (isa<ShapedType>(type) && isEncoded(type))
        return op->emitOpError("[P1] works on a tensor of ciphertexts or plaintexts");
    if (number < 2)
      return success();
    if (dialect == "orion" || dialect == "kernel" || isa<ckks::DftOp>(op))
      return op->emitOpError("[P2] is not lowered to arithmetic");
    for (Value result : op->getResults())
      if (isEncoded(result.getType()) && !getFact(result))
        return op->emitOpError("[P2] has no level and scale");
    if (number >= 3 &&
        isa<ckks::RotateOp, ckks::RelinearizeOp, ckks::ConjugateOp, ckks::SwitchSecretOp>(op))
      return op->emitOpError("[P3] has no key");
    return success();
  }

  static LogicalResult checkCleared(func::FuncOp function) {
    Block &block = function.getBody().front();
    llvm::DenseSet<Value> ended(block.getTerminator()->operand_begin(),
                                block.getTerminator()->operand_end());
    for (auto clear : block.getOps<key_mgmt::ClearOp>())
      ended.insert(clear.getValue());
    const auto checkValue = [&](Value value) -> LogicalResult {
      if (!isa<lwe::CiphertextType, lwe::PlaintextType, key_mgmt::DigitsType>(value.getType()) ||
          ended.contains(value))
        return success();
      return mlir::emitError(value.getLoc())
             << "[P4] " << value.getType() << " is neither cleared nor returned";
    };
    for (BlockArgument argument : block.getArguments())
      if (failed(checkValue(argument)))
        return failure();
    for (Operation &op : block)
      for (Value result : op.getResults())
        if (failed(checkValue(result)))
          return failure();
    return success();
  }
};

} // namespace

} // namespace keymemrt::compiler
