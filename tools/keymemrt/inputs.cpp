// SPDX-License-Identifier: Apache-2.0
#include "tools/keymemrt/inputs.h"

#include "frontend/tensors/npy.h"

namespace keymemrt::tools {

Result<std::vector<std::vector<double>>> ReadInputs(const std::string& path, const program::Program& program) {
  KMRT_ASSIGN_OR_RETURN(const frontend::Tensor tensor, frontend::ReadNpy(path));
  if (tensor.type == frontend::ElementType::kUint8) {
    return Corrupt("{}: holds bytes, float64 or float32 expected: scale pixels as the model was trained", path);
  }
  size_t wanted = 0;
  for (const program::Input& input : program.inputs) wanted += input.length;
  if (tensor.values.size() != wanted) {
    return Corrupt("{}: holds {} numbers, the program's input is {}", path, tensor.values.size(), wanted);
  }
  std::vector<std::vector<double>> inputs;
  auto begin = tensor.values.begin();
  for (const program::Input& input : program.inputs) {
    inputs.emplace_back(begin, begin + input.length);
    begin += input.length;
  }
  return inputs;
}

Status WriteOutputs(const std::string& path, std::span<const std::vector<double>> outputs) {
  std::vector<double> values;
  for (const std::vector<double>& output : outputs) values.insert(values.end(), output.begin(), output.end());
  return frontend::WriteNpy(path, {values.size()}, values);
}

}  // namespace keymemrt::tools
