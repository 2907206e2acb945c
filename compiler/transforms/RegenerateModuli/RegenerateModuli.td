// SPDX-License-Identifier: Apache-2.0
#ifndef COMPILER_TRANSFORMS_REGENERATEMODULI_TD
#define COMPILER_TRANSFORMS_REGENERATEMODULI_TD

include "mlir/Pass/PassBase.td"

def RegenerateModuli : Pass<"regenerate-moduli", "::mlir::ModuleOp"> {
  let summary = "Replace the moduli of ckks.schemeParam that are no NTT primes of the ring by primes of their size";
  let description = [{
    Files of the field have moduli that nobody can compute with: powers of two, or primes that are not 1 modulo 2N. Each
    becomes the largest prime below the nearest power of two that is 1 modulo 2N and not among the moduli yet, so that
    their number and sizes stay. A warning names them. Moduli in types are not touched: infer-levels-and-scales writes
    them anew.
  }];
}

#endif
