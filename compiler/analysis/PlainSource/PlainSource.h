// SPDX-License-Identifier: Apache-2.0
// Where the numbers of a plaintext come from: a row of a function argument or of a constant,
// rotated.
#pragma once

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Operation.h"
#include "mlir/IR/Value.h"

#include <vector>

namespace keymemrt::compiler {

/// Row `row` of `root` seen as rows x columns, rotated left by `rotation` (0 <= rotation <
/// columns).
struct PlainSource {
  mlir::Value root; // a block argument or the result of an arith.constant
  int64_t row = 0;
  int64_t rows = 1;
  int64_t columns = 1;
  int64_t rotation = 0;
};

/// Traces `value` (numbers, of rank 0 to 2, with one row in the end) through tensor.extract_slice
/// of single rows and tensor_ext.rotate by constants. On failure the error names the op, or `user`
/// where `value` is an argument.
mlir::FailureOr<PlainSource> tracePlain(mlir::Value value, mlir::Operation *user);

/// Whether `value` is the result of an arith.constant whose numbers are at hand (not an elided
/// resource).
bool hasNumbers(mlir::Value value);

/// `count` numbers of `constant`, row by row, from number `begin`. REQUIRES: hasNumbers(constant),
/// and that many.
std::vector<double> getNumbers(mlir::Value constant, int64_t begin, int64_t count);

/// The value of an integer or index that constants and arithmetic on them determine.
std::optional<int64_t> getConstantInteger(mlir::Value value);

} // namespace keymemrt::compiler
