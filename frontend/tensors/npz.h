// SPDX-License-Identifier: Apache-2.0
//
// Writing .npz files: zip archives of float64 .npy arrays, stored (not compressed) so that a reader can enter any row.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "base/status.h"
#include "frontend/tensors/array.h"

namespace keymemrt::frontend {

struct NpzArray {
  std::string name;  // without ".npy"
  Shape shape;       // one or two dimensions
  // Writes row `row` (a 1-D array is its row 0). Rows are asked for in order; an error ends the writing with this
  // error.
  std::function<Status(uint64_t row, std::span<double> out)> fill;
};

// Holds one row in memory at a time. The file appears whole or not at all, and its bytes depend on the arrays only.
// Errors: kInvalidArgument for no array, two of one name, other numbers of dimensions; kFailed when the system cannot
// write.
Status WriteNpz(const std::string& path, std::span<const NpzArray> arrays);

}  // namespace keymemrt::frontend
