// SPDX-License-Identifier: Apache-2.0
#ifndef COMPILER_TRANSFORMS_INSERTKEYS_TD
#define COMPILER_TRANSFORMS_INSERTKEYS_TD

include "mlir/Pass/PassBase.td"

def InsertKeys : Pass<"insert-keys", "::mlir::func::FuncOp"> {
  let summary = "Load the key of each rotation and relinearization right before it and clear it right after";
  let description = [{
    `ckks.rotate` becomes `key_mgmt.load_key`, `key_mgmt.rotate`, `key_mgmt.clear_key`; `ckks.relinearize` the same with
    `key_mgmt.load_relin_key`. Equal rotations of one ciphertext become one.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::keymemrt::key_mgmt::KeyMgmtDialect"];
}

#endif
