// SPDX-License-Identifier: Apache-2.0
//
// keymemrt: the driver. Links no LLVM: `compile` is a program of its own beside this one, so that what runs in
// production stays lean.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>

#include "tools/keymemrt/commands.h"
#include "tools/keymemrt/compiler_path.h"
#include "tools/keymemrt/report.h"

namespace keymemrt::tools {
namespace {

// Replaces this process by keymemrt-compile with the same arguments. Returns only when that fails.
int Compile(char** argv) {
  const Result<std::string> compiler = CompilerPath();
  if (!compiler.ok()) return Fail(compiler.status());
  execv(compiler->c_str(), argv + 1);
  return Fail(Failed("cannot start {}: {}", *compiler, std::strerror(errno)));
}

int Main(int argc, char** argv) {
  // A full disk or a file size limit must end in an error message, a reader that went away in a quiet exit.
  std::signal(SIGXFSZ, SIG_IGN);
  if (argc > 1 && std::string_view(argv[1]) == "compile") return Compile(argv);

  CLI::App app("Runs CKKS programs whose keys do not fit into memory.", "keymemrt");
  app.require_subcommand(1);
  app.set_version_flag("--version", KEYMEMRT_VERSION);
  int exit_code = 0;
  app.add_subcommand("compile", "compile a model (.mlir) to a program (.kmrt)");
  AddExplain(app, exit_code);
  AddCalibrate(app, exit_code);
  AddKeygen(app, exit_code);
  AddEncrypt(app, exit_code);
  AddRun(app, exit_code);
  AddDecrypt(app, exit_code);
  AddCleartext(app, exit_code);
  AddKeys(app, exit_code);
  if (const auto code = ParseArguments(app, argc, argv)) return *code;
  return exit_code;
}

}  // namespace
}  // namespace keymemrt::tools

int main(int argc, char** argv) {
  return keymemrt::tools::Main(argc, argv);
}
