// SPDX-License-Identifier: Apache-2.0
// The meaning of a program, at every phase: the oracle that passes are tested against. It shares no
// code with them but the plans of circuit/.
//
// Loops, branches and calls are executed, whatever their bounds and conditions are, on ciphertexts,
// tensors of them and memrefs of keys.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <vector>

namespace keymemrt::compiler {

/// What a ciphertext holds while the program is interpreted.
enum class Domain {
  /// The message: levels, scales, rescales mean nothing.
  Cleartext,
  /// Message times scale, as in the scheme: an encode multiplies by its `scale`, a rescale divides
  /// by the prime of its
  /// operand's level. Results are divided by their `kmrt.scale`, so a wrong scale anywhere is a
  /// wrong result. For
  /// programs with levels and scales.
  Encoded,
};

/// Runs `function` on plain doubles. `arguments`: one vector for each function argument; of a
/// ciphertext the slots (their number divides N/2; they are repeated cyclically), of a tensor of
/// numbers its elements, row by row, of a tensor of ciphertexts the N/2 slots of each in turn.
/// Returns N/2 slots for each result, of a tensor those of each ciphertext in turn.
///
/// Slots are complex numbers in between, as bootstrapping needs them; of arguments and results they
/// are the real parts. A bootstrap changes nothing, nor does what it begins with: no multiples of
/// q_0 are added that would have to be removed.
///
/// Rotations go to the left through all N/2 slots; short vectors are encoded by cyclic repetition.
/// Keys and lifetimes are taken seriously: a rotation is by its key's index, and the use of a
/// cleared key or value is an error.
///
/// Emits an error and fails where the program does something illegal or an operation is unknown.
mlir::FailureOr<std::vector<std::vector<double>>>
interpret(mlir::func::FuncOp function, llvm::ArrayRef<std::vector<double>> arguments,
          Domain domain = Domain::Cleartext);

} // namespace keymemrt::compiler
