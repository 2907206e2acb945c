// SPDX-License-Identifier: Apache-2.0
//
// Dense arrays of numbers in C order, little endian, read element by element from where they are stored. All values
// become doubles; NaN and infinities are refused, since no slot of a ciphertext can hold them.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "frontend/tensors/byte_source.h"

namespace keymemrt::frontend {

enum class ElementType { kFloat64, kFloat32, kUint8 };

size_t ElementSize(ElementType type);
std::string_view ElementTypeName(ElementType type);  // "float64"

using Shape = std::vector<uint64_t>;

std::string ShapeToString(const Shape& shape);  // "[128, 4096]"
// The product of all dimensions, 1 for none. kCorrupt (naming `what`) when `count * element_size` does not fit 63 bits.
Result<uint64_t> ElementCount(const Shape& shape, size_t element_size, std::string_view what);

class StoredArray {
 public:
  // `what` names the array in messages ("w.npz: fc1.weights"). kCorrupt unless `bytes` holds exactly the elements, from
  // `data_offset` to its end.
  static Result<StoredArray> Create(std::string what, ElementType type, Shape shape,
                                    std::shared_ptr<const ByteSource> bytes, uint64_t data_offset);

  ElementType type() const { return type_; }
  const Shape& shape() const { return shape_; }
  uint64_t count() const { return count_; }

  // Elements [first, first + out.size()) in C order. Errors: kInvalidArgument beyond the end; kCorrupt for a value that
  // is not finite, and what the source reports. Memory: at most 64 KiB beside `out`. Safe from several threads.
  Status Read(uint64_t first, std::span<double> out) const;

 private:
  StoredArray() = default;
  std::string what_;
  ElementType type_ = ElementType::kFloat64;
  Shape shape_;
  uint64_t count_ = 0;
  std::shared_ptr<const ByteSource> bytes_;
  uint64_t data_offset_ = 0;
};

// kCorrupt naming `what` and the index (counted from `first`) of the first value that is NaN or infinite.
Status CheckFinite(std::string_view what, uint64_t first, std::span<const double> values);

}  // namespace keymemrt::frontend
