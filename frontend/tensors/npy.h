// SPDX-License-Identifier: Apache-2.0
//
// NumPy's .npy files, format versions 1 to 3: one array each, C order, little endian.
// Read: float64, float32, uint8 (pixels). Written: float64.
// Format: "\x93NUMPY", major, minor, header length (2 bytes in version 1, 4 later), a Python dictionary with exactly
// the keys descr, fortran_order and shape, padding, the elements. Bytes after the last element are an error.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "frontend/tensors/array.h"

namespace keymemrt::frontend {

// A whole array in memory.
struct Tensor {
  ElementType type = ElementType::kFloat64;  // as stored; `values` are doubles always
  Shape shape;
  std::vector<double> values;  // C order
};

// The array of a .npy file, left where it is: elements are read when asked for. `what` names it in messages.
// Errors: kCorrupt naming the file and what was expected.
Result<StoredArray> OpenNpy(std::string what, std::shared_ptr<const ByteSource> bytes);
Result<StoredArray> OpenNpy(const std::string& path);

// The whole array; memory is allocated only after the file is known to be as long as its header promises.
Result<Tensor> ReadNpy(const std::string& path);

// Writes `values` as float64; the file appears whole or not at all. kInvalidArgument unless values.size() is the
// product of `shape`.
Status WriteNpy(const std::string& path, const Shape& shape, std::span<const double> values);

// What precedes the elements of a float64 array of this shape (version 1, padded to 64 bytes as NumPy does).
std::string NpyHeader(const Shape& shape);

}  // namespace keymemrt::frontend
