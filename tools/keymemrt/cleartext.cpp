// SPDX-License-Identifier: Apache-2.0
//
// keymemrt cleartext: the oracle, the same program on plain doubles.
#include "program/cleartext.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "tools/keymemrt/commands.h"
#include "tools/keymemrt/inputs.h"
#include "tools/keymemrt/report.h"
#include "tools/keymemrt/weights.h"

namespace keymemrt::tools {

namespace {

constexpr size_t kMostNamed = 5;

void WarnOfDepartures(const program::Program& program, const std::vector<program::Departure>& departures) {
  for (size_t i = 0; i < std::min(departures.size(), kMostNamed); ++i) {
    const program::Domain& domain = program.domains[departures[i].domain];
    fmt::print(stderr,
               "keymemrt: warning: '{}' takes {:.6g}, outside of [{:.6g}, {:.6g}], for which its polynomial is made: the answer "
               "is not the model's\n",
               domain.name, departures[i].value, domain.low, domain.high);
  }
  if (departures.size() > kMostNamed) {
    fmt::print(stderr, "keymemrt: warning: and {} more\n", departures.size() - kMostNamed);
  }
  if (!departures.empty()) {
    fmt::print(stderr, "keymemrt: warning: measure its ranges on more inputs, or on this one, too (keymemrt import --calibrate)\n");
  }
}

}  // namespace

void AddCleartext(CLI::App& app, int& exit_code) {
  struct Arguments {
    std::string program, input, output, weights;
    bool quiet = false;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("cleartext", "run the same program on plain numbers: what a run must agree with");
  command->add_option("MODEL", arguments->program, "the compiled program, .kmrt")->required();
  command->add_option("--input", arguments->input, "the input, .npy")->required();
  command->add_option("-o,--output", arguments->output, "the output, .npy")->required();
  command->add_option("--weights", arguments->weights, "the model's weights: .npz, .safetensors or .h5");
  command->add_flag("--quiet", arguments->quiet, "print nothing but errors");
  command->callback([arguments, &exit_code] {
    const auto run = [&]() -> Status {
      KMRT_ASSIGN_OR_RETURN(const program::Program program, program::Read(arguments->program));
      WarnIfInsecure(program);
      KMRT_ASSIGN_OR_RETURN(const auto inputs, ReadInputs(arguments->input, program));
      KMRT_ASSIGN_OR_RETURN(const ProgramWeights weights, ProgramWeights::Open(arguments->weights, program));
      KMRT_ASSIGN_OR_RETURN(
          const program::CleartextResult result,
          program::EvaluateCleartext(program, inputs, [&](uint32_t index, uint32_t row, std::span<double> out) {
            return weights.Row(index, row, out);
          }));
      WarnOfDepartures(program, result.departures);
      // The numbers are right, but the encrypted run would not give them: an answer that must not be taken for one.
      if (result.outgrowth) return Failed("{}", result.outgrowth->message);
      KMRT_RETURN_IF_ERROR(WriteOutputs(arguments->output, result.outputs));
      if (!arguments->quiet) {
        const double largest = result.magnitudes.empty() ? 0 : *std::max_element(result.magnitudes.begin(), result.magnitudes.end());
        fmt::print("largest value {:.4g}; closest to its modulus: {:.1f} bits below{}\n", largest, result.least_headroom_bits,
                   result.least_headroom_op == program::kNone
                       ? ", an input"
                       : ", " + program.Describe(program.ops[result.least_headroom_op]));
      }
      return Status();
    };
    if (const Status status = run(); !status.ok()) exit_code = Fail(status);
  });
}

}  // namespace keymemrt::tools
