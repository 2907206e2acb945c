// SPDX-License-Identifier: Apache-2.0
// The mod_arith dialect.

#include "compiler/dialect/ModArith/ModArith.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

#include "compiler/dialect/ModArith/ModArithDialect.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "compiler/dialect/ModArith/ModArithTypes.cpp.inc"

namespace keymemrt::mod_arith {

void ModArithDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "compiler/dialect/ModArith/ModArithTypes.cpp.inc"
      >();
}

LogicalResult ModIntType::verify(function_ref<InFlightDiagnostic()> emitError,
                                 IntegerAttr modulus) {
  if (!modulus.getType().isSignlessInteger())
    return emitError() << "expected a modulus of signless integer type, found "
                       << modulus.getType();
  if (!modulus.getValue().sgt(1))
    return emitError()
           << "expected a modulus that is greater than 1 as a signed number of its type, found "
           << modulus;
  return success();
}

OpAsmAliasResult ModIntType::getAlias(raw_ostream &os) const {
  os << 'Z';
  getModulus().getValue().print(os, /*isSigned=*/false);
  return OpAsmAliasResult::OverridableAlias;
}

} // namespace keymemrt::mod_arith
