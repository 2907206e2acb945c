// SPDX-License-Identifier: Apache-2.0
//
// The readers behind WeightFile::Open, one per format.
#pragma once

#include <memory>
#include <string>

#include "frontend/tensors/weight_file.h"

namespace keymemrt::frontend {

Result<WeightFile::Arrays> OpenNpz(const std::string& path, WeightFile::Check check);
Result<WeightFile::Arrays> OpenSafetensors(std::shared_ptr<const RandomAccessFile> file);
Result<WeightFile::Arrays> OpenHdf5(const std::string& path);

// The rows of an array that is stored in one piece.
class StoredRows : public RowSource {
 public:
  explicit StoredRows(StoredArray array) : array_(std::move(array)) {}
  const Shape& shape() const override { return array_.shape(); }
  Status ReadRow(uint64_t row, std::span<double> out) const override { return array_.Read(row * out.size(), out); }

 private:
  StoredArray array_;
};

}  // namespace keymemrt::frontend
