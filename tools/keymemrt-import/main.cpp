// SPDX-License-Identifier: Apache-2.0
//
// keymemrt-import: reads a trained network and packs it, as a process of its own, so that `keymemrt` links no protobuf.
// `keymemrt import` starts it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <string>

#include "base/file.h"
#include "base/status.h"
#include "frontend/network/fuse.h"
#include "frontend/onnx/onnx_reader.h"
#include "frontend/packing/choose_parameters.h"
#include "frontend/packing/packer.h"
#include "frontend/tensors/npy.h"
#include "tools/keymemrt/report.h"

namespace keymemrt {
namespace {

// Without a measurement.
constexpr double kAssumedLargestOutput = 1024;
// What was measured on some inputs, others exceed: of the MNIST networks, whose logits reach twice what they are on a
// dozen digits.
constexpr double kMargin = 3;

struct Options {
  std::string model, output, weights, inputs;
  bool quiet = false;
};

// The inputs of a network: an array of one each, whatever its further shape. Bytes are pixels from 0 to 1.
Result<std::vector<std::vector<double>>> ReadInputs(const std::string& path, size_t length) {
  KMRT_ASSIGN_OR_RETURN(frontend::Tensor tensor, frontend::ReadNpy(path));
  if (tensor.type == frontend::ElementType::kUint8) {
    for (double& value : tensor.values) value /= 255;
  }
  if (tensor.values.empty() || tensor.values.size() % length != 0) {
    return Corrupt("{}: holds {} numbers, no multiple of the network's input of {}", path, tensor.values.size(),
                   length);
  }
  std::vector<std::vector<double>> inputs;
  for (auto begin = tensor.values.begin(); begin != tensor.values.end(); begin += static_cast<std::ptrdiff_t>(length)) {
    inputs.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(length));
  }
  return inputs;
}

Status Import(const Options& options) {
  KMRT_ASSIGN_OR_RETURN(const frontend::Graph read, frontend::ReadOnnx(options.model));
  const frontend::Graph graph = frontend::FuseLinear(read);
  frontend::ParameterNeeds needs;
  needs.levels = frontend::Depth(graph);
  needs.largest_output = kAssumedLargestOutput;
  size_t measured = 0;
  if (!options.inputs.empty()) {
    KMRT_ASSIGN_OR_RETURN(const auto inputs, ReadInputs(options.inputs, graph.input_shape().count()));
    needs.largest_output = kMargin * frontend::Ranges(graph, inputs).back();
    measured = inputs.size();
  }
  for (const frontend::Node& node : graph.nodes) {
    needs.slots = std::max(needs.slots, static_cast<int64_t>(node.shape.count()));
  }
  Result<scheme::Parameters> parameters = frontend::ChooseParameters(needs);
  if (!parameters.ok()) return parameters.status().WithContext(options.model);
  Result<frontend::PackedModel> model = frontend::PackNetwork(graph, *parameters, graph.name);
  while (!model.ok()) {
    // Gaps make a value longer than its numbers.
    needs.slots = static_cast<int64_t>(2 * parameters->slots());
    parameters = frontend::ChooseParameters(needs);
    if (!parameters.ok()) return model.status().WithContext(options.model);
    model = frontend::PackNetwork(graph, *parameters, graph.name);
  }
  KMRT_RETURN_IF_ERROR(frontend::WriteNpz(options.weights, model->arrays));
  KMRT_RETURN_IF_ERROR(WriteFile(options.output, AsBytes(model->mlir)));
  if (options.quiet) return Status();
  const frontend::Layouts& layouts = model->layouts;
  fmt::print("{}: {}, {}, {} levels, {} diagonals, {} rotations ({} different), outputs below {:.4g} ({})\n",
             options.output, graph.name, parameters->Describe(), needs.levels, layouts.diagonals, layouts.rotations,
             layouts.distinct_rotations,
             static_cast<double>(parameters->modulus(0)) / (2 * parameters->default_scale()),
             measured == 0 ? "assumed: measure with --calibrate" : fmt::format("measured on {} inputs", measured));
  return Status();
}

int Main(int argc, char** argv) {
  CLI::App app("Makes of a trained network what the compiler reads: CKKS operations (.mlir) and packed weights (.npz).",
               "keymemrt import");
  Options options;
  app.add_option("MODEL", options.model, "the network, .onnx")->required();
  app.add_option("-o,--output", options.output, "the model for `keymemrt compile`, .mlir")->required();
  app.add_option("--weights-out", options.weights, "its weights for `keymemrt run`, .npz")->required();
  app.add_option(
      "--calibrate", options.inputs,
      "inputs to measure the sizes of values on, .npy: one after the other, as the network takes them; bytes "
      "are divided by 255");
  app.add_flag("--quiet", options.quiet, "print nothing but errors");
  if (const auto code = tools::ParseArguments(app, argc, argv)) return *code;
  const Status status = Import(options);
  return status.ok() ? 0 : tools::Fail(status);
}

}  // namespace
}  // namespace keymemrt

int main(int argc, char** argv) {
  return keymemrt::Main(argc, argv);
}
