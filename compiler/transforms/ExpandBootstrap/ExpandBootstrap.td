// SPDX-License-Identifier: Apache-2.0
#ifndef COMPILER_TRANSFORMS_EXPANDBOOTSTRAP_TD
#define COMPILER_TRANSFORMS_EXPANDBOOTSTRAP_TD

include "mlir/Pass/PassBase.td"

def ExpandBootstrap : Pass<"expand-bootstrap", "::mlir::func::FuncOp"> {
  let summary = "Make of each ckks.bootstrap its stages";
  let description = [{
    At level 0 to the ephemeral secret, `ckks.mod_raise`, back; CoeffToSlot as `ckks.dft`; EvalMod as products and sums;
    SlotToCoeff. What happens when, at which levels and scales, is circuit/bootstrap_plan.h's; that plan is made of the
    module attribute `kmrt.bootstrap` (choose-bootstrap-parameters). Keys are made for the level that they are used at
    (`kmrt.key_shape`). All bootstraps of a program use the same keys; two that differ in the input's scale differ in
    the scales of plaintexts alone.

    Runs after infer-levels-and-scales and before the lowerings of what it makes.
  }];
  let options = [Option<"form", "form", "std::string", "\"double_hoisted\"",
                        "bsgs, double_hoisted, horner or minimum_key: of CoeffToSlot and SlotToCoeff">,
                 Option<"babySteps", "baby-steps", "int", "0",
                        "Baby steps of each stage of them; 0: the fastest number">];
}

#endif
