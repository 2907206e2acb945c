// SPDX-License-Identifier: Apache-2.0
#ifndef COMPILER_TRANSFORMS_CHECKPARAMETERS_TD
#define COMPILER_TRANSFORMS_CHECKPARAMETERS_TD

include "mlir/Pass/PassBase.td"

def CheckParameters : Pass<"check-parameters", "::mlir::ModuleOp"> {
  let summary = "Check that ckks.schemeParam can be computed with and is 128-bit secure";
  let description = [{
    Each modulus is an NTT prime of the ring, P is large enough for key switching, and log2(QP) is within the bound for
    128-bit security with a ternary secret, which `insecure` switches off. Changes nothing.
  }];
  let options = [Option<"insecure", "insecure", "bool", "false", "Accept parameters above the 128-bit bound">];
}

#endif
