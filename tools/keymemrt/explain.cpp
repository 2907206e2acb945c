// SPDX-License-Identifier: Apache-2.0
//
// keymemrt explain: what a program will take, before any key exists.
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/file.h"
#include "base/size.h"
#include "planner/residency.h"
#include "runtime/calibration/calibration.h"
#include "runtime/plan/policy.h"
#include "runtime/plan/trace.h"
#include "runtime/plan/work.h"
#include "tools/keymemrt/commands.h"
#include "tools/keymemrt/compiler_path.h"
#include "tools/keymemrt/plot.h"
#include "tools/keymemrt/report.h"

namespace keymemrt::tools {

namespace {

constexpr double kSlowLine = 100e6;  // bits per second: what an upload is told for when nobody says

struct Forecast {
  runtime::Mode mode;
  uint64_t budget = 0;  // 0: as much as it takes
  Result<runtime::Policy> policy;
  planner::TimePrediction time;  // when the policy is ok
};

// What forecasts are made of.
struct Subject {
  const program::Program& program;
  const scheme::Parameters& parameters;
  const planner::Trace& trace;
  const planner::Machine& machine;
  int threads;
};

Forecast MakeForecast(const Subject& subject, runtime::Mode mode, uint64_t budget) {
  Forecast forecast{mode, budget, runtime::MakePolicy(subject.trace, mode, budget), {}};
  if (forecast.policy.ok()) {
    forecast.time = planner::PredictTime(runtime::TimeRun(subject.program, subject.parameters, subject.trace,
                                                          *forecast.policy, subject.machine, subject.threads),
                                         subject.machine.store, subject.machine.processors);
  }
  return forecast;
}

uint64_t KeyBytes(const Subject& subject, size_t key) {
  return uint64_t{subject.trace.key_chunks[key]} * subject.trace.slot_bytes;
}

uint64_t KeyStoreBytes(const Subject& subject) {
  uint64_t bytes = 0;
  for (size_t key = 0; key < subject.program.keys.size(); ++key) bytes += KeyBytes(subject, key);
  return bytes;
}

double UploadSeconds(uint64_t bytes, double bits_per_second) {
  return static_cast<double>(bytes) * 8 / bits_per_second;
}

// The fewest threads with which a run that keeps no keys computes faster than the store delivers; 0: more than 1024.
int DiskBoundThreads(const Subject& subject, const runtime::Policy& streaming) {
  for (int threads = 1; threads <= 1024; ++threads) {
    const planner::TimedRun run =
        runtime::TimeRun(subject.program, subject.parameters, subject.trace, streaming, subject.machine, threads);
    const planner::TimePrediction time = planner::PredictTime(run, subject.machine.store, threads + 1);
    if (time.read_seconds > time.compute_seconds) return threads;
  }
  return 0;
}

// "3.2 min": three significant places.
std::string FormatTime(double seconds) {
  if (seconds < 1e-3) return fmt::format("{:.3g} us", seconds * 1e6);
  if (seconds < 1) return fmt::format("{:.3g} ms", seconds * 1e3);
  if (seconds < 120) return fmt::format("{:.3g} s", seconds);
  if (seconds < 7200) return fmt::format("{:.3g} min", seconds / 60);
  return fmt::format("{:.3g} h", seconds / 3600);
}

struct Explanation {
  std::vector<Forecast> forecasts;
  planner::LeastBudget least;
  std::string machine_source;
  double line = kSlowLine;
  int disk_bound_threads = 0;
};

nlohmann::ordered_json ToJson(const Subject& subject, const Explanation& explanation) {
  const program::Program& program = subject.program;
  const scheme::Parameters& parameters = subject.parameters;
  const OperationCounts counts = Count(program);
  const uint64_t store = KeyStoreBytes(subject);
  nlohmann::ordered_json json = {
      {"program", program.name},
      {"log_n", parameters.log_n()},
      {"log_qp", parameters.LogQP(parameters.max_level())},
      {"secure_128", parameters.Is128BitSecure()},
      {"levels", parameters.max_level()},
      {"threads", subject.threads},
      {"rotations", counts.rotations},
      {"key_switches", counts.key_switches},
      {"galois_keys", counts.rotation_keys},
      {"key_store_bytes", store},
      {"upload_seconds", UploadSeconds(store, explanation.line)},
      {"least_budget_bytes", explanation.least.bytes},
      {"disk_bound_threads", explanation.disk_bound_threads},
      {"machine", explanation.machine_source},
  };
  for (size_t key = 0; key < program.keys.size(); ++key) {
    json["keys"].push_back({{"key", program.keys[key].id.ToString()},
                            {"shift", program.keys[key].shift},
                            {"level", program.keys[key].level},
                            {"bytes", KeyBytes(subject, key)}});
  }
  for (const Forecast& forecast : explanation.forecasts) {
    nlohmann::ordered_json entry = {{"mode", runtime::ModeName(forecast.mode)}, {"budget_bytes", forecast.budget}};
    if (forecast.policy.ok()) {
      const runtime::Prediction& predicted = forecast.policy->predicted;
      entry["peak_bytes"] = predicted.peak_bytes;
      entry["peak_key_bytes"] = predicted.peak_key_bytes;
      entry["key_bytes_read"] = predicted.key_bytes_read;
      entry["key_bytes_read_lower_bound"] = forecast.policy->key_bytes_read_lower_bound;
      entry["wall_seconds"] = forecast.time.wall_seconds;
      entry["load_seconds"] = forecast.time.load_seconds;
      entry["stall_seconds"] = forecast.time.stall_seconds;
      entry["wall_seconds_lower_bound"] = forecast.time.lower_bound_seconds;
    } else {
      entry["infeasible"] = forecast.policy.status().message();
    }
    json["predicted"].push_back(entry);
  }
  return json;
}

void Print(const Subject& subject, const Explanation& explanation) {
  const program::Program& program = subject.program;
  const scheme::Parameters& parameters = subject.parameters;
  const OperationCounts counts = Count(program);
  const uint64_t store = KeyStoreBytes(subject);
  int lowest = parameters.max_level();
  for (const program::Value& value : program.values) lowest = std::min(lowest, value.level);
  fmt::print("{}: {}, {}\n", program.name, parameters.Describe(),
             parameters.Is128BitSecure() ? "128-bit secure" : "INSECURE");
  fmt::print("operations  {}, of them {} rotations and {} relinearizations\n", program.ops.size(), counts.rotations,
             counts.key_switches - counts.rotations);
  fmt::print("levels      {} of {} used\n", parameters.max_level() - lowest, parameters.max_level());
  for (const program::Input& input : program.inputs) {
    fmt::print("input       {}: {} numbers, level {}\n", input.name, input.length, program.values[input.value].level);
  }
  for (const program::Output& output : program.outputs) {
    fmt::print("output      {}: {} numbers, level {}\n", output.name, output.length,
               program.values[output.value].level);
  }
  fmt::print("keys        {} for rotations, {} in all; the key store takes {}, {} to upload at {:g} Mbit/s\n",
             counts.rotation_keys, program.keys.size(), FormatSize(store),
             FormatTime(UploadSeconds(store, explanation.line)), explanation.line / 1e6);
  fmt::print("\n{:<12} {:>10} {:>12} {:>12} {:>12} {:>10} {:>10}\n", "mode", "budget", "peak memory", "of it keys",
             "keys read", "time", "waiting");
  for (const Forecast& forecast : explanation.forecasts) {
    const std::string budget = forecast.budget == 0 ? "-" : FormatSize(forecast.budget);
    if (!forecast.policy.ok()) {
      fmt::print("{:<12} {:>10} infeasible\n", runtime::ModeName(forecast.mode), budget);
      continue;
    }
    const runtime::Prediction& predicted = forecast.policy->predicted;
    fmt::print("{:<12} {:>10} {:>12} {:>12} {:>12} {:>10} {:>10}\n", runtime::ModeName(forecast.mode), budget,
               FormatSize(predicted.peak_bytes), FormatSize(predicted.peak_key_bytes),
               FormatSize(predicted.key_bytes_read), FormatTime(forecast.time.wall_seconds),
               FormatTime(forecast.time.load_seconds + forecast.time.stall_seconds));
  }
  fmt::print("\nleast feasible budget: {} bytes ({}){}\n", explanation.least.bytes, FormatSize(explanation.least.bytes),
             explanation.least.op < 0
                 ? ""
                 : ", set by " + program.Describe(program.ops[static_cast<size_t>(explanation.least.op)]));
  if (!program.keys.empty()) {
    if (explanation.disk_bound_threads == 0) {
      fmt::print("disk: never the bottleneck, up to 1024 threads at {}/s\n",
                 FormatSize(static_cast<uint64_t>(subject.machine.store.bytes_per_second)));
    } else {
      fmt::print("disk: at {}/s it is the bottleneck of mode streaming from {} thread{} on\n",
                 FormatSize(static_cast<uint64_t>(subject.machine.store.bytes_per_second)),
                 explanation.disk_bound_threads, explanation.disk_bound_threads == 1 ? "" : "s");
    }
  }
  fmt::print("times: {} thread{}, {}\n", subject.threads, subject.threads == 1 ? "" : "s", explanation.machine_source);
}

// Time over budget, from the least feasible one to where every key stays.
std::string PlotTime(const Subject& subject, const Explanation& explanation) {
  constexpr int kPoints = 48;
  Plot plot;
  plot.title = fmt::format("{}: time of one run, {} thread{}", subject.program.name, subject.threads,
                           subject.threads == 1 ? "" : "s");
  plot.x_label = "memory budget of the process";
  plot.y_label = "seconds";
  plot.x_text = [](double bytes) { return FormatSize(static_cast<uint64_t>(bytes)); };
  PlotLine planned{"planned", {}, false}, bound{"bound: computing, reading", {}, true};
  uint64_t most = explanation.least.bytes;
  for (const Forecast& forecast : explanation.forecasts) {
    if (!forecast.policy.ok() || forecast.mode == runtime::Mode::kPlanned) continue;
    const uint64_t peak = forecast.policy->predicted.peak_bytes;
    most = std::max(most, peak);
    plot.marks.push_back({runtime::ModeName(forecast.mode), {static_cast<double>(peak), forecast.time.wall_seconds}});
  }
  for (int i = 0; i <= kPoints; ++i) {
    const double ratio = static_cast<double>(most) / static_cast<double>(explanation.least.bytes);
    const uint64_t budget = std::max(
        explanation.least.bytes,
        static_cast<uint64_t>(static_cast<double>(explanation.least.bytes) * std::pow(ratio, double(i) / kPoints)));
    const Forecast forecast = MakeForecast(subject, runtime::Mode::kPlanned, budget);
    if (!forecast.policy.ok()) continue;
    planned.points.push_back({static_cast<double>(budget), forecast.time.wall_seconds});
    bound.points.push_back({static_cast<double>(budget), forecast.time.lower_bound_seconds});
  }
  plot.lines = {planned, bound};
  return ToSvg(plot);
}

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

// The program in the file; a model in MLIR is compiled first, by the compiler beside this program.
Result<program::Program> ReadOrCompile(const std::string& path, bool insecure) {
  if (!path.ends_with(".mlir")) return program::Read(path);
  KMRT_ASSIGN_OR_RETURN(const std::string compiler, CompilerPath());
  std::string directory = (std::filesystem::temp_directory_path() / "keymemrt.XXXXXX").string();
  if (mkdtemp(directory.data()) == nullptr)
    return Failed("{}: cannot make a directory for the compiled program", directory);
  const std::string compiled = directory + "/model.kmrt";
  std::vector<std::string> words = {compiler, path, "-o", compiled, "--quiet"};
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
  }
  std::error_code ignored;
  std::filesystem::remove_all(directory, ignored);
  return program;
}

}  // namespace

void AddExplain(CLI::App& app, int& exit_code) {
  struct Arguments {
    std::string program, memory, plot;
    int threads = 1;
    double line = kSlowLine / 1e6;
    bool json = false, insecure = false;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("explain", "say what a program takes, before any key exists");
  command->add_option("MODEL", arguments->program, "the program, .kmrt, or a model that is compiled first, .mlir")
      ->required();
  command->add_option("--memory", arguments->memory, "memory budgets to plan for, e.g. 64MiB,1GiB");
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
      KMRT_ASSIGN_OR_RETURN(const program::Program program, ReadOrCompile(arguments->program, arguments->insecure));
      WarnIfInsecure(program);
      KMRT_ASSIGN_OR_RETURN(const scheme::Parameters parameters, program.CheckedParameters());
      const planner::Trace trace = runtime::MakeTrace(program, parameters, arguments->threads);
      const runtime::KnownMachine known = runtime::LoadMachine();
      const Subject subject{program, parameters, trace, known.machine, arguments->threads};
      Explanation explanation;
      explanation.machine_source = known.source;
      explanation.line = arguments->line * 1e6;
      explanation.least = planner::LeastFeasibleBudget(trace);
      for (const runtime::Mode mode : {runtime::Mode::kResident, runtime::Mode::kPrefetch, runtime::Mode::kImperative,
                                       runtime::Mode::kStreaming}) {
        explanation.forecasts.push_back(MakeForecast(subject, mode, 0));
        const Forecast& forecast = explanation.forecasts.back();
        if (mode == runtime::Mode::kStreaming && forecast.policy.ok()) {
          explanation.disk_bound_threads = DiskBoundThreads(subject, *forecast.policy);
        }
      }
      for (const uint64_t budget : budgets) {
        explanation.forecasts.push_back(MakeForecast(subject, runtime::Mode::kPlanned, budget));
      }
      if (!arguments->plot.empty()) {
        KMRT_RETURN_IF_ERROR(WriteFile(arguments->plot, AsBytes(PlotTime(subject, explanation))));
      }
      if (arguments->json) {
        fmt::print("{}\n", ToJson(subject, explanation).dump(2));
      } else {
        Print(subject, explanation);
      }
      return Status();
    };
    if (const Status status = run(); !status.ok()) exit_code = Fail(status);
  });
}

}  // namespace keymemrt::tools
