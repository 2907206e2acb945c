// SPDX-License-Identifier: Apache-2.0
#include "frontend/tensors/array.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace keymemrt::frontend {

static_assert(std::endian::native == std::endian::little, "arrays are stored little endian and read without swapping");

size_t ElementSize(ElementType type) {
  switch (type) {
    case ElementType::kFloat64:
      return 8;
    case ElementType::kFloat32:
      return 4;
    case ElementType::kUint8:
      return 1;
  }
  return 0;
}

std::string_view ElementTypeName(ElementType type) {
  switch (type) {
    case ElementType::kFloat64:
      return "float64";
    case ElementType::kFloat32:
      return "float32";
    case ElementType::kUint8:
      return "uint8";
  }
  return "unknown";
}

std::string ShapeToString(const Shape& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

Result<uint64_t> ElementCount(const Shape& shape, size_t element_size, std::string_view what) {
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return uint64_t{0};
  uint64_t limit = (uint64_t{1} << 63) / element_size;
  uint64_t count = 1;
  for (const uint64_t dimension : shape) {
    limit /= dimension;
    if (limit == 0) return Corrupt("{}: the shape {} is too large for any file", what, ShapeToString(shape));
    count *= dimension;
  }
  return count;
}

Result<StoredArray> StoredArray::Create(std::string what, ElementType type, Shape shape,
                                        std::shared_ptr<const ByteSource> bytes, uint64_t data_offset) {
  KMRT_ASSIGN_OR_RETURN(const uint64_t count, ElementCount(shape, ElementSize(type), what));
  const uint64_t expected = count * ElementSize(type);
  const uint64_t present = bytes->size() - std::min(bytes->size(), data_offset);
  if (present != expected) {
    return Corrupt("{}: a {} array of shape {} has {} bytes of data, {} expected", what, ElementTypeName(type),
                   ShapeToString(shape), present, expected);
  }
  StoredArray array;
  array.what_ = std::move(what);
  array.type_ = type;
  array.shape_ = std::move(shape);
  array.count_ = count;
  array.bytes_ = std::move(bytes);
  array.data_offset_ = data_offset;
  return array;
}

Status StoredArray::Read(uint64_t first, std::span<double> out) const {
  if (first > count_ || out.size() > count_ - first) {
    return InvalidArgument("{}: elements {} to {} wanted, the array has {}", what_, first, first + out.size(), count_);
  }
  const uint64_t offset = data_offset_ + first * ElementSize(type_);
  if (type_ == ElementType::kFloat64) {
    KMRT_RETURN_IF_ERROR(bytes_->Read(offset, std::as_writable_bytes(out)));
    return CheckFinite(what_, first, out);
  }
  constexpr size_t kChunk = 16384;
  std::vector<std::byte> raw(std::min(out.size(), kChunk) * ElementSize(type_));
  for (size_t done = 0; done < out.size();) {
    const std::span<double> part = out.subspan(done, std::min(kChunk, out.size() - done));
    const std::span<std::byte> bytes(raw.data(), part.size() * ElementSize(type_));
    KMRT_RETURN_IF_ERROR(bytes_->Read(offset + done * ElementSize(type_), bytes));
    for (size_t i = 0; i < part.size(); ++i) {
      if (type_ == ElementType::kUint8) {
        part[i] = std::to_integer<uint8_t>(bytes[i]);
      } else {
        float value;
        std::memcpy(&value, &bytes[i * sizeof(float)], sizeof(float));
        part[i] = value;
      }
    }
    done += part.size();
  }
  return CheckFinite(what_, first, out);
}

Status CheckFinite(std::string_view what, uint64_t first, std::span<const double> values) {
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      return Corrupt("{}: element {} is {}: only finite numbers can be computed with", what, first + i, values[i]);
    }
  }
  return Status();
}

}  // namespace keymemrt::frontend
