// SPDX-License-Identifier: Apache-2.0
#ifndef COMPILER_TRANSFORMS_INSERTKEYS_TD
#define COMPILER_TRANSFORMS_INSERTKEYS_TD

include "mlir/Pass/PassBase.td"

def InsertKeys : Pass<"insert-keys", "::mlir::func::FuncOp"> {
  let summary = "Load the key of each key switch right before it and clear it right after";
  let description = [{
    `ckks.rotate` becomes `key_mgmt.load_key`, `key_mgmt.rotate`, `key_mgmt.clear_key`; `ckks.relinearize` the same with
    the relinearization key. Equal rotations of one ciphertext in a block become one. In loops the shift may be an
    operand: then the key has no index in its type, and the `indices` that rotation-index-analysis found, if it ran.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::keymemrt::key_mgmt::KeyMgmtDialect"];
}

#endif
