// SPDX-License-Identifier: Apache-2.0
#include "frontend/tensors/weight_file.h"

#include <algorithm>
#include <string_view>

#include "frontend/tensors/packed_layers.h"
#include "frontend/tensors/weight_formats.h"

namespace keymemrt::frontend {

Result<std::unique_ptr<WeightFile>> WeightFile::Open(const std::string& path, Check check) {
  KMRT_ASSIGN_OR_RETURN(RandomAccessFile opened, RandomAccessFile::Open(path));
  const auto file = std::make_shared<const RandomAccessFile>(std::move(opened));
  std::string start(std::min<uint64_t>(file->size(), 9), '\0');
  KMRT_RETURN_IF_ERROR(file->Read(0, std::as_writable_bytes(std::span(start))));

  const auto open = [&]() -> Result<Arrays> {
    // An empty zip begins with its end record.
    if (start.starts_with("PK\x03\x04") || start.starts_with("PK\x05\x06")) return OpenNpz(path, check);
    if (start.starts_with("\x89HDF\r\n\x1a\n")) return OpenHdf5(path);
    if (start.size() == 9 && start[8] == '{') return OpenSafetensors(file);
    return Corrupt("{}: not a weights file: .npz, .safetensors or HDF5 expected", path);
  };
  KMRT_ASSIGN_OR_RETURN(Arrays arrays, open());
  ShowPackedLayers(path, arrays);
  return std::unique_ptr<WeightFile>(new WeightFile(path, std::move(arrays)));
}

std::vector<std::string> WeightFile::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, array] : arrays_) names.push_back(name);
  return names;
}

Result<const RowSource*> WeightFile::Find(const std::string& name) const {
  const auto found = arrays_.find(name);
  if (found == arrays_.end()) {
    constexpr size_t kShown = 8;
    std::vector<std::string> names = Names();
    const size_t count = names.size();
    names.resize(std::min(count, kShown));
    return Corrupt("{}: no array \"{}\"; there are {}: {}{}", path_, name, count, fmt::join(names, ", "),
                   count > kShown ? ", ..." : "");
  }
  if (!found->second.ok()) return found->second.status();
  return found->second->get();
}

Result<Shape> WeightFile::ArrayShape(const std::string& name) const {
  KMRT_ASSIGN_OR_RETURN(const RowSource* array, Find(name));
  return array->shape();
}

Status WeightFile::ReadRow(const std::string& name, uint64_t row, std::span<double> out) const {
  KMRT_ASSIGN_OR_RETURN(const RowSource* array, Find(name));
  const Shape& shape = array->shape();
  if (shape.empty() || shape.size() > 2) {
    return Corrupt("{}: {}: an array of one or two dimensions expected, its shape is {}", path_, name,
                   ShapeToString(shape));
  }
  const uint64_t rows = shape.size() == 2 ? shape[0] : 1;
  if (row >= rows || out.size() != shape.back()) {
    return InvalidArgument("{}: {}: row {} of {} numbers wanted from an array of shape {}", path_, name, row,
                           out.size(), ShapeToString(shape));
  }
  return array->ReadRow(row, out);
}

}  // namespace keymemrt::frontend
