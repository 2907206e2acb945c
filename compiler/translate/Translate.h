// SPDX-License-Identifier: Apache-2.0
// From the IR of phase `program` to program::Program: where compiler and runtime meet.
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "program/program.h"

namespace keymemrt::compiler {

/// Translates a module that verify-program-form accepts.
///
/// Inputs are the function's ciphertexts, named `arg<position>`; `kmrt.length` and `kmrt.period` of
/// an argument say how many numbers it holds and how often they repeat (default: the logical slot
/// count, below). Outputs are `result<n>`, with `kmrt.length` of a result (default: the logical
/// slot count). Weights are the tensors that some encoding uses, named
/// `<orion.layer_name>.<orion.layer_role>`, followed by `.<orion.block_row>.<orion.block_col>`
/// where one of them is not zero, or `arg<position>` where there is no layer name. `kmrt.name` of
/// an argument or result takes the place of its position.
///
/// The logical slot count is the module's `scheme.requested_slot_count`, else the slots of the
/// ring.
///
/// Emits an error and fails where an attribute is out of range or two weights have one name. The
/// result satisfies program::Verify.
mlir::FailureOr<program::Program> translateToProgram(mlir::ModuleOp module, bool insecure);

} // namespace keymemrt::compiler
