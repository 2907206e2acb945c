// SPDX-License-Identifier: Apache-2.0
//
// keymemrt keys ls|verify|rm: key stores.
#include <fmt/format.h>

#include <memory>

#include "runtime/keystore/key_store.h"
#include "tools/keymemrt/commands.h"
#include "tools/keymemrt/progress.h"
#include "tools/keymemrt/report.h"

namespace keymemrt::tools {

void AddKeys(CLI::App& app, int& exit_code) {
  struct Arguments {
    std::string directory;
    bool quiet = false;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* keys = app.add_subcommand("keys", "list, verify or remove a key store");
  keys->require_subcommand(1);
  const auto add = [&](const char* name, const char* description, auto action) {
    CLI::App* command = keys->add_subcommand(name, description);
    command->add_option("DIR", arguments->directory, "the key store's directory")->required();
    command->add_flag("--quiet", arguments->quiet, "print nothing but errors");
    command->callback([arguments, action, &exit_code] {
      if (const Status status = action(*arguments); !status.ok()) exit_code = Fail(status);
    });
  };
  add("ls", "list the keys", [](const Arguments& a) -> Status {
    KMRT_ASSIGN_OR_RETURN(const auto store, runtime::KeyStore::Open(a.directory));
    fmt::print("{}", runtime::DescribeKeyStore(*store));
    return Status();
  });
  add("verify", "read every chunk and check it", [](const Arguments& a) -> Status {
    Progress progress("keys", a.quiet);
    KMRT_RETURN_IF_ERROR(runtime::VerifyKeyStore(a.directory, [&](size_t done, size_t total) { progress.Show(done, total); }));
    progress.End();
    if (!a.quiet) fmt::print("{}: every chunk is intact\n", a.directory);
    return Status();
  });
  add("rm", "delete a key store", [](const Arguments& a) { return runtime::RemoveKeyStore(a.directory); });
}

}  // namespace keymemrt::tools
