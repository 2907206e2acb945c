// SPDX-License-Identifier: Apache-2.0
// The levels that keys are used at.

#include "compiler/transforms/AnnotateKeyLevels/AnnotateKeyLevels.h"

#include "compiler/analysis/Levels/Levels.h"
#include "compiler/dialect/KeyMgmt/KeyMgmt.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <algorithm>

using namespace mlir;

namespace keymemrt::compiler {

#define GEN_PASS_DEF_ANNOTATEKEYLEVELS
#include "compiler/transforms/AnnotateKeyLevels/AnnotateKeyLevels.h.inc"

namespace {

/// The level of the ciphertext that `op` switches with a key; nullopt: `op` does something else, or
/// the level is not known.
std::optional<int64_t> getLevel(Operation *op) {
  if (isa<key_mgmt::BabyStepOp, key_mgmt::GiantStepOp>(op)) {
    const std::optional<Fact> fact = getFact(op->getOperand(0));
    return fact ? std::optional(fact->level) : std::nullopt;
  }
  auto type = op->getNumOperands() == 0
                  ? lwe::CiphertextType()
                  : dyn_cast<lwe::CiphertextType>(op->getOperand(0).getType());
  if (!type || op->getName().getDialectNamespace() != "key_mgmt")
    return std::nullopt;
  if (const std::optional<Fact> fact = getFact(op->getOperand(0)))
    return fact->level;
  return type.getLevel();
}

struct AnnotateKeyLevels : impl::AnnotateKeyLevelsBase<AnnotateKeyLevels> {
  using AnnotateKeyLevelsBase::AnnotateKeyLevelsBase;

  void runOnOperation() override {
    getOperation().walk([](key_mgmt::LoadKeyOp load) {
      int64_t highest = 0;
      for (Operation *user : load->getUsers()) {
        if (isa<key_mgmt::ClearKeyOp>(user))
          continue;
        const std::optional<int64_t> level = getLevel(user);
        if (!level)
          return;
        highest = std::max(highest, *level);
      }
      load.getKey().setType(key_mgmt::withKeyLevel(load.getType(), highest));
    });
  }
};

} // namespace

} // namespace keymemrt::compiler
