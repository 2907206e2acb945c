// SPDX-License-Identifier: Apache-2.0
// Primes in place of unusable moduli.

#include "compiler/transforms/RegenerateModuli/RegenerateModuli.h"

#include "compiler/dialect/CKKS/CKKS.h"
#include "mlir/IR/BuiltinOps.h"
#include "scheme/parameters.h"

#include <cmath>

using namespace mlir;

namespace keymemrt::compiler {

#define GEN_PASS_DEF_REGENERATEMODULI
#include "compiler/transforms/RegenerateModuli/RegenerateModuli.h.inc"

namespace {

struct RegenerateModuli : impl::RegenerateModuliBase<RegenerateModuli> {
  using RegenerateModuliBase::RegenerateModuliBase;

  void runOnOperation() override {
    const llvm::StringLiteral name = ckks::CKKSDialect::kSchemeParamName;
    auto param = getOperation()->getAttrOfType<ckks::SchemeParamAttr>(name);
    if (!param) {
      getOperation().emitError("expected the module attribute '")
          << name << "' with the parameters of the scheme";
      return signalPassFailure();
    }
    const auto logN = static_cast<int>(param.getLogN());
    const auto isUsable = [&](int64_t modulus) {
      const auto number = static_cast<uint64_t>(modulus);
      return number < uint64_t{1} << 61 && number % (uint64_t{2} << logN) == 1 &&
             scheme::IsPrime(number);
    };
    std::vector<uint64_t> taken;
    for (ArrayRef<int64_t> moduli : {param.getQ().asArrayRef(), param.getP().asArrayRef()})
      for (int64_t modulus : moduli)
        if (isUsable(modulus))
          taken.push_back(static_cast<uint64_t>(modulus));
    SmallVector<int64_t> q(param.getQ().asArrayRef()), p(param.getP().asArrayRef());
    SmallVector<int64_t> replaced;
    for (SmallVector<int64_t> *moduli : {&q, &p})
      for (int64_t &modulus : *moduli) {
        if (isUsable(modulus))
          continue;
        // Largest primes first: those below 2^61 are the last that fit.
        const int bits = std::min(61, static_cast<int>(std::lround(std::log2(modulus))));
        const auto primes = scheme::FindNttPrimes(bits, logN, 1, taken);
        if (!primes.ok()) {
          getOperation().emitError("'") << name << "': no prime takes the place of " << modulus
                                        << ": " << primes.status().message();
          return signalPassFailure();
        }
        replaced.push_back(modulus);
        taken.push_back(primes->front());
        modulus = static_cast<int64_t>(primes->front());
      }
    if (replaced.empty())
      return markAllAnalysesPreserved();
    InFlightDiagnostic warning = getOperation().emitWarning("'")
                                 << name << "': replaced " << replaced.size()
                                 << (replaced.size() == 1 ? " modulus" : " moduli")
                                 << " by NTT primes of the same size: ";
    llvm::interleaveComma(replaced, warning);
    Builder builder(&getContext());
    getOperation()->setAttr(
        name,
        ckks::SchemeParamAttr::get(&getContext(), param.getLogN(), builder.getDenseI64ArrayAttr(q),
                                   builder.getDenseI64ArrayAttr(p), param.getLogDefaultScale(),
                                   param.getEncryptionType(), param.getEncryptionTechnique()));
  }
};

} // namespace

} // namespace keymemrt::compiler
