// SPDX-License-Identifier: Apache-2.0
#ifndef COMPILER_TRANSFORMS_CHOOSEBOOTSTRAPPARAMETERS_TD
#define COMPILER_TRANSFORMS_CHOOSEBOOTSTRAPPARAMETERS_TD

include "mlir/Pass/PassBase.td"

def ChooseBootstrapParameters : Pass<"choose-bootstrap-parameters", "::mlir::ModuleOp"> {
  let summary = "Give a module with bootstraps a bootstrap circuit and the primes that it takes";
  let description = [{
    Where the module attribute `kmrt.bootstrap` is there, Q is the whole chain, of which the program has the levels up to
    its `target_level`. Where it is not, Q is what the program has to itself (the residual chain, as in HEIR's and
    Orion's files): the circuit's primes are put above it (circuit/bootstrap_parameters.h), and the attribute says so.
    Slots count as repeated with the longest period of inputs, plaintexts and diagonals: fewer than N/2 make a sparse,
    cheaper bootstrap.

    The circuit is planned here once, so that parameters that are insecure or do not suit it are an error: the whole
    chain under the main secret, the lowest level under the sparse ephemeral one, and every key.

    Does nothing for a module without `ckks.bootstrap`.
  }];
  let options = [Option<"insecure", "insecure", "bool", "false", "Accept parameters above the 128-bit bound">];
}

#endif
