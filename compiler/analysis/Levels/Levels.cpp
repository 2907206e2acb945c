// SPDX-License-Identifier: Apache-2.0
// Levels and exact scales; see Levels.h.

#include "compiler/analysis/Levels/Levels.h"

#include "compiler/dialect/ModArith/ModArith.h"
#include "compiler/dialect/RNS/RNS.h"
#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

#include <algorithm>
#include <cmath>

using namespace mlir;

namespace keymemrt::compiler {

std::optional<Fact> getFact(Value value) {
  Attribute level, scale;
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    auto function = dyn_cast<FunctionOpInterface>(argument.getOwner()->getParentOp());
    if (!function)
      return std::nullopt;
    level = function.getArgAttr(argument.getArgNumber(), kLevelName);
    scale = function.getArgAttr(argument.getArgNumber(), kScaleName);
  } else {
    level = value.getDefiningOp()->getDiscardableAttr(kLevelName);
    scale = value.getDefiningOp()->getDiscardableAttr(kScaleName);
  }
  auto levelAttr = dyn_cast_or_null<IntegerAttr>(level);
  auto scaleAttr = dyn_cast_or_null<FloatAttr>(scale);
  if (!levelAttr || !scaleAttr || !scaleAttr.getType().isF64())
    return std::nullopt;
  return Fact{levelAttr.getValue().getSExtValue(), scaleAttr.getValueAsDouble()};
}

void copyFact(Operation *from, Operation *to) {
  for (StringRef name : {kLevelName, kScaleName})
    if (Attribute attr = from->getDiscardableAttr(name))
      to->setDiscardableAttr(name, attr);
}

bool sameScale(double a, double b) { return std::abs(a - b) <= std::ldexp(std::max(a, b), -40); }

FailureOr<Chain> Chain::get(ModuleOp module) {
  auto param = module->getAttrOfType<ckks::SchemeParamAttr>(ckks::CKKSDialect::kSchemeParamName);
  if (!param)
    return module.emitError("expected the module attribute '")
           << ckks::CKKSDialect::kSchemeParamName << "' with the parameters of the scheme";
  if (param.getLogDefaultScale() < 1)
    return module.emitError("expected logDefaultScale of at least 1, found ")
           << param.getLogDefaultScale();
  return Chain(param,
               module->getAttrOfType<ckks::BootstrapAttr>(ckks::CKKSDialect::kBootstrapName));
}

FailureOr<Chain> Chain::getAround(Operation *op) {
  auto module = op->getParentOfType<ModuleOp>();
  if (!module)
    return op->emitOpError("expected a module around it");
  return get(module);
}

double Chain::defaultScale() const {
  return std::ldexp(1.0, static_cast<int>(param.getLogDefaultScale()));
}

double Chain::prime(int64_t level) const {
  return level < 1 ? defaultScale() : static_cast<double>(param.getQ()[level]);
}

double Chain::logQ(int64_t level) const {
  double sum = 0;
  for (int64_t i = 0; i <= level; ++i)
    sum += std::log2(static_cast<double>(param.getQ()[i]));
  return sum;
}

bool Chain::fits(Fact fact) const { return std::log2(fact.scale) + 1 <= logQ(fact.level); }

bool Chain::isRescaleDue(Fact fact) const {
  return 2 * fact.scale >= defaultScale() * prime(fact.level) && (fact.level > 0 || !fits(fact));
}

polynomial::RingAttr Chain::getRing(int64_t level) const {
  Builder builder(param.getContext());
  SmallVector<Type> basis;
  for (int64_t prime : param.getQ().asArrayRef().take_front(level + 1))
    basis.push_back(
        mod_arith::ModIntType::get(builder.getContext(), builder.getI64IntegerAttr(prime)));
  auto modulus =
      polynomial::IntPolynomialAttr::get(builder.getContext(), ArrayRef<int64_t>{1, 1},
                                         ArrayRef<int64_t>{0, int64_t{1} << param.getLogN()});
  return polynomial::RingAttr::get(builder.getContext(),
                                   rns::RNSType::get(builder.getContext(), basis), modulus);
}

lwe::InverseCanonicalEncodingAttr Chain::getEncoding(double scale) const {
  return lwe::InverseCanonicalEncodingAttr::get(param.getContext(), std::lround(std::log2(scale)));
}

lwe::CiphertextType Chain::getType(lwe::CiphertextType like, Fact fact) const {
  Builder builder(param.getContext());
  SmallVector<IntegerAttr> elements;
  for (int64_t prime : param.getQ().asArrayRef())
    elements.push_back(builder.getI64IntegerAttr(prime));
  const lwe::CiphertextSpaceAttr space = like.getCiphertextSpace();
  return lwe::CiphertextType::get(
      builder.getContext(), like.getApplicationData(),
      lwe::PlaintextSpaceAttr::get(builder.getContext(), like.getPlaintextSpace().getRing(),
                                   getEncoding(fact.scale)),
      lwe::CiphertextSpaceAttr::get(builder.getContext(), getRing(fact.level),
                                    space.getEncryptionType(), space.getSize()),
      like.getKey(), lwe::ModulusChainAttr::get(builder.getContext(), elements, fact.level));
}

lwe::PlaintextType Chain::getPlaintextType(polynomial::RingAttr ring, double scale) const {
  return lwe::PlaintextType::get(
      param.getContext(), lwe::ApplicationDataAttr(),
      lwe::PlaintextSpaceAttr::get(param.getContext(), ring, getEncoding(scale)));
}

void Chain::setFact(Value value, Fact fact) const {
  Builder builder(param.getContext());
  const Attribute level = builder.getI64IntegerAttr(fact.level);
  const Attribute scale = builder.getF64FloatAttr(fact.scale);
  if (auto ciphertext = dyn_cast<lwe::CiphertextType>(value.getType()))
    value.setType(getType(ciphertext, fact));
  else if (auto plaintext = dyn_cast<lwe::PlaintextType>(value.getType()))
    value.setType(getPlaintextType(plaintext.getPlaintextSpace().getRing(), fact.scale));
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    auto function = cast<FunctionOpInterface>(argument.getOwner()->getParentOp());
    function.setArgAttr(argument.getArgNumber(), kLevelName, level);
    function.setArgAttr(argument.getArgNumber(), kScaleName, scale);
    return;
  }
  value.getDefiningOp()->setDiscardableAttr(kLevelName, level);
  value.getDefiningOp()->setDiscardableAttr(kScaleName, scale);
}

} // namespace keymemrt::compiler
