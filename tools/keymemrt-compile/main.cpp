// SPDX-License-Identifier: Apache-2.0
//
// keymemrt-compile: the compiler as a process of its own, so that `keymemrt` links no LLVM. `keymemrt compile` starts
// it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string>

#include "base/file.h"
#include "base/size.h"
#include "base/status.h"
#include "compiler/driver/compile.h"
#include "program/program.h"
#include "tools/keymemrt/report.h"

namespace keymemrt {
namespace {

int Main(int argc, char** argv) {
  CLI::App app("Compiles a CKKS-level MLIR program (HEIR's ckks and orion dialects) to a .kmrt program.",
               "keymemrt compile");
  std::string input, output;
  compiler::CompileOptions options;
  std::string phase;
  bool quiet = false;
  app.add_option("MODEL", input, "the model, .mlir")->required();
  app.add_option("-o,--output", output, "the compiled program, .kmrt")->required();
  app.add_option("--compile-to", phase, "stop after this phase and write its IR, .mlir, instead of a program")
      ->check(CLI::IsMember(compiler::PhaseNames()));
  app.add_option("--function", options.function, "the function to compile, where the module has several");
  app.add_flag("--insecure", options.insecure, "accept parameters below 128-bit security");
  app.add_flag("--strict-types", options.strictTypes, "insist on the levels and scales in the model's types");
  app.add_flag("--regenerate-moduli", options.regenerateModuli,
               "replace moduli that are no NTT primes of the ring by primes of their size");
  const CLI::IsMember forms({"bsgs", "double_hoisted", "horner", "minimum_key"});
  app.add_option("--transform-form", options.transformForm,
                 "how linear transforms are carried out: bsgs (default), double_hoisted, horner or minimum_key")
      ->check(forms);
  app.add_option("--bootstrap-form", options.bootstrapForm, "the same of bootstrapping's; default double_hoisted")
      ->check(forms);
  app.add_option("--bootstrap-baby-steps", options.bootstrapBabySteps,
                 "baby steps of each of bootstrapping's transforms: fewer are fewer keys and more time; default: the "
                 "fastest number")
      ->check(CLI::Range(1, 1 << 16));
  app.add_flag("--quiet", quiet, "print nothing but errors");
  if (const auto code = tools::ParseArguments(app, argc, argv)) return *code;

  if (!phase.empty()) {
    const Result<std::string> text = compiler::CompileFileTo(phase, input, options);
    if (!text.ok()) return tools::Fail(text.status());
    if (const Status status = WriteFile(output, AsBytes(*text)); !status.ok()) return tools::Fail(status);
    return 0;
  }
  const Result<program::Program> compiled = compiler::CompileFile(input, options);
  if (!compiled.ok()) return tools::Fail(compiled.status());
  tools::WarnIfInsecure(*compiled);
  if (const Status status = program::Write(*compiled, output); !status.ok()) return tools::Fail(status);
  if (!quiet) fmt::print("{}: {}\n", output, tools::Summarize(*compiled));
  return 0;
}

}  // namespace
}  // namespace keymemrt

int main(int argc, char** argv) {
  return keymemrt::Main(argc, argv);
}
