// SPDX-License-Identifier: Apache-2.0
//
// keymemrt explain: what a program will take, before any key exists.
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/file.h"
#include "base/size.h"
#include "runtime/calibration/calibration.h"
#include "runtime/plan/shapes.h"
#include "runtime/plan/trace.h"
#include "tools/keymemrt/commands.h"
#include "tools/keymemrt/explanation.h"
#include "tools/keymemrt/report.h"
#include "tools/keymemrt/sibling_path.h"

namespace keymemrt::tools {

namespace {

constexpr double kSlowLine = 100;  // Mbit/s: what an upload is told for when nobody says

Result<std::vector<uint64_t>> ParseSizes(const std::string& text) {
  std::vector<uint64_t> sizes;
  std::istringstream stream(text);
  for (std::string item; std::getline(stream, item, ',');) {
    KMRT_ASSIGN_OR_RETURN(const uint64_t size, ParseSize(item));
    if (size == 0) return InvalidArgument("--memory 0: a budget of nothing");
    sizes.push_back(size);
  }
  return sizes;
}

// Of the array that keymemrt-compile --key-sets writes.
Result<std::vector<KeySet>> ReadKeySets(const std::string& path) {
  KMRT_ASSIGN_OR_RETURN(const std::vector<std::byte> bytes, ReadFile(path));
  const auto json = nlohmann::json::parse(reinterpret_cast<const char*>(bytes.data()),
                                          reinterpret_cast<const char*>(bytes.data()) + bytes.size(), nullptr, false);
  if (!json.is_array()) return Corrupt("{}: not written by keymemrt-compile", path);
  std::vector<KeySet> sets;
  for (const auto& row : json) {
    sets.push_back({row.value("keys", 0), row.value("key_bytes", uint64_t{0}), row.value("least_bytes", uint64_t{0}),
                    row.value("seconds", 0.0), row.value("wall_seconds", 0.0)});
  }
  return sets;
}

// The program in the file; a model in MLIR is compiled first, by the compiler beside this program, which also tells
// which sets of keys it could have.
Result<program::Program> ReadOrCompile(const std::string& path, bool insecure, std::vector<KeySet>& key_sets) {
  if (!path.ends_with(".mlir")) return program::Read(path);
  KMRT_ASSIGN_OR_RETURN(const std::string compiler, CompilerPath());
  std::string directory = (std::filesystem::temp_directory_path() / "keymemrt.XXXXXX").string();
  if (mkdtemp(directory.data()) == nullptr)
    return Failed("{}: cannot make a directory for the compiled program", directory);
  const std::string compiled = directory + "/model.kmrt", sets = directory + "/key_sets.json";
  std::vector<std::string> words = {compiler, path, "-o", compiled, "--key-sets", sets, "--quiet"};
  if (insecure) words.push_back("--insecure");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = -1;
  int state = 0;
  const int error = posix_spawn(&child, compiler.c_str(), nullptr, nullptr, arguments.data(), environ);
  while (error == 0 && waitpid(child, &state, 0) < 0 && errno == EINTR) {
  }
  Result<program::Program> program = Failed("cannot start {}: {}", compiler, std::strerror(error));
  if (error == 0) {
    program = WIFEXITED(state) && WEXITSTATUS(state) == 0
                  ? program::Read(compiled)
                  : Result<program::Program>(Corrupt("{}: cannot be compiled, see above", path));
    if (program.ok()) {
      Result<std::vector<KeySet>> read = ReadKeySets(sets);
      if (read.ok()) {
        key_sets = *std::move(read);
      } else {
        program = read.status();
      }
    }
  }
  std::error_code ignored;
  std::filesystem::remove_all(directory, ignored);
  return program;
}

}  // namespace

void AddExplain(CLI::App& app, int& exit_code) {
  struct Arguments {
    std::string program, memory, bandwidth, plot;
    int threads = 1;
    double line = kSlowLine;
    bool json = false, insecure = false;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("explain", "say what a program takes, before any key exists");
  command->add_option("MODEL", arguments->program, "the program, .kmrt, or a model that is compiled first, .mlir")
      ->required();
  command->add_option("--memory", arguments->memory, "memory budgets to plan for, e.g. 64MiB,1GiB");
  command->add_option("--bandwidth", arguments->bandwidth,
                      "bytes per second at which keys are read, e.g. 1GB; without it: as measured");
  command->add_option("--threads", arguments->threads, "threads of the run")
      ->capture_default_str()
      ->check(CLI::Range(1, 1024));
  command->add_option("--line", arguments->line, "speed of the line over which keys are uploaded, Mbit/s")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command->add_option("--plot", arguments->plot, "draw time over memory budget into this file, .svg");
  command->add_flag("--insecure", arguments->insecure, "of a model: accept parameters below 128-bit security");
  command->add_flag("--json", arguments->json, "print JSON");
  command->callback([arguments, &exit_code] {
    const auto run = [&]() -> Status {
      KMRT_ASSIGN_OR_RETURN(const std::vector<uint64_t> budgets, ParseSizes(arguments->memory));
      std::vector<KeySet> key_sets;
      KMRT_ASSIGN_OR_RETURN(const program::Program program,
                            ReadOrCompile(arguments->program, arguments->insecure, key_sets));
      WarnIfInsecure(program);
      KMRT_ASSIGN_OR_RETURN(const scheme::Parameters parameters, program.CheckedParameters());
      runtime::KnownMachine known = runtime::LoadMachine();
      if (!arguments->bandwidth.empty()) {
        KMRT_ASSIGN_OR_RETURN(const uint64_t bandwidth, ParseSize(arguments->bandwidth));
        if (bandwidth == 0) return InvalidArgument("--bandwidth 0: keys that never come");
        known.machine.store.bytes_per_second = static_cast<double>(bandwidth);
        known.source += "; keys at the bandwidth that was given";
      }
      const Subject subject{program,
                            parameters,
                            known.machine,
                            arguments->threads,
                            runtime::MakeTrace(program, parameters, arguments->threads),
                            runtime::RowsOf(program, runtime::TransformPlans(program, parameters))};
      Explanation explanation = Explain(subject, budgets, arguments->line * 1e6, known.source);
      explanation.key_sets = std::move(key_sets);
      if (!arguments->plot.empty()) {
        KMRT_RETURN_IF_ERROR(WriteFile(arguments->plot, AsBytes(PlotTime(subject, explanation))));
      }
      fmt::print("{}", arguments->json ? ToJson(subject, explanation) + "\n" : ToText(subject, explanation));
      for (const Forecast& forecast : explanation.forecasts) {
        if (forecast.budget != 0) KMRT_RETURN_IF_ERROR(forecast.policy.status());
      }
      return Status();
    };
    if (const Status status = run(); !status.ok()) exit_code = Fail(status);
  });
}

}  // namespace keymemrt::tools
