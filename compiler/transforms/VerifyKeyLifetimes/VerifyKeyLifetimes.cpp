// SPDX-License-Identifier: Apache-2.0
// The proof of key lifetimes as a pass.

#include "compiler/transforms/VerifyKeyLifetimes/VerifyKeyLifetimes.h"

#include "compiler/analysis/KeyLifetimes/KeyLifetimes.h"
#include "compiler/analysis/KeySizes/KeySizes.h"

using namespace mlir;

namespace keymemrt::compiler {

#define GEN_PASS_DEF_VERIFYKEYLIFETIMES
#include "compiler/transforms/VerifyKeyLifetimes/VerifyKeyLifetimes.h.inc"

namespace {

struct VerifyKeyLifetimes : impl::VerifyKeyLifetimesBase<VerifyKeyLifetimes> {
  using VerifyKeyLifetimesBase::VerifyKeyLifetimesBase;

  void runOnOperation() override {
    markAllAnalysesPreserved();
    KeyLifetimeOptions options;
    options.slots = getSlots(getOperation());
    options.bytes = getKeySizes(getOperation());
    const FailureOr<KeyPeak> peak = checkKeyLifetimes(getOperation(), options);
    if (failed(peak))
      return signalPassFailure();
    if (!report)
      return;
    InFlightDiagnostic remark = getOperation().emitRemark("at most ")
                                << peak->keys << (peak->keys == 1 ? " key is" : " keys are")
                                << " loaded at once";
    if (options.bytes)
      remark << ", at most " << peak->bytes << " bytes of keys";
    if (peak->atKeys)
      remark.attachNote(peak->atKeys->getLoc()) << "the most keys, with this one";
    if (options.bytes && peak->atBytes && peak->atBytes != peak->atKeys)
      remark.attachNote(peak->atBytes->getLoc()) << "the most bytes, with this key";
  }
};

} // namespace

} // namespace keymemrt::compiler
