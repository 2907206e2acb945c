// SPDX-License-Identifier: Apache-2.0
#ifndef COMPILER_TRANSFORMS_ANNOTATELIVENESS_TD
#define COMPILER_TRANSFORMS_ANNOTATELIVENESS_TD

include "mlir/Pass/PassBase.td"

def AnnotateLiveness : Pass<"annotate-liveness", "::mlir::func::FuncOp"> {
  let summary = "Write beside each buffer when it is live, and beside loops and branches which buffers are live around them";
  let description = [{
    Of memrefs that are allocated and used by loads and stores. Buffers are numbered in program order (`buffer`);
    `live_ranges` of an allocation are pairs of operation numbers in program order, `live_in` and `live_out` of a loop or
    branch the numbers of the buffers that are live at its beginning and at its end. A read that is not written before on
    every path, and a write that nothing reads, are errors.
  }];
}

#endif
