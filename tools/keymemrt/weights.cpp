// SPDX-License-Identifier: Apache-2.0
#include "tools/keymemrt/weights.h"

namespace keymemrt::tools {

ProgramWeights::ProgramWeights(const program::Program& program, std::unique_ptr<frontend::WeightFile> file)
    : file_(std::move(file)) {
  for (const program::Weight& weight : program.weights) names_.push_back(weight.name);
}

Result<ProgramWeights> ProgramWeights::Open(const std::string& path, const program::Program& program) {
  if (path.empty()) {
    if (program.weights.empty()) return ProgramWeights(program, nullptr);
    return InvalidArgument("the program needs {} arrays of weights, '{}' the first: give --weights FILE",
                           program.weights.size(), program.weights.front().name);
  }
  KMRT_ASSIGN_OR_RETURN(std::unique_ptr<frontend::WeightFile> file, frontend::WeightFile::Open(path));
  for (const program::Weight& weight : program.weights) {
    KMRT_ASSIGN_OR_RETURN(const frontend::Shape shape, file->ArrayShape(weight.name));
    // A 1-D array is its single row.
    const uint64_t rows = shape.size() == 2 ? shape[0] : 1;
    const uint64_t columns = shape.empty() ? 0 : shape.back();
    if (shape.size() > 2 || rows != weight.rows || columns != weight.columns) {
      return Corrupt("{}: array '{}' has another shape than the program's {} x {}", path, weight.name, weight.rows,
                     weight.columns);
    }
  }
  ProgramWeights weights(program, std::move(file));
  // The first row of each: what cannot be read is said before the run, and what a row is made of is there.
  std::vector<double> row;
  for (uint32_t i = 0; i < program.weights.size(); ++i) {
    row.resize(program.weights[i].columns);
    KMRT_RETURN_IF_ERROR(weights.Row(i, 0, row));
  }
  return weights;
}

Status ProgramWeights::Row(uint32_t index, uint32_t row, std::span<double> out) const {
  return file_->ReadRow(names_[index], row, out);
}

}  // namespace keymemrt::tools
