// SPDX-License-Identifier: Apache-2.0
//
// keymemrt: the driver. Links no LLVM and no protobuf: `compile` and `import` are programs of their own beside this
// one, so that what runs in production stays lean.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>

#include "tools/keymemrt/commands.h"
#include "tools/keymemrt/report.h"
#include "tools/keymemrt/sibling_path.h"

namespace keymemrt::tools {
namespace {

// Replaces this process by the program at `path` with the same arguments. Returns only when that fails.
int Become(const Result<std::string>& path, char** argv) {
  if (!path.ok()) return Fail(path.status());
  execv(path->c_str(), argv + 1);
  return Fail(Failed("cannot start {}: {}", *path, std::strerror(errno)));
}

int Main(int argc, char** argv) {
  // A full disk or a file size limit must end in an error message, a reader that went away in a quiet exit.
  std::signal(SIGXFSZ, SIG_IGN);
  const std::string_view command = argc > 1 ? argv[1] : "";
  if (command == "compile") return Become(CompilerPath(), argv);
  if (command == "import") return Become(ImporterPath(), argv);

  CLI::App app("Runs CKKS programs whose keys do not fit into memory.", "keymemrt");
  app.require_subcommand(1);
  app.set_version_flag("--version", KEYMEMRT_VERSION);
  int exit_code = 0;
  app.add_subcommand("import", "make a model (.mlir) and its weights (.npz) of a trained network (.onnx)");
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
