// SPDX-License-Identifier: Apache-2.0
// The check of the scheme's parameters.

#include "compiler/transforms/CheckParameters/CheckParameters.h"

#include "compiler/analysis/Parameters/Parameters.h"

namespace keymemrt::compiler {

#define GEN_PASS_DEF_CHECKPARAMETERS
#include "compiler/transforms/CheckParameters/CheckParameters.h.inc"

namespace {

struct CheckParameters : impl::CheckParametersBase<CheckParameters> {
  using CheckParametersBase::CheckParametersBase;

  void runOnOperation() override {
    if (failed(getParameters(getOperation(),
                             insecure ? scheme::Security::kInsecure : scheme::Security::k128Bit)))
      return signalPassFailure();
    markAllAnalysesPreserved();
  }
};

} // namespace

} // namespace keymemrt::compiler
