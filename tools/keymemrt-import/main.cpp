// SPDX-License-Identifier: Apache-2.0
//
// keymemrt-import: reads a trained network and packs it, as a process of its own, so that `keymemrt` links no protobuf.
// `keymemrt import` starts it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <bit>
#include <cmath>
#include <span>
#include <string>

#include "base/file.h"
#include "base/status.h"
#include "frontend/network/fuse.h"
#include "frontend/network/units.h"
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
constexpr double kOutputMargin = 3;
// The same for what activations take, where room costs precision.
constexpr double kRangeMargin = 1.25;
constexpr int kLeastLevelsBetweenBootstraps = 9;
constexpr size_t kMostReported = 20;  // inputs that the effect of approximations is measured on

struct Options {
  std::string model, output, weights, inputs;
  double activation_error = 0x1p-10;
  int insecure_log_n = 0;
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

struct Measured {
  std::vector<double> ranges;  // by node
  // By what factor the second half of the inputs raised the range of an activation's operand, at most; and whose.
  double growth = 1;
  std::string activation;
};

Measured MeasureRanges(const frontend::Graph& graph, std::span<const std::vector<double>> inputs) {
  const size_t half = (inputs.size() + 1) / 2;
  const std::vector<double> first = frontend::Ranges(graph, inputs.first(half));
  Measured measured{frontend::Ranges(graph, inputs.subspan(half))};
  for (size_t node = 0; node < graph.nodes.size(); ++node) {
    measured.ranges[node] = std::max(measured.ranges[node], first[node]);
    if (!std::holds_alternative<frontend::Activation>(graph.nodes[node].operation)) continue;
    const size_t operand = graph.nodes[node].operands[0];
    if (const double growth = measured.ranges[operand] / first[operand]; growth > measured.growth) {
      measured.growth = growth;
      measured.activation = graph.nodes[node].name;
    }
  }
  return measured;
}

// A network as it is packed: where activations or bootstraps ask for it, with values in [-1, 1].
struct Prepared {
  frontend::ScaledGraph scaled;
  frontend::Approximations approximations;
  frontend::ParameterNeeds needs;
  Measured measured;
  scheme::Parameters parameters;
  int64_t most_slots = 0;  // of a layout's period
};

bool IsBootstrapped(const scheme::Parameters& parameters) {
  return parameters.literal().secret_weight != 0;
}

bool HasActivations(const frontend::Graph& graph) {
  return std::any_of(graph.nodes.begin(), graph.nodes.end(), [](const frontend::Node& node) {
    return std::holds_alternative<frontend::Activation>(node.operation);
  });
}

// Levels from one bootstrap to the next: the deepest activation and a linear layer on either side, so that the layers
// are where the levels are lowest and cost the least.
int LevelsBetweenBootstraps(const frontend::Approximations& approximations) {
  int levels = kLeastLevelsBetweenBootstraps;
  for (const circuit::ActivationPolynomials& approximation : approximations) {
    // One with a product inside can be bootstrapped inside.
    if (!approximation.times_input)
      levels = std::max(levels, approximation.polynomials.empty() ? 0 : approximation.levels() + 2);
  }
  return levels;
}

Result<Prepared> Prepare(const frontend::Graph& graph, const std::vector<std::vector<double>>& inputs,
                         const Options& options) {
  Measured measured;
  if (!inputs.empty()) measured = MeasureRanges(graph, inputs);
  frontend::ParameterNeeds needs;
  needs.largest_output = inputs.empty() ? kAssumedLargestOutput : kOutputMargin * measured.ranges.back();
  for (const frontend::Node& node : graph.nodes) {
    needs.slots = std::max(needs.slots, static_cast<int64_t>(node.shape.count()));
  }
  // What is larger than the largest ring is several ciphertexts.
  needs.slots = std::min(needs.slots, int64_t{1} << (frontend::kLargestLogN - 1));
  frontend::ScaledGraph scaled{graph, std::vector<double>(graph.nodes.size(), 1.0)};
  const auto scale = [&](const char* what) -> Status {
    if (inputs.empty()) {
      return InvalidArgument("{} takes values in [-1, 1]: measure the network's ranges with --calibrate", what);
    }
    std::vector<double> ranges = measured.ranges;
    for (double& range : ranges) range *= kRangeMargin;
    scaled = frontend::ScaleToRanges(graph, ranges);
    return Status();
  };
  if (HasActivations(graph)) KMRT_RETURN_IF_ERROR(scale("an activation"));
  KMRT_ASSIGN_OR_RETURN(frontend::Approximations approximations,
                        frontend::ApproximateActivations(scaled.graph, options.activation_error));
  needs.levels = frontend::Depth(scaled.graph, approximations);
  needs.insecure_log_n = options.insecure_log_n;
  Result<scheme::Parameters> parameters = frontend::ChooseParameters(needs);
  if (!parameters.ok() || options.insecure_log_n != 0) {
    if (!HasActivations(graph)) KMRT_RETURN_IF_ERROR(scale("bootstrapping"));
    approximations.resize(scaled.graph.nodes.size());
    needs.levels = LevelsBetweenBootstraps(approximations);
    if (options.insecure_log_n != 0) needs.slots = std::min(needs.slots, int64_t{1} << (options.insecure_log_n - 1));
    parameters = frontend::ChooseBootstrappedParameters(needs);
    if (!parameters.ok()) return parameters.status();
  }
  int64_t most_slots = static_cast<int64_t>(parameters->slots());
  // Bootstraps cost less where values repeat: as few slots as hold the longest.
  if (IsBootstrapped(*parameters)) most_slots = std::bit_ceil(static_cast<uint64_t>(needs.slots));
  return Prepared{std::move(scaled),   std::move(approximations), needs,
                  std::move(measured), *std::move(parameters),    most_slots};
}

// What the polynomials do to the network on the inputs that were measured.
void ReportActivations(const Prepared& prepared, const std::vector<std::vector<double>>& inputs) {
  const frontend::Graph& graph = prepared.scaled.graph;
  std::vector<double> worst(graph.nodes.size()), sums(graph.nodes.size());
  const size_t count = std::min(inputs.size(), kMostReported);
  size_t equal = 0;
  for (size_t i = 0; i < count; ++i) {
    const auto exact = frontend::Evaluate(graph, inputs[i]);
    const auto approximate = frontend::Evaluate(graph, prepared.approximations, inputs[i]);
    for (size_t node = 0; node < exact.size(); ++node) {
      double sum = 0;
      for (size_t k = 0; k < exact[node].size(); ++k) {
        const double error = std::abs(exact[node][k] - approximate[node][k]) * prepared.scaled.units[node];
        worst[node] = std::max(worst[node], error);
        sum += error;
      }
      sums[node] += sum / static_cast<double>(exact[node].size());
    }
    const auto answer = [](const std::vector<double>& y) { return std::max_element(y.begin(), y.end()) - y.begin(); };
    equal += answer(exact.back()) == answer(approximate.back()) ? 1 : 0;
  }
  fmt::print("{:<32} {:>9} {:>7} {:>14} {:>12} {:>12} {:>12}\n", "activation", "range", "levels", "degrees",
             "its error", "worst so far", "mean so far");
  for (size_t node = 0; node < graph.nodes.size(); ++node) {
    const auto* activation = std::get_if<frontend::Activation>(&graph.nodes[node].operation);
    const circuit::ActivationPolynomials& approximation = prepared.approximations[node];
    std::vector<int> degrees;
    for (const circuit::ChebyshevSeries& series : approximation.polynomials) degrees.push_back(series.degree());
    const std::string mean = fmt::format("{:.2e}", sums[node] / static_cast<double>(count));
    if (activation != nullptr) {
      fmt::print("{:<32} {:>9.4g} {:>7} {:>14} {:>12.2e} {:>12.2e} {:>12}\n", graph.nodes[node].name,
                 activation->input_unit, approximation.levels(), fmt::format("{}", fmt::join(degrees, ", ")),
                 approximation.error * activation->output_unit, worst[node], mean);
    } else if (node + 1 == graph.nodes.size()) {
      fmt::print("{:<32} {:>9} {:>7} {:>14} {:>12} {:>12.2e} {:>12}\n", graph.nodes[node].name, "", "", "", "",
                 worst[node], mean);
    }
  }
  fmt::print("largest output the same with polynomials for {} of {} inputs\n", equal, count);
  fmt::print(
      "ranges are {} times the largest values of {} inputs, of which the second half raised none by more than {:.1f} "
      "%{}\n",
      kRangeMargin, inputs.size(), 100 * (prepared.measured.growth - 1),
      prepared.measured.activation.empty() ? "" : fmt::format(" ({})", prepared.measured.activation));
}

Status Import(const Options& options) {
  KMRT_ASSIGN_OR_RETURN(const frontend::Graph read, frontend::ReadOnnx(options.model));
  const frontend::Graph graph = frontend::FuseSilu(frontend::FuseLinear(read));
  std::vector<std::vector<double>> inputs;
  if (!options.inputs.empty()) {
    KMRT_ASSIGN_OR_RETURN(inputs, ReadInputs(options.inputs, graph.input_shape().count()));
  }
  Result<Prepared> made = Prepare(graph, inputs, options);
  if (!made.ok()) return made.status().WithContext(options.model);
  Prepared& prepared = *made;
  const Result<frontend::PackedModel> model = frontend::PackNetwork(
      prepared.scaled.graph, prepared.approximations, prepared.parameters, prepared.most_slots, graph.name);
  if (!model.ok()) return model.status().WithContext(options.model);
  KMRT_RETURN_IF_ERROR(frontend::WriteNpz(options.weights, model->arrays));
  KMRT_RETURN_IF_ERROR(WriteFile(options.output, AsBytes(model->mlir)));
  if (prepared.measured.growth > kRangeMargin) {
    fmt::print(stderr,
               "keymemrt: warning: the second half of the inputs raised the range of '{}' by {:.0f} %, more than the "
               "margin of "
               "{:.0f} %: other inputs will leave it, and have wrong answers; calibrate on more\n",
               prepared.measured.activation, 100 * (prepared.measured.growth - 1), 100 * (kRangeMargin - 1));
  }
  if (options.quiet) return Status();
  const frontend::Layouts& layouts = model->layouts;
  const scheme::Parameters& parameters = prepared.parameters;
  fmt::print(
      "{}: {}, {}, {} levels{}, {} diagonals, {} rotations ({} different), outputs below {:.4g} ({})\n", options.output,
      graph.name, parameters.Describe(), prepared.needs.levels, IsBootstrapped(parameters) ? " between bootstraps" : "",
      layouts.diagonals, layouts.rotations, layouts.distinct_rotations,
      static_cast<double>(parameters.modulus(0)) / (2 * parameters.default_scale()),
      inputs.empty() ? "assumed: measure with --calibrate" : fmt::format("measured on {} inputs", inputs.size()));
  if (HasActivations(graph)) ReportActivations(prepared, inputs);
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
  app.add_option("--activation-error", options.activation_error,
                 "largest error of an activation's polynomial, of the largest value of the activation: smaller takes "
                 "more levels")
      ->capture_default_str();
  app.add_option("--insecure-log-n", options.insecure_log_n,
                 "for tests: bootstraps, in a ring of 2^N that is not secure (compile with --insecure)")
      ->check(CLI::Range(10, 15));
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
