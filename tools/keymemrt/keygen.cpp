// SPDX-License-Identifier: Apache-2.0
//
// keymemrt keygen: the keys of a program, secret ones for the client, the others for the server.
#include "runtime/keygen/keygen.h"

#include <fmt/format.h>

#include <memory>

#include "base/size.h"
#include "tools/keymemrt/commands.h"
#include "tools/keymemrt/progress.h"
#include "tools/keymemrt/report.h"

namespace keymemrt::tools {

void AddKeygen(CLI::App& app, int& exit_code) {
  struct Arguments {
    std::string program, client, keys;
    int threads = 1;
    bool quiet = false;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("keygen", "make the keys that a program needs");
  command->add_option("MODEL", arguments->program, "the compiled program, .kmrt")->required();
  command->add_option("--client", arguments->client, "directory for the secret and the public key")->required();
  command->add_option("--keys", arguments->keys, "directory for the server's key store")->required();
  command->add_option("--threads", arguments->threads, "threads that make keys")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  command->add_flag("--quiet", arguments->quiet, "print nothing but errors");
  command->callback([arguments, &exit_code] {
    const auto run = [&]() -> Status {
      KMRT_ASSIGN_OR_RETURN(const program::Program program, program::Read(arguments->program));
      WarnIfInsecure(program);
      Progress progress("keys", arguments->quiet);
      runtime::KeygenOptions options{.threads = arguments->threads};
      options.progress = [&](size_t done, size_t, size_t total) { progress.Show(done, total); };
      KMRT_ASSIGN_OR_RETURN(const runtime::KeygenReport report,
                            runtime::GenerateKeys(program, arguments->client, arguments->keys, options));
      progress.End();
      if (!arguments->quiet) {
        fmt::print("{}: {} keys{}; the store has {}\n", arguments->keys, report.keys,
                   report.made == report.keys ? "" : fmt::format(", {} of them were there", report.keys - report.made),
                   FormatSize(report.key_store_bytes));
      }
      return Status();
    };
    if (const Status status = run(); !status.ok()) exit_code = Fail(status);
  });
}

}  // namespace keymemrt::tools
