// SPDX-License-Identifier: Apache-2.0
//
// A program's inputs and outputs as .npy files: the numbers of the logical vectors, one vector after the other.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "program/program.h"

namespace keymemrt::tools {

// kCorrupt when the file does not hold as many numbers as the program's inputs need.
Result<std::vector<std::vector<double>>> ReadInputs(const std::string& path, const program::Program& program);
Status WriteOutputs(const std::string& path, std::span<const std::vector<double>> outputs);

}  // namespace keymemrt::tools
