// SPDX-License-Identifier: Apache-2.0
#ifndef COMPILER_TRANSFORMS_ANNOTATEKEYLEVELS_TD
#define COMPILER_TRANSFORMS_ANNOTATEKEYLEVELS_TD

include "mlir/Pass/PassBase.td"

def AnnotateKeyLevels : Pass<"annotate-key-levels", "::mlir::func::FuncOp"> {
  let summary = "Write into the type of each key the highest level at which it is used";
  let description = [{
    Levels are facts of a CKKS program, known from `kmrt.level` or else the types of ciphertexts: no run tells more. Of a
    key for level l only the part for l is read and kept. A key that has another name (`key_mgmt.use_key`, a memref, an
    iteration argument) or a user of unknown level stays good for every level.
  }];
}

#endif
