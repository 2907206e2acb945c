// SPDX-License-Identifier: Apache-2.0
//
// The weights file of a run, checked against the program that asks for it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "frontend/tensors/weight_file.h"
#include "program/program.h"

namespace keymemrt::tools {

class ProgramWeights {
 public:
  // `path` may be empty when the program has no weights (kInvalidArgument otherwise). kCorrupt: an array is missing or of
  // another shape than the program's; the message names file and array.
  static Result<ProgramWeights> Open(const std::string& path, const program::Program& program);

  // Row `row` of program.weights[index]. Thread-safe.
  Status Row(uint32_t index, uint32_t row, std::span<double> out) const;

 private:
  ProgramWeights(const program::Program& program, std::unique_ptr<frontend::WeightFile> file);
  std::vector<std::string> names_;
  std::unique_ptr<frontend::WeightFile> file_;
};

}  // namespace keymemrt::tools
