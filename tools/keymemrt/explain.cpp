// SPDX-License-Identifier: Apache-2.0
//
// keymemrt explain: what a program will take, before any key exists.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/size.h"
#include "planner/residency.h"
#include "runtime/plan/policy.h"
#include "runtime/plan/trace.h"
#include "tools/keymemrt/commands.h"
#include "tools/keymemrt/report.h"

namespace keymemrt::tools {

namespace {

struct Forecast {
  runtime::Mode mode;
  uint64_t budget = 0;  // 0: as much as it takes
  Result<runtime::Policy> policy;
};

uint64_t KeyStoreBytes(const program::Program& program, const scheme::Parameters& parameters) {
  uint64_t chunks = 0;
  for (const program::Key& key : program.keys) chunks += static_cast<uint64_t>(parameters.ChunkCount(key.level));
  return chunks * parameters.chunk_bytes();
}

nlohmann::ordered_json ToJson(const program::Program& program, const scheme::Parameters& parameters,
                              const std::vector<Forecast>& forecasts, const planner::LeastBudget& least, int threads) {
  const OperationCounts counts = Count(program);
  nlohmann::ordered_json json = {
      {"program", program.name},
      {"log_n", parameters.log_n()},
      {"log_qp", parameters.LogQP(parameters.max_level())},
      {"secure_128", parameters.Is128BitSecure()},
      {"levels", parameters.max_level()},
      {"threads", threads},
      {"rotations", counts.rotations},
      {"key_switches", counts.key_switches},
      {"galois_keys", counts.rotation_keys},
      {"key_store_bytes", KeyStoreBytes(program, parameters)},
      {"least_budget_bytes", least.bytes},
  };
  for (const program::Key& key : program.keys) {
    json["keys"].push_back({{"key", key.id.ToString()},
                            {"shift", key.shift},
                            {"level", key.level},
                            {"bytes", static_cast<uint64_t>(parameters.ChunkCount(key.level)) * parameters.chunk_bytes()}});
  }
  for (const Forecast& forecast : forecasts) {
    nlohmann::ordered_json entry = {{"mode", runtime::ModeName(forecast.mode)}, {"budget_bytes", forecast.budget}};
    if (forecast.policy.ok()) {
      const runtime::Prediction& predicted = forecast.policy->predicted;
      entry["peak_bytes"] = predicted.peak_bytes;
      entry["peak_key_bytes"] = predicted.peak_key_bytes;
      entry["key_bytes_read"] = predicted.key_bytes_read;
      entry["key_bytes_read_lower_bound"] = forecast.policy->key_bytes_read_lower_bound;
    } else {
      entry["infeasible"] = forecast.policy.status().message();
    }
    json["predicted"].push_back(entry);
  }
  return json;
}

void Print(const program::Program& program, const scheme::Parameters& parameters, const std::vector<Forecast>& forecasts,
           const planner::LeastBudget& least) {
  const OperationCounts counts = Count(program);
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
    fmt::print("output      {}: {} numbers, level {}\n", output.name, output.length, program.values[output.value].level);
  }
  fmt::print("keys        {} for rotations, {} in all; the key store takes {}\n", counts.rotation_keys, program.keys.size(),
             FormatSize(KeyStoreBytes(program, parameters)));
  fmt::print("\n{:<12} {:>10} {:>12} {:>12} {:>12}\n", "mode", "budget", "peak memory", "of it keys", "keys read");
  for (const Forecast& forecast : forecasts) {
    const std::string budget = forecast.budget == 0 ? "-" : FormatSize(forecast.budget);
    if (forecast.policy.ok()) {
      const runtime::Prediction& predicted = forecast.policy->predicted;
      fmt::print("{:<12} {:>10} {:>12} {:>12} {:>12}\n", runtime::ModeName(forecast.mode), budget,
                 FormatSize(predicted.peak_bytes), FormatSize(predicted.peak_key_bytes), FormatSize(predicted.key_bytes_read));
    } else {
      fmt::print("{:<12} {:>10} infeasible\n", runtime::ModeName(forecast.mode), budget);
    }
  }
  fmt::print("\nleast feasible budget: {} bytes ({}){}\n", least.bytes, FormatSize(least.bytes),
             least.op < 0 ? "" : ", set by " + program.Describe(program.ops[static_cast<size_t>(least.op)]));
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

}  // namespace

void AddExplain(CLI::App& app, int& exit_code) {
  struct Arguments {
    std::string program, memory;
    int threads = 1;
    bool json = false;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("explain", "say what a program takes, before any key exists");
  command->add_option("MODEL", arguments->program, "the compiled program, .kmrt")->required();
  command->add_option("--memory", arguments->memory, "memory budgets to plan for, e.g. 64MiB,1GiB");
  command->add_option("--threads", arguments->threads, "threads of the run")->capture_default_str()->check(CLI::Range(1, 1024));
  command->add_flag("--json", arguments->json, "print JSON");
  command->callback([arguments, &exit_code] {
    const auto run = [&]() -> Status {
      KMRT_ASSIGN_OR_RETURN(const std::vector<uint64_t> budgets, ParseSizes(arguments->memory));
      KMRT_ASSIGN_OR_RETURN(const program::Program program, program::Read(arguments->program));
      WarnIfInsecure(program);
      KMRT_ASSIGN_OR_RETURN(const scheme::Parameters parameters, program.CheckedParameters());
      const planner::Trace trace = runtime::MakeTrace(program, parameters, arguments->threads);
      std::vector<Forecast> forecasts;
      for (const runtime::Mode mode : {runtime::Mode::kResident, runtime::Mode::kPrefetch, runtime::Mode::kImperative,
                                       runtime::Mode::kStreaming}) {
        forecasts.push_back({mode, 0, runtime::MakePolicy(trace, mode, 0)});
      }
      for (const uint64_t budget : budgets) {
        forecasts.push_back({runtime::Mode::kPlanned, budget, runtime::MakePolicy(trace, runtime::Mode::kPlanned, budget)});
      }
      const planner::LeastBudget least = planner::LeastFeasibleBudget(trace);
      if (arguments->json) {
        fmt::print("{}\n", ToJson(program, parameters, forecasts, least, arguments->threads).dump(2));
      } else {
        Print(program, parameters, forecasts, least);
      }
      return Status();
    };
    if (const Status status = run(); !status.ok()) exit_code = Fail(status);
  });
}

}  // namespace keymemrt::tools
