// SPDX-License-Identifier: Apache-2.0
// Cleartext operations of the interpreter: single numbers, places in tensors.
#pragma once

#include "mlir/IR/Operation.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

#include <functional>
#include <optional>
#include <vector>

namespace keymemrt::compiler {

/// The result of arithmetic on single integers, indices and floats, as doubles (integers of up to
/// 2^53); nullopt: the operation is not known, or divides by zero.
std::optional<double> evaluateScalar(mlir::Operation *op, llvm::ArrayRef<double> operands);

/// affine.apply, affine.min, affine.max and the like: the results of `map` on operands.
std::optional<std::vector<int64_t>> evaluateMap(mlir::AffineMap map,
                                                llvm::ArrayRef<double> operands);

/// The places, in row-major order, of the elements of a slice of a tensor of `shape`; nullopt: it
/// is not inside. `integer` says what an offset, size or stride is.
std::optional<std::vector<size_t>>
getSlicePlaces(mlir::OffsetSizeAndStrideOpInterface slice, llvm::ArrayRef<int64_t> shape,
               const std::function<int64_t(mlir::OpFoldResult)> &integer);

/// The place of an element in row-major order; nullopt: outside.
std::optional<size_t> getPlace(llvm::ArrayRef<int64_t> indices, llvm::ArrayRef<int64_t> shape);

} // namespace keymemrt::compiler
