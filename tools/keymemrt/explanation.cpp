// SPDX-License-Identifier: Apache-2.0
#include "tools/keymemrt/explanation.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/size.h"
#include "runtime/plan/plaintexts.h"
#include "runtime/plan/work.h"
#include "tools/keymemrt/plot.h"
#include "tools/keymemrt/report.h"

namespace keymemrt::tools {

namespace {

using runtime::Mode;

planner::TimePrediction TimeOf(const Subject& subject, const runtime::Policy& policy, int threads, int processors) {
  return planner::PredictTime(
      runtime::TimeRun(subject.program, subject.parameters, subject.trace, policy, subject.machine, threads),
      subject.machine.store, processors);
}

// More threads compute no slower and read no faster, so the first is found by bisection.
int DiskBoundThreads(const Subject& subject, const runtime::Policy& policy) {
  const auto bound = [&](int threads) {
    const planner::TimePrediction time = TimeOf(subject, policy, threads, threads + 1);
    return time.read_seconds > time.compute_seconds;
  };
  if (!bound(kMostThreads)) return 0;
  int low = 0, high = kMostThreads;
  while (high - low > 1) {
    const int middle = (low + high) / 2;
    (bound(middle) ? high : low) = middle;
  }
  return high;
}

Forecast MakeForecast(const Subject& subject, Mode mode, uint64_t budget) {
  Forecast forecast{mode,
                    budget,
                    runtime::PlanRun({subject.program, subject.parameters, subject.trace, subject.rows, subject.machine,
                                      subject.threads},
                                     mode, budget),
                    {}};
  if (!forecast.policy.ok()) return forecast;
  forecast.time = TimeOf(subject, *forecast.policy, subject.threads, subject.machine.processors);
  // A key that is loaded as a whole is read once and then found by each chunk of its uses.
  for (const runtime::UseRule& rule : forecast.policy->rules) {
    forecast.chunks_hit += forecast.policy->preload || rule.load > 0 ? rule.chunks : rule.hit;
  }
  return forecast;
}

uint64_t KeyBytes(const Subject& subject, size_t key) {
  return uint64_t{subject.trace.key_chunks[key]} * subject.trace.slot_bytes;
}

double UploadSeconds(const Explanation& explanation) {
  return static_cast<double>(explanation.key_store_bytes) * 8 / explanation.line_bits_per_second;
}

// "3.2 min": three significant places.
std::string FormatTime(double seconds) {
  if (seconds < 1e-3) return fmt::format("{:.3g} us", seconds * 1e6);
  if (seconds < 1) return fmt::format("{:.3g} ms", seconds * 1e3);
  if (seconds < 120) return fmt::format("{:.3g} s", seconds);
  if (seconds < 7200) return fmt::format("{:.3g} min", seconds / 60);
  return fmt::format("{:.3g} h", seconds / 3600);
}

// How far a figure is above its lower bound: "0 %", "12 %".
std::string Above(double figure, double bound) {
  if (bound <= 0) return figure <= 0 ? "0 %" : "-";
  const double percent = (figure / bound - 1) * 100;
  return fmt::format("{:.{}f} %", std::max(0.0, percent), percent > 0 && percent < 10 ? 1 : 0);
}

// Round sizes between two: powers of two or, where these would be too few, multiples of one.
std::vector<double> SizeTicks(uint64_t least, uint64_t most) {
  const auto multiples = [&](uint64_t step) {
    std::vector<double> ticks;
    for (uint64_t size = (least + step - 1) / step * step; size <= most; size += step)
      ticks.push_back(static_cast<double>(size));
    return ticks;
  };
  std::vector<double> ticks;
  for (uint64_t size = std::bit_ceil(least); size <= most; size *= 2) ticks.push_back(static_cast<double>(size));
  for (uint64_t step = std::bit_floor(most - least + 1); ticks.size() < 4 && step >= 1024; step /= 2) {
    ticks = multiples(step);
  }
  return ticks;
}

std::string LeastBudgetOf(const Subject& subject, const planner::LeastBudget& least) {
  return least.op < 0 ? "what is there before the first key is used"
                      : subject.program.Describe(subject.program.ops[static_cast<size_t>(least.op)]);
}

std::string Threads(int threads) {
  return fmt::format("{} thread{}", threads, threads == 1 ? "" : "s");
}

std::string DiskBound(const Subject& subject, const Explanation& explanation) {
  std::string text = fmt::format("disk        keys come at {}/s;",
                                 FormatSize(static_cast<uint64_t>(subject.machine.store.bytes_per_second)));
  for (const Forecast& forecast : explanation.forecasts) {
    if (!forecast.policy.ok() || (forecast.mode != Mode::kStreaming && forecast.mode != Mode::kPlanned)) continue;
    text += forecast.mode == Mode::kStreaming ? " in mode streaming"
                                              : fmt::format(", within {}", FormatSize(forecast.budget));
    text += forecast.disk_bound_threads == 0
                ? fmt::format(" never the bottleneck (up to {} threads)", kMostThreads)
                : fmt::format(" the bottleneck from {} on", Threads(forecast.disk_bound_threads));
  }
  return text + "\n";
}

std::string KeySetTable(const Subject& subject, const Explanation& explanation) {
  std::string text = fmt::format(
      "\nother sets of keys, by keymemrt compile --optimize=time|memory|upload\n{:>6} {:>12} {:>12} {:>12} {:>12}\n",
      "keys", "their memory", "least budget", "computing", "and reading");
  for (const KeySet& set : explanation.key_sets) {
    text += fmt::format("{:>6} {:>12} {:>12} {:>12} {:>12}\n", set.keys, FormatSize(set.key_bytes),
                        FormatSize(set.least_bytes + subject.trace.fixed_bytes), FormatTime(set.seconds),
                        FormatTime(set.wall_seconds));
  }
  return text + "(computing: transforms, rotations and relinearizations, 1 thread, built-in figures of a machine)\n";
}

}  // namespace

Explanation Explain(const Subject& subject, const std::vector<uint64_t>& budgets, double line_bits_per_second,
                    std::string machine_source) {
  Explanation explanation;
  explanation.machine_source = std::move(machine_source);
  explanation.line_bits_per_second = line_bits_per_second;
  explanation.least = planner::LeastFeasibleBudget(subject.trace);
  explanation.peak = runtime::PeakSlots(subject.program, subject.parameters, subject.threads);
  explanation.key_store_bytes = runtime::StoredKeyBytes(subject.program, subject.parameters, subject.trace);
  for (const Mode mode : {Mode::kResident, Mode::kPrefetch, Mode::kImperative, Mode::kStreaming}) {
    explanation.forecasts.push_back(MakeForecast(subject, mode, 0));
  }
  for (const uint64_t budget : budgets) explanation.forecasts.push_back(MakeForecast(subject, Mode::kPlanned, budget));
  for (Forecast& forecast : explanation.forecasts) {
    if (forecast.policy.ok()) forecast.disk_bound_threads = DiskBoundThreads(subject, *forecast.policy);
  }
  return explanation;
}

std::string ToJson(const Subject& subject, const Explanation& explanation) {
  const program::Program& program = subject.program;
  const scheme::Parameters& parameters = subject.parameters;
  const OperationCounts counts = Count(program);
  const uint64_t slot = subject.trace.slot_bytes;
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
      {"key_store_bytes", explanation.key_store_bytes},
      {"upload_seconds", UploadSeconds(explanation)},
      {"least_budget_bytes", explanation.least.bytes},
      {"least_budget_set_by", LeastBudgetOf(subject, explanation.least)},
      {"machine", explanation.machine_source},
      {"store_bytes_per_second", subject.machine.store.bytes_per_second},
  };
  json["keys"] = nlohmann::ordered_json::array();
  for (size_t key = 0; key < program.keys.size(); ++key) {
    json["keys"].push_back({{"key", program.keys[key].id.ToString()},
                            {"shift", program.keys[key].shift},
                            {"level", program.keys[key].level},
                            {"bytes", KeyBytes(subject, key)}});
  }
  for (const Forecast& forecast : explanation.forecasts) {
    if (forecast.mode == Mode::kStreaming) json["disk_bound_threads"] = forecast.disk_bound_threads;
    nlohmann::ordered_json entry = {
        {"mode", runtime::ModeName(forecast.mode)}, {"threads", subject.threads}, {"budget_bytes", forecast.budget}};
    if (forecast.policy.ok()) {
      const runtime::Prediction& predicted = forecast.policy->predicted;
      entry["wall_seconds"] = forecast.time.wall_seconds;
      entry["load_seconds"] = forecast.time.load_seconds;
      entry["stall_seconds"] = forecast.time.stall_seconds;
      entry["wall_seconds_lower_bound"] = forecast.time.lower_bound_seconds;
      entry["peak_rss_bytes"] = predicted.peak_bytes;
      entry["peak_bytes"] = predicted.peak_bytes;
      entry["peak_key_bytes"] = predicted.peak_key_bytes;
      entry["peak_ciphertext_bytes"] = explanation.peak.ciphertexts * slot;
      entry["peak_plaintext_bytes"] = explanation.peak.plaintexts * slot + predicted.peak_kept_plaintexts;
      entry["peak_scratch_bytes"] = explanation.peak.scratch * slot;
      entry["fixed_bytes"] = subject.trace.fixed_bytes;
      entry["key_bytes_read"] = predicted.key_bytes_read;
      entry["key_bytes_read_lower_bound"] = forecast.policy->key_bytes_read_lower_bound;
      entry["key_chunks_hit"] = forecast.chunks_hit;
      entry["key_chunks_missed"] = predicted.key_bytes_read / slot;
      entry["plaintexts_kept"] = predicted.plaintexts_kept;
      entry["peak_kept_plaintext_bytes"] = predicted.peak_kept_plaintexts;
      entry["disk_bound_threads"] = forecast.disk_bound_threads;
    } else {
      entry["infeasible"] = forecast.policy.status().message();
    }
    json["predicted"].push_back(entry);
  }
  for (const KeySet& set : explanation.key_sets) {
    json["key_sets"].push_back({{"keys", set.keys},
                                {"key_bytes", set.key_bytes},
                                {"least_budget_bytes", set.least_bytes + subject.trace.fixed_bytes},
                                {"seconds", set.seconds},
                                {"wall_seconds", set.wall_seconds}});
  }
  return json.dump(2);
}

std::string ToText(const Subject& subject, const Explanation& explanation) {
  const program::Program& program = subject.program;
  const scheme::Parameters& parameters = subject.parameters;
  const OperationCounts counts = Count(program);
  const uint64_t slot = subject.trace.slot_bytes;
  int lowest = parameters.max_level();
  for (const program::Value& value : program.values) lowest = std::min(lowest, value.level);

  std::string text = fmt::format("{}: {}, {}\n", program.name, parameters.Describe(),
                                 parameters.Is128BitSecure() ? "128-bit secure" : "INSECURE");
  text += fmt::format("operations  {}, of them {} rotations and {} relinearizations\n", program.ops.size(),
                      counts.rotations, counts.key_switches - counts.rotations);
  text += fmt::format("levels      {} of {} used\n", parameters.max_level() - lowest, parameters.max_level());
  for (const program::Input& input : program.inputs) {
    text += fmt::format("input       {}: {} numbers, level {}\n", input.name, input.length,
                        program.values[input.value].level);
  }
  for (const program::Output& output : program.outputs) {
    text += fmt::format("output      {}: {} numbers, level {}\n", output.name, output.length,
                        program.values[output.value].level);
  }
  text += fmt::format("keys        {} for rotations, {} in all; the key store takes {}, {} to upload at {:g} Mbit/s\n",
                      counts.rotation_keys, program.keys.size(), FormatSize(explanation.key_store_bytes),
                      FormatTime(UploadSeconds(explanation)), explanation.line_bits_per_second / 1e6);
  text += fmt::format(
      "memory      beside keys, at the most: {} of ciphertexts, {} of plaintexts, {} of scratch, {} of the "
      "process itself\n",
      FormatSize(explanation.peak.ciphertexts * slot), FormatSize(explanation.peak.plaintexts * slot),
      FormatSize(explanation.peak.scratch * slot), FormatSize(subject.trace.fixed_bytes));

  text += fmt::format("\n{:<12} {:>10} {:>12} {:>11} {:>11} {:>11} {:>9} {:>9} {:>11}\n", "mode", "budget",
                      "peak memory", "of it keys", "keys read", "above least", "time", "waiting", "above least");
  for (const Forecast& forecast : explanation.forecasts) {
    const std::string budget = forecast.budget == 0 ? "-" : FormatSize(forecast.budget);
    if (!forecast.policy.ok()) {
      text += fmt::format("{:<12} {:>10} infeasible\n", runtime::ModeName(forecast.mode), budget);
      continue;
    }
    const runtime::Policy& policy = *forecast.policy;
    text += fmt::format("{:<12} {:>10} {:>12} {:>11} {:>11} {:>11} {:>9} {:>9} {:>11}\n",
                        runtime::ModeName(forecast.mode), budget, FormatSize(policy.predicted.peak_bytes),
                        FormatSize(policy.predicted.peak_key_bytes), FormatSize(policy.predicted.key_bytes_read),
                        Above(static_cast<double>(policy.predicted.key_bytes_read),
                              static_cast<double>(policy.key_bytes_read_lower_bound)),
                        FormatTime(forecast.time.wall_seconds),
                        FormatTime(forecast.time.load_seconds + forecast.time.stall_seconds),
                        Above(forecast.time.wall_seconds, forecast.time.lower_bound_seconds));
  }
  for (const Forecast& forecast : explanation.forecasts) {
    if (!forecast.policy.ok() || forecast.policy->predicted.plaintexts_kept == 0) continue;
    const runtime::Prediction& predicted = forecast.policy->predicted;
    text +=
        fmt::format("within {}: {} of {} encodings are saved by plaintexts kept in {}\n", FormatSize(forecast.budget),
                    predicted.plaintexts_kept, subject.rows.size(), FormatSize(predicted.peak_kept_plaintexts));
  }
  text += "(above least: no plan within the budget reads less; no schedule of these reads is faster)\n";
  text += fmt::format("\nleast feasible budget: {} bytes ({}), set by {}\n", explanation.least.bytes,
                      FormatSize(explanation.least.bytes), LeastBudgetOf(subject, explanation.least));
  if (!program.keys.empty()) text += DiskBound(subject, explanation);
  text += fmt::format("times       {}, {}\n", Threads(subject.threads), explanation.machine_source);
  if (!explanation.key_sets.empty()) text += KeySetTable(subject, explanation);
  return text;
}

std::string PlotTime(const Subject& subject, const Explanation& explanation) {
  constexpr int kPoints = 48;
  Plot plot;
  plot.title = fmt::format("{}: time of one run, {}", subject.program.name, Threads(subject.threads));
  plot.x_label = "memory budget of the process";
  plot.y_label = "seconds";
  plot.x_text = [](double bytes) {
    return bytes < 0x1p30 ? fmt::format("{:g} MiB", bytes / 0x1p20) : fmt::format("{:g} GiB", bytes / 0x1p30);
  };
  PlotLine planned{"planned", {}, false}, bound{"bound: computing, reading", {}, true};
  uint64_t most = explanation.least.bytes;
  for (const Forecast& forecast : explanation.forecasts) {
    if (!forecast.policy.ok() || forecast.mode == Mode::kPlanned) continue;
    const uint64_t peak = forecast.policy->predicted.peak_bytes;
    most = std::max(most, peak);
    plot.marks.push_back({runtime::ModeName(forecast.mode), {static_cast<double>(peak), forecast.time.wall_seconds}});
  }
  for (int i = 0; i <= kPoints; ++i) {
    const double ratio = static_cast<double>(most) / static_cast<double>(explanation.least.bytes);
    const uint64_t budget = std::max(
        explanation.least.bytes,
        static_cast<uint64_t>(static_cast<double>(explanation.least.bytes) * std::pow(ratio, double(i) / kPoints)));
    const Forecast forecast = MakeForecast(subject, Mode::kPlanned, budget);
    if (!forecast.policy.ok()) continue;
    planned.points.push_back({static_cast<double>(budget), forecast.time.wall_seconds});
    bound.points.push_back({static_cast<double>(budget), forecast.time.lower_bound_seconds});
  }
  plot.lines = {planned, bound};
  plot.x_ticks = SizeTicks(explanation.least.bytes, most);
  plot.limits.push_back({fmt::format("least feasible: {}", FormatSize(explanation.least.bytes)),
                         static_cast<double>(explanation.least.bytes)});
  return ToSvg(plot);
}

}  // namespace keymemrt::tools
