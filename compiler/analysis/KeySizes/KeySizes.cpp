// SPDX-License-Identifier: Apache-2.0
// Sizes of keys; see KeySizes.h.

#include "compiler/analysis/KeySizes/KeySizes.h"

#include "compiler/analysis/Parameters/Parameters.h"
#include "compiler/dialect/CKKS/CKKS.h"
#include "compiler/dialect/KeyMgmt/KeyMgmt.h"
#include "mlir/IR/BuiltinOps.h"

#include <algorithm>
#include <vector>

using namespace mlir;

namespace keymemrt::compiler {

static ckks::SchemeParamAttr getParam(Operation *op) {
  auto module = dyn_cast<ModuleOp>(op);
  if (!module)
    module = op->getParentOfType<ModuleOp>();
  return module ? module->getAttrOfType<ckks::SchemeParamAttr>(ckks::CKKSDialect::kSchemeParamName)
                : ckks::SchemeParamAttr();
}

int64_t getSlots(Operation *op) {
  const ckks::SchemeParamAttr param = getParam(op);
  return param ? int64_t{1} << (param.getLogN() - 1) : 0;
}

std::function<uint64_t(Type)> getKeySizes(Operation *op) {
  if (!getParam(op))
    return {};
  auto module = dyn_cast<ModuleOp>(op);
  const scheme::ParameterLiteral literal =
      getParameterLiteral(module ? module : op->getParentOfType<ModuleOp>());
  const auto parameters = scheme::Parameters::Create(literal, scheme::Security::kInsecure);
  if (!parameters.ok())
    return {};
  std::vector<uint64_t> sizes; // by level
  for (int level = 0; level <= parameters->max_level(); ++level)
    sizes.push_back(static_cast<uint64_t>(parameters->ChunkCount(level)) << (literal.log_n + 3));
  return [sizes](Type key) {
    const auto top = static_cast<int64_t>(sizes.size()) - 1;
    return sizes[std::clamp<int64_t>(key_mgmt::getKeyLevel(key).value_or(top), 0, top)];
  };
}

} // namespace keymemrt::compiler
