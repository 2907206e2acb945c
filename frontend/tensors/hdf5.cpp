// SPDX-License-Identifier: Apache-2.0
//
// HDF5 weights, Orion's among them (layout: weight_file.h), through the library's C interface.
//
// The library is not trusted with more than it needs: external files, virtual datasets and filter plug-ins are refused,
// since a data file must not choose which other files are read or which code is loaded.
#include <hdf5.h>

#include <algorithm>
#include <charconv>
#include <mutex>
#include <optional>
#include <utility>

#include "frontend/tensors/weight_formats.h"

namespace keymemrt::frontend {

namespace {

// HDF5 is thread-safe in some builds only.
std::mutex& LibraryMutex() {
  static std::mutex mutex;
  return mutex;
}

// Holds the library; while it lives, the library prints no error stacks (the setting is per thread).
class LibraryLock {
 public:
  LibraryLock() : lock_(LibraryMutex()) {
    // Before the library's first use: its clean-up at exit complains on stderr about what it left open of a damaged
    // file.
    static const herr_t no_exit_handler = H5dont_atexit();
    static_cast<void>(no_exit_handler);
    H5Eget_auto2(H5E_DEFAULT, &function_, &data_);
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  }
  ~LibraryLock() { H5Eset_auto2(H5E_DEFAULT, function_, data_); }
  LibraryLock(const LibraryLock&) = delete;
  LibraryLock& operator=(const LibraryLock&) = delete;

 private:
  std::lock_guard<std::mutex> lock_;
  H5E_auto2_t function_ = nullptr;
  void* data_ = nullptr;
};

// Owns one HDF5 identifier. REQUIRES: the library is held on destruction.
class Id {
 public:
  Id(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  Id(Id&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Id& operator=(Id&&) = delete;
  ~Id() {
    if (id_ >= 0) close_(id_);
  }
  bool ok() const { return id_ >= 0; }
  hid_t get() const { return id_; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

struct File {
  std::string path;
  std::optional<Id> id;
  ~File() {
    const LibraryLock library;
    id.reset();
  }
};

Id OpenDataset(const File& file, const std::string& dataset) {
  return Id(H5Dopen2(file.id->get(), dataset.c_str(), H5P_DEFAULT), H5Dclose);
}

// The shape of a floating-point dataset that lies within the file. REQUIRES: the library is held.
Result<Shape> DatasetShape(const File& file, const std::string& dataset) {
  const auto corrupt = [&](std::string_view why) { return Corrupt("{}: dataset {}: {}", file.path, dataset, why); };
  const Id id = OpenDataset(file, dataset);
  if (!id.ok()) return corrupt("cannot be opened: the file is damaged");
  const Id type(H5Dget_type(id.get()), H5Tclose);
  const Id space(H5Dget_space(id.get()), H5Sclose);
  const Id properties(H5Dget_create_plist(id.get()), H5Pclose);
  if (!type.ok() || !space.ok() || !properties.ok()) return corrupt("cannot be read: the file is damaged");
  const bool is_float64 = H5Tequal(type.get(), H5T_IEEE_F64LE) > 0;
  if (!is_float64 && H5Tequal(type.get(), H5T_IEEE_F32LE) <= 0) {
    return corrupt("elements of another type: float64 or float32, little endian, expected");
  }
  const H5D_layout_t layout = H5Pget_layout(properties.get());
  if (H5Pget_external_count(properties.get()) != 0 || layout == H5D_VIRTUAL) {
    return corrupt("its data lie in another file, which is not supported");
  }
  const int rank = H5Sget_simple_extent_ndims(space.get());
  if (rank < 0) return corrupt("not an array");
  std::vector<hsize_t> dimensions(static_cast<size_t>(rank));
  if (rank > 0 && H5Sget_simple_extent_dims(space.get(), dimensions.data(), nullptr) != rank) {
    return corrupt("cannot be read: the file is damaged");
  }
  Shape shape(dimensions.begin(), dimensions.end());
  const size_t element_size = is_float64 ? 8 : 4;
  KMRT_ASSIGN_OR_RETURN(const uint64_t count, ElementCount(shape, element_size, file.path + ": dataset " + dataset));
  // HDF5 1.10 copies from a compact dataset that is shorter than its shape demands without looking.
  if (layout != H5D_CHUNKED && H5Dget_storage_size(id.get()) != count * element_size) {
    return corrupt(fmt::format("{} bytes of data, {} expected", H5Dget_storage_size(id.get()), count * element_size));
  }
  return shape;
}

// Row `row` of a dataset of one or two dimensions into `out`. Takes the library.
Status ReadDatasetRow(const File& file, const std::string& dataset, const Shape& shape, uint64_t row,
                      std::span<double> out) {
  const auto read = [&] {
    const LibraryLock library;
    const Id id = OpenDataset(file, dataset);
    if (!id.ok()) return false;
    const Id space(H5Dget_space(id.get()), H5Sclose);
    const hsize_t start[2] = {row, 0};
    const hsize_t count[2] = {1, out.size()};
    const hsize_t first = shape.size() == 2 ? 0 : 1;
    const Id memory(H5Screate_simple(1, count + 1, nullptr), H5Sclose);
    return space.ok() && memory.ok() &&
           H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start + first, nullptr, count + first, nullptr) >= 0 &&
           H5Dread(id.get(), H5T_NATIVE_DOUBLE, memory.get(), space.get(), H5P_DEFAULT, out.data()) >= 0;
  };
  const std::string what = file.path + ": dataset " + dataset;
  if (!read()) return Corrupt("{}: row {} cannot be read: the file is damaged", what, row);
  return CheckFinite(what, row * out.size(), out);
}

class Dataset : public RowSource {
 public:
  Dataset(std::shared_ptr<const File> file, std::string dataset, Shape shape)
      : file_(std::move(file)), dataset_(std::move(dataset)), shape_(std::move(shape)) {}
  const Shape& shape() const override { return shape_; }
  Status ReadRow(uint64_t row, std::span<double> out) const override {
    return ReadDatasetRow(*file_, dataset_, shape_, row, out);
  }

 private:
  std::shared_ptr<const File> file_;
  std::string dataset_;
  Shape shape_;
};

// A block of Orion's: one 1-D dataset per diagonal.
class DiagonalBlock : public RowSource {
 public:
  DiagonalBlock(std::shared_ptr<const File> file, std::vector<std::string> datasets, uint64_t slots)
      : file_(std::move(file)), datasets_(std::move(datasets)), shape_({datasets_.size(), slots}) {}
  const Shape& shape() const override { return shape_; }
  Status ReadRow(uint64_t row, std::span<double> out) const override {
    return ReadDatasetRow(*file_, datasets_[row], {shape_[1]}, 0, out);
  }

 private:
  std::shared_ptr<const File> file_;
  std::vector<std::string> datasets_;
  Shape shape_;
};

std::optional<uint64_t> ParseIndex(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  for (size_t begin = 0;;) {
    const size_t end = text.find(separator, begin);
    parts.push_back(text.substr(begin, end - begin));
    if (end == std::string::npos) return parts;
    begin = end + 1;
  }
}

// layer -> (block row, block column) -> diagonal index -> dataset
using Layers = std::map<std::string, std::map<std::pair<uint64_t, uint64_t>, std::map<uint64_t, std::string>>>;

// Files a dataset path of the form <layer>/diagonals/<row>_<col>/<index>; false for other forms.
bool AddDiagonal(const std::string& dataset, Layers& layers) {
  const std::vector<std::string> parts = Split(dataset, '/');
  if (parts.size() != 4 || parts[1] != "diagonals") return false;
  const std::vector<std::string> block = Split(parts[2], '_');
  if (block.size() != 2) return false;
  const std::optional<uint64_t> row = ParseIndex(block[0]);
  const std::optional<uint64_t> column = ParseIndex(block[1]);
  const std::optional<uint64_t> index = ParseIndex(parts[3]);
  if (!row || !column || !index) return false;
  layers[parts[0]][{*row, *column}][*index] = dataset;
  return true;
}

Result<std::unique_ptr<RowSource>> OpenDataset(const std::shared_ptr<const File>& file, const std::string& dataset) {
  KMRT_ASSIGN_OR_RETURN(Shape shape, DatasetShape(*file, dataset));
  return std::unique_ptr<RowSource>(std::make_unique<Dataset>(file, dataset, std::move(shape)));
}

Result<std::unique_ptr<RowSource>> OpenBlock(const std::shared_ptr<const File>& file,
                                             const std::map<uint64_t, std::string>& diagonals) {
  std::vector<std::string> datasets;
  std::optional<uint64_t> slots;
  for (const auto& [index, dataset] : diagonals) {
    KMRT_ASSIGN_OR_RETURN(const Shape shape, DatasetShape(*file, dataset));
    if (shape.size() != 1 || shape[0] != slots.value_or(shape[0])) {
      return Corrupt("{}: dataset {}: a diagonal of shape {}: one dimension, as long as the others, expected",
                     file->path, dataset, ShapeToString(shape));
    }
    slots = shape[0];
    datasets.push_back(dataset);
  }
  return std::unique_ptr<RowSource>(std::make_unique<DiagonalBlock>(file, std::move(datasets), slots.value_or(0)));
}

herr_t CollectDataset(hid_t /*root*/, const char* name, const H5O_info_t* info, void* datasets) {
  if (info->type == H5O_TYPE_DATASET) static_cast<std::vector<std::string>*>(datasets)->push_back(name);
  return 0;
}

}  // namespace

Result<WeightFile::Arrays> OpenHdf5(const std::string& path) {
  auto file = std::make_shared<File>();
  file->path = path;
  const LibraryLock library;
  H5PLset_loading_state(0);
  file->id.emplace(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
  if (!file->id->ok()) return Corrupt("{}: not a sound HDF5 file: it is truncated or damaged", path);
  std::vector<std::string> datasets;
  // Hard links only, each object once: a cycle or a link to elsewhere cannot be followed.
  if (H5Ovisit2(file->id->get(), H5_INDEX_NAME, H5_ITER_INC, CollectDataset, &datasets, H5O_INFO_BASIC) < 0) {
    return Corrupt("{}: its contents cannot be listed: the file is damaged", path);
  }

  WeightFile::Arrays arrays;
  Layers layers;
  std::vector<std::string> plain;
  for (const std::string& dataset : datasets) {
    if (!AddDiagonal(dataset, layers)) plain.push_back(dataset);
  }
  for (const auto& [layer, blocks] : layers) {
    for (const auto& [position, diagonals] : blocks) {
      const std::string name = fmt::format("{}.weights.{}.{}", layer, position.first, position.second);
      arrays.emplace(name, OpenBlock(file, diagonals));
      if (blocks.size() == 1) arrays.emplace(layer + ".weights", OpenBlock(file, diagonals));
    }
  }
  for (const std::string& dataset : plain) {
    std::string name = dataset;
    const std::vector<std::string> parts = Split(dataset, '/');
    if (layers.contains(parts[0])) {
      if (parts.size() != 2 || parts[1] != "on_bias") continue;  // Orion's book-keeping and encoded plaintexts
      name = parts[0] + ".bias";
    } else {
      std::replace(name.begin(), name.end(), '/', '.');
    }
    if (!arrays.emplace(name, OpenDataset(file, dataset)).second) {
      return Corrupt("{}: two arrays are named \"{}\"", path, name);
    }
  }
  return arrays;
}

}  // namespace keymemrt::frontend
