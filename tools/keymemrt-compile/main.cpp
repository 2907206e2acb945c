// SPDX-License-Identifier: Apache-2.0
//
// keymemrt-compile: the compiler as a process of its own, so that `keymemrt` links no LLVM. `keymemrt compile` starts
// it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/size.h"
#include "base/status.h"
#include "compiler/driver/compile.h"
#include "planner/residency.h"
#include "program/program.h"
#include "runtime/plan/trace.h"
#include "tools/keymemrt/report.h"

namespace keymemrt {
namespace {

// Compiles for runs of one thread within `memory` bytes of the whole process. The compiler weighs sets of keys by an
// estimate; what its program takes is known exactly, so it is asked again where that is too much. kInfeasible: no set
// of keys is small enough.
Result<program::Program> CompileWithin(const std::string& input, compiler::CompileOptions options, uint64_t memory) {
  options.memory = memory;
  for (int attempt = 0;; ++attempt) {
    KMRT_ASSIGN_OR_RETURN(program::Program program, compiler::CompileFile(input, options));
    KMRT_ASSIGN_OR_RETURN(const scheme::Parameters parameters, program.CheckedParameters());
    const uint64_t least = planner::LeastFeasibleBudget(runtime::MakeTrace(program, parameters, 1)).bytes;
    if (least <= memory) return program;
    if (attempt == 0 && least - memory < memory) {
      options.memory = memory - (least - memory);
    } else if (options.optimize != "memory" || options.memory != 0) {
      options.optimize = "memory";
      options.memory = 0;
    } else {
      return Infeasible(
          "no set of keys runs within a memory budget of {} bytes ({}); the least feasible one is {} bytes ({})",
          memory, FormatSize(memory), least, FormatSize(least));
    }
  }
}

std::string ToJson(const std::vector<compiler::KeySet>& sets) {
  std::string text;
  for (const compiler::KeySet& set : sets) {
    text += fmt::format(
        "{}\n  {{\"keys\": {}, \"key_bytes\": {}, \"least_bytes\": {}, \"seconds\": {}, \"wall_seconds\": {}}}",
        text.empty() ? "" : ",", set.keys, set.storedBytes, set.leastBytes, set.seconds, set.wallSeconds);
  }
  return "[" + text + "\n]\n";
}

int Main(int argc, char** argv) {
  CLI::App app("Compiles a CKKS-level MLIR program (HEIR's ckks and orion dialects) to a .kmrt program.",
               "keymemrt compile");
  std::string input, output;
  compiler::CompileOptions options;
  std::string phase, memory, key_sets;
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
  app.add_option("--optimize", options.optimize,
                 "what keys, forms and baby steps are chosen by, over the whole program: time (default), memory or "
                 "upload (bytes of keys)")
      ->check(CLI::IsMember({"time", "memory", "upload"}));
  const CLI::IsMember forms({"bsgs", "double_hoisted", "horner", "minimum_key"});
  const std::vector<CLI::Option*> by_hand = {
      app.add_option("--transform-form", options.transformForm,
                     "by hand, how linear transforms are carried out: bsgs (default), double_hoisted, horner or "
                     "minimum_key")
          ->check(forms),
      app.add_option("--bootstrap-form", options.bootstrapForm, "the same of bootstrapping's; default double_hoisted")
          ->check(forms),
      app.add_option("--bootstrap-baby-steps", options.bootstrapBabySteps,
                     "baby steps of each of bootstrapping's transforms: fewer are fewer keys and more time; default: "
                     "the fastest number")
          ->check(CLI::Range(1, 1 << 16))};
  app.add_option("--memory", memory, "so that a run fits into this memory, e.g. 1GiB");
  for (CLI::Option* option : by_hand) option->excludes("--optimize", "--memory");
  app.add_option("--key-sets", key_sets, "write what there is to choose from to this file, .json");
  app.add_flag("--quiet", quiet, "print nothing but errors");
  if (const auto code = tools::ParseArguments(app, argc, argv)) return *code;

  uint64_t budget = 0;
  if (!memory.empty()) {
    const Result<uint64_t> size = ParseSize(memory);
    if (!size.ok()) return tools::Fail(size.status());
    if (*size == 0) return tools::Fail(InvalidArgument("--memory 0: a budget of nothing"));
    budget = *size;
  }
  if (options.optimize.empty() && std::none_of(by_hand.begin(), by_hand.end(), [](const CLI::Option* option) {
        return option->count() > 0;
      })) {
    options.optimize = "time";
  }
  if (!key_sets.empty()) {
    compiler::CompileOptions all = options;
    if (all.optimize.empty()) all.optimize = "time";
    const Result<std::vector<compiler::KeySet>> sets = compiler::KeySetsOfFile(input, all);
    if (!sets.ok()) return tools::Fail(sets.status());
    if (const Status status = WriteFile(key_sets, AsBytes(ToJson(*sets))); !status.ok()) return tools::Fail(status);
  }
  if (!phase.empty()) {
    options.memory = budget;
    const Result<std::string> text = compiler::CompileFileTo(phase, input, options);
    if (!text.ok()) return tools::Fail(text.status());
    if (const Status status = WriteFile(output, AsBytes(*text)); !status.ok()) return tools::Fail(status);
    return 0;
  }
  const Result<program::Program> compiled =
      budget == 0 ? compiler::CompileFile(input, options) : CompileWithin(input, options, budget);
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
