// SPDX-License-Identifier: Apache-2.0
//
// .safetensors: the length of the header (8 bytes), the header (JSON: name -> dtype, shape, data_offsets), the data.
// The ranges of the arrays must tile the data, as the format demands.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "frontend/tensors/weight_formats.h"

namespace keymemrt::frontend {

namespace {

using nlohmann::json;

constexpr uint64_t kMaxHeader = uint64_t{16} << 20;  // some 100,000 arrays

struct Range {
  uint64_t begin = 0;
  uint64_t end = 0;
};

std::optional<uint64_t> Unsigned(const json& value) {
  if (!value.is_number_unsigned()) return std::nullopt;
  return value.get<uint64_t>();
}

std::optional<Range> ParseRange(const json& entry) {
  const auto offsets = entry.find("data_offsets");
  if (offsets == entry.end() || !offsets->is_array() || offsets->size() != 2) return std::nullopt;
  const std::optional<uint64_t> begin = Unsigned((*offsets)[0]);
  const std::optional<uint64_t> end = Unsigned((*offsets)[1]);
  if (!begin || !end || *begin > *end) return std::nullopt;
  return Range{*begin, *end};
}

std::optional<Shape> ParseShape(const json& entry) {
  const auto dimensions = entry.find("shape");
  if (dimensions == entry.end() || !dimensions->is_array()) return std::nullopt;
  Shape shape;
  for (const json& dimension : *dimensions) {
    const std::optional<uint64_t> value = Unsigned(dimension);
    if (!value) return std::nullopt;
    shape.push_back(*value);
  }
  return shape;
}

Result<std::unique_ptr<RowSource>> OpenArray(const std::string& what, const json& entry, const Range& range,
                                             const std::shared_ptr<const RandomAccessFile>& file, uint64_t data_begin) {
  const auto dtype = entry.find("dtype");
  if (dtype == entry.end() || !dtype->is_string()) return Corrupt("{}: no 'dtype'", what);
  const std::string& type_name = dtype->get_ref<const std::string&>();
  if (type_name != "F64" && type_name != "F32") {
    return Corrupt("{}: elements of type {}: F64 or F32 expected", what, type_name);
  }
  std::optional<Shape> shape = ParseShape(entry);
  if (!shape) return Corrupt("{}: 'shape' is not a list of lengths", what);
  auto bytes = std::make_shared<FileRange>(file, data_begin + range.begin, range.end - range.begin);
  const ElementType type = type_name == "F64" ? ElementType::kFloat64 : ElementType::kFloat32;
  KMRT_ASSIGN_OR_RETURN(StoredArray array, StoredArray::Create(what, type, *std::move(shape), std::move(bytes), 0));
  return std::unique_ptr<RowSource>(std::make_unique<StoredRows>(std::move(array)));
}

}  // namespace

Result<WeightFile::Arrays> OpenSafetensors(std::shared_ptr<const RandomAccessFile> file) {
  const std::string& path = file->path();
  uint8_t length_bytes[8];
  KMRT_RETURN_IF_ERROR(file->Read(0, std::as_writable_bytes(std::span(length_bytes))));
  uint64_t length = 0;
  for (int i = 7; i >= 0; --i) length = length << 8 | length_bytes[i];
  const uint64_t limit = std::min(kMaxHeader, file->size() - sizeof(length_bytes));
  if (length > limit) {
    return Corrupt("{}: a .safetensors header of {} bytes, at most {} expected in a file of {}", path, length, limit,
                   file->size());
  }
  std::string text(length, '\0');
  KMRT_RETURN_IF_ERROR(file->Read(sizeof(length_bytes), std::as_writable_bytes(std::span(text))));
  const json header = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!header.is_object()) return Corrupt("{}: the .safetensors header is not a JSON object", path);

  const uint64_t data_begin = sizeof(length_bytes) + length;
  const uint64_t data_size = file->size() - data_begin;
  WeightFile::Arrays arrays;
  std::vector<std::pair<uint64_t, uint64_t>> ranges;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") continue;
    const std::string what = fmt::format("{}: {}", path, name);
    const std::optional<Range> range = entry.is_object() ? ParseRange(entry) : std::nullopt;
    if (!range || range->end > data_size) {
      return Corrupt("{}: 'data_offsets' is not a range within the {} bytes of data", what, data_size);
    }
    ranges.emplace_back(range->begin, range->end);
    arrays.emplace(name, OpenArray(what, entry, *range, file, data_begin));
  }
  std::sort(ranges.begin(), ranges.end());
  uint64_t covered = 0;
  for (const auto& [begin, end] : ranges) {
    if (begin != covered) return Corrupt("{}: the arrays leave a gap or overlap at byte {} of the data", path, covered);
    covered = end;
  }
  if (covered != data_size) {
    return Corrupt("{}: {} bytes of data, the arrays of the header take {}", path, data_size, covered);
  }
  return arrays;
}

}  // namespace keymemrt::frontend
