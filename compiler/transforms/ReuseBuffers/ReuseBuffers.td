// SPDX-License-Identifier: Apache-2.0
#ifndef COMPILER_TRANSFORMS_REUSEBUFFERS_TD
#define COMPILER_TRANSFORMS_REUSEBUFFERS_TD

include "mlir/Pass/PassBase.td"

def ReuseBuffers : Pass<"reuse-buffers", "::mlir::func::FuncOp"> {
  let summary = "Let buffers of one type that are never live at the same time share memory";
  let description = [{
    Buffers are the vertices of an interference graph, with an edge between two that are live together at some time
    (annotate-liveness). Each takes the first slot of its type that holds none of its neighbours, in order of their first
    write: with one range each that is the fewest slots. A remark says how many bytes they were and are.
  }];
}

#endif
