// SPDX-License-Identifier: Apache-2.0
//
// The weights of a model: named arrays of real numbers, read row by row so that no array need lie in memory whole.
//
// Formats, told apart by their first bytes:
//  - .npz (a zip of .npy arrays; the names lose their ".npy"). Stored entries are read where they lie. A deflated entry
//    cannot be entered in the middle: its first use inflates it whole into memory, where it stays.
//  - .safetensors.
//  - .h5 (HDF5). A floating-point dataset /a/b is the array "a.b". Orion's layout is recognised: the datasets
//    /<layer>/diagonals/<row>_<col>/<index>, one diagonal each, are together the 2-D array
//    "<layer>.weights.<row>.<col>", its rows in ascending order of the diagonal's index; a layer's only block is
//    "<layer>.weights" too; /<layer>/on_bias is
//    "<layer>.bias" (as Orion stores it: one number an output, not one a slot).
//  - In any of them: linear layers as they were trained, whose diagonals are made row by row (packed_layers.h).
//
// Elements are float64 or float32 (and uint8 in .npz). An array of another type, or a malformed one, is listed; the
// error comes when it is used.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "frontend/tensors/array.h"

namespace keymemrt::frontend {

// One array of a weights file. ReadRow may be called from several threads.
class RowSource {
 public:
  virtual ~RowSource() = default;
  virtual const Shape& shape() const = 0;
  // Row `row` of the first of two dimensions; a 1-D array is its single row 0.
  // REQUIRES: shape() has one or two dimensions, row and out.size() match it.
  virtual Status ReadRow(uint64_t row, std::span<double> out) const = 0;
};

class WeightFile {
 public:
  enum class Check {
    // Open also reads every byte that the format has a checksum for (.npz: CRC-32) and compares: one sequential pass.
    kContents,
    // Only what is needed to find the arrays: for a file that was checked before.
    kStructure,
  };

  // Errors: kInvalidArgument when there is no such file; kCorrupt, naming the file and what was expected.
  static Result<std::unique_ptr<WeightFile>> Open(const std::string& path, Check check = Check::kContents);

  const std::string& path() const { return path_; }
  std::vector<std::string> Names() const;  // sorted
  bool Contains(const std::string& name) const { return arrays_.contains(name); }

  // Errors: kCorrupt when there is no such array (the message lists what there is) or it cannot be read as numbers.
  Result<Shape> ArrayShape(const std::string& name) const;
  // Row `row` of a 2-D array, or the whole of a 1-D array as its row 0. Errors: as above; kInvalidArgument when `row`
  // or out.size() do not match the shape; kCorrupt for other numbers of dimensions and values that are not finite.
  Status ReadRow(const std::string& name, uint64_t row, std::span<double> out) const;

  // By name; what is known to be unusable carries the reason.
  using Arrays = std::map<std::string, Result<std::unique_ptr<RowSource>>>;

 private:
  WeightFile(std::string path, Arrays arrays) : path_(std::move(path)), arrays_(std::move(arrays)) {}
  Result<const RowSource*> Find(const std::string& name) const;
  std::string path_;
  Arrays arrays_;
};

}  // namespace keymemrt::frontend
