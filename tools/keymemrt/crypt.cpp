// SPDX-License-Identifier: Apache-2.0
//
// keymemrt encrypt, decrypt: the client's side.
#include <fmt/format.h>

#include <memory>

#include "frontend/tensors/npy.h"
#include "runtime/client/client.h"
#include "tools/keymemrt/commands.h"
#include "tools/keymemrt/inputs.h"
#include "tools/keymemrt/report.h"

namespace keymemrt::tools {

namespace {
struct Arguments {
  std::string program, client, input, output;
  bool quiet = false;
};

CLI::App* AddCommand(CLI::App& app, const char* name, const char* description, const char* input, const char* output,
                     Arguments& arguments) {
  CLI::App* command = app.add_subcommand(name, description);
  command->add_option("MODEL", arguments.program, "the compiled program, .kmrt")->required();
  command->add_option("--client", arguments.client, "the client's directory, as made by keygen")->required();
  command->add_option("--input", arguments.input, input)->required();
  command->add_option("-o,--output", arguments.output, output)->required();
  command->add_flag("--quiet", arguments.quiet, "print nothing but errors");
  return command;
}
}  // namespace

void AddEncrypt(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  AddCommand(app, "encrypt", "encrypt an input with the client's public key",
             "the input, .npy: the numbers of the model's logical input, flattened (several inputs: one after the other)",
             "the ciphertext, .ct", *arguments)
      ->callback([arguments, &exit_code] {
        const auto run = [&]() -> Status {
          KMRT_ASSIGN_OR_RETURN(const program::Program program, program::Read(arguments->program));
          WarnIfInsecure(program);
          KMRT_ASSIGN_OR_RETURN(const auto inputs, ReadInputs(arguments->input, program));
          return runtime::EncryptInputs(program, arguments->client, inputs, arguments->output);
        };
        if (const Status status = run(); !status.ok()) exit_code = Fail(status);
      });
}

void AddDecrypt(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  AddCommand(app, "decrypt", "decrypt an output with the client's secret key", "the ciphertext, .ct", "the output, .npy",
             *arguments)
      ->callback([arguments, &exit_code] {
        const auto run = [&]() -> Status {
          KMRT_ASSIGN_OR_RETURN(const program::Program program, program::Read(arguments->program));
          WarnIfInsecure(program);
          KMRT_ASSIGN_OR_RETURN(const auto outputs,
                                runtime::DecryptOutputs(program, arguments->client, arguments->input));
          return WriteOutputs(arguments->output, outputs);
        };
        if (const Status status = run(); !status.ok()) exit_code = Fail(status);
      });
}

}  // namespace keymemrt::tools
