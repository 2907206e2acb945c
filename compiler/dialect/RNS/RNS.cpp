// SPDX-License-Identifier: Apache-2.0
// The rns dialect.

#include "compiler/dialect/RNS/RNS.h"

#include "compiler/dialect/ModArith/ModArith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/APInt.h"
#include "llvm/ADT/TypeSwitch.h"

#include <numeric>

using namespace mlir;

#include "compiler/dialect/RNS/RNSDialect.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "compiler/dialect/RNS/RNSTypes.cpp.inc"

namespace keymemrt::rns {

void RNSDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "compiler/dialect/RNS/RNSTypes.cpp.inc"
      >();
}

LogicalResult RNSType::verify(function_ref<InFlightDiagnostic()> emitError, ArrayRef<Type> basis) {
  if (basis.empty())
    return emitError() << "expected a basis of at least one modulus";
  SmallVector<uint64_t> moduli;
  for (Type type : basis) {
    auto modInt = dyn_cast<mod_arith::ModIntType>(type);
    if (!modInt)
      return emitError() << "expected a basis of !mod_arith.int types, found " << type;
    const llvm::APInt modulus = modInt.getModulus().getValue();
    if (modulus.getActiveBits() > 63)
      return emitError() << "expected moduli below 2^63, found " << type;
    for (uint64_t other : moduli)
      if (std::gcd(other, modulus.getZExtValue()) != 1)
        return emitError() << "expected pairwise coprime moduli, found " << other << " and "
                           << modulus.getZExtValue();
    moduli.push_back(modulus.getZExtValue());
  }
  return success();
}

SmallVector<int64_t> RNSType::getModuli() const {
  SmallVector<int64_t> moduli;
  for (Type type : getBasis())
    moduli.push_back(cast<mod_arith::ModIntType>(type).getModulus().getValue().getZExtValue());
  return moduli;
}

OpAsmAliasResult RNSType::getAlias(raw_ostream &os) const {
  os << "rns_L" << getBasis().size() - 1;
  return OpAsmAliasResult::OverridableAlias;
}

} // namespace keymemrt::rns
