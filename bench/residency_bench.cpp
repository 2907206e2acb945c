// SPDX-License-Identifier: Apache-2.0
//
// What a memory budget costs in time, on the synthetic program of 200 rotations:
//   1. mode planned, with a quarter of the keys' bytes for keys, beside mode resident without its loading, the store on
//      a disk and in memory: where the store is not the bottleneck, the plan should be free;
//   2. the same on a store that is throttled: how long the run waits beside what the planner predicts from the
//      throttle's two figures and this machine's rates, scaled so that computing takes what it took in this run (a
//      machine with other work computes at another speed every minute): whether reading and computing meet as they were
//      predicted to, not how fast the machine is.
// Runs of a round take turns; printed are medians and, of ratios, the least and the most. Every run's output is the
// first one's, bit for bit, and the first one is decrypted and compared.
//
//   residency_bench [--log-n=16] [--spare=8] [--threads=1] [--rounds=5]
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <string_view>

#include "base/file.h"
#include "base/size.h"
#include "bench/stored_keys.h"
#include "planner/memory.h"
#include "program/cleartext.h"
#include "program/testing/builder.h"
#include "runtime/calibration/calibration.h"
#include "runtime/client/client.h"
#include "runtime/io/simulated_devices.h"
#include "runtime/keygen/keygen.h"
#include "runtime/plan/trace.h"
#include "runtime/plan/work.h"
#include "runtime/service/service.h"

namespace keymemrt::bench {
namespace {

namespace fs = std::filesystem;
using runtime::Mode;
using runtime::ReadQueue;
using runtime::Stats;

struct Arguments {
  int log_n = 16, spare = 8, threads = 1, rounds = 5;
};

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

class Bed {
 public:
  explicit Bed(const Arguments& arguments)
      : arguments_(arguments),
        program_(program::SyntheticProgram(arguments.log_n, arguments.spare)),
        parameters_(Need(program_.CheckedParameters())),
        trace_(runtime::MakeTrace(program_, parameters_, arguments.threads)),
        directory_(ColdDirectory() + "/keymemrt-bench.XXXXXX"),
        warm_(WarmDirectory() + "/keymemrt-bench.XXXXXX") {
    if (mkdtemp(directory_.data()) == nullptr || mkdtemp(warm_.data()) == nullptr) Need(Failed("no directory"));
    Need(runtime::GenerateKeys(program_, directory_ + "/client", directory_ + "/keys").status());
    fs::copy(directory_ + "/keys", warm_ + "/keys");
    inputs_ = program::RandomInputs(program_, 1);
    Need(runtime::EncryptInputs(program_, directory_ + "/client", inputs_, directory_ + "/x.ct"));
    for (const uint32_t chunks : trace_.key_chunks) key_bytes_ += chunks * trace_.slot_bytes;
  }
  ~Bed() {
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
    fs::remove_all(warm_, ignored);
  }

  const program::Program& program() const { return program_; }
  const scheme::Parameters& parameters() const { return parameters_; }
  const planner::Trace& trace() const { return trace_; }
  uint64_t key_bytes() const { return key_bytes_; }
  std::string cold() const { return directory_ + "/keys"; }
  std::string warm() const { return warm_ + "/keys"; }
  // With which at most a quarter of the keys' bytes are in memory, the ring among them.
  uint64_t QuarterBudget() const {
    uint64_t low = planner::LeastFeasibleBudget(trace_).bytes, high = low + key_bytes_;
    while (high - low > trace_.slot_bytes) {
      const uint64_t middle = low + (high - low) / 2;
      const auto policy = Need(runtime::MakePolicy(trace_, Mode::kPlanned, middle));
      (policy.predicted.peak_key_bytes <= key_bytes_ / 4 ? low : high) = middle;
    }
    return low;
  }

  Stats Run(Mode mode, uint64_t budget, const std::string& keys, std::shared_ptr<ReadQueue> reads = nullptr) {
    const auto service = Need(runtime::Service::Create(
        program_, nullptr, {.threads = arguments_.threads, .budget_bytes = budget, .reads = std::move(reads)}));
    const auto session = Need(service->Open(keys, {.mode = mode}));
    const std::string output = directory_ + "/y.ct";
    const Stats stats = Need(session->RunFiles(directory_ + "/x.ct", output));
    std::vector<std::byte> bytes = Need(ReadFile(output));
    if (first_.empty()) {
      CheckAnswer(output);
      first_ = std::move(bytes);
    } else if (bytes != first_) {
      Need(Failed("a run has another result than the first one"));
    }
    return stats;
  }

 private:
  void CheckAnswer(const std::string& output) {
    const auto outputs = Need(runtime::DecryptOutputs(program_, directory_ + "/client", output));
    const auto expected = Need(program::EvaluateCleartext(program_, inputs_, {}));
    double worst = 0;
    for (size_t i = 0; i < outputs[0].size(); ++i) {
      worst = std::max(worst, std::abs(outputs[0][i] - expected.outputs[0][i]));
    }
    if (worst > 1e-3) Need(Failed("the answer differs from the cleartext by {}", worst));
    fmt::print("Worst difference from the cleartext: {:.1e}\n", worst);
  }

  const Arguments arguments_;
  program::Program program_;
  scheme::Parameters parameters_;
  planner::Trace trace_;
  std::string directory_, warm_;
  std::vector<std::vector<double>> inputs_;
  uint64_t key_bytes_ = 0;
  std::vector<std::byte> first_;
};

void CompareWithResident(Bed& bed, uint64_t quarter, int rounds) {
  struct Row {
    const char* name;
    Mode mode;
    uint64_t budget;
    std::string keys;
    std::vector<double> seconds = {}, ratios = {}, stalls = {};
    uint64_t peak_keys = 0;
  };
  Row rows[] = {{"resident, loading left out", Mode::kResident, 0, bed.cold()},
                {"planned, a quarter, disk", Mode::kPlanned, quarter, bed.cold()},
                {"planned, a quarter, memory", Mode::kPlanned, quarter, bed.warm()},
                {"streaming, disk", Mode::kStreaming, 0, bed.cold()}};
  for (int round = -1; round < rounds; ++round) {  // the first one does not count
    double resident = 0;
    for (Row& row : rows) {
      const Stats stats = bed.Run(row.mode, row.budget, row.keys);
      const double seconds = stats.wall_seconds - stats.load_seconds;
      if (row.mode == Mode::kResident) resident = seconds;
      if (round < 0) continue;
      row.seconds.push_back(seconds);
      row.ratios.push_back(seconds / resident);
      row.stalls.push_back(stats.stall_seconds - (row.mode == Mode::kResident ? stats.load_seconds : 0));
      row.peak_keys = stats.peak_key_bytes;
    }
  }
  fmt::print("\n| run | key memory, MB | seconds | of resident | seconds waiting |\n|---|---|---|---|---|\n");
  for (Row& row : rows) {
    const auto [least, most] = std::minmax_element(row.ratios.begin(), row.ratios.end());
    fmt::print("| {} | {:.1f} | {:.3f} | {:.3f} ({:.3f}–{:.3f}) | {:.3f} |\n", row.name,
               static_cast<double>(row.peak_keys) / 1e6, Median(row.seconds), Median(row.ratios), *least, *most,
               Median(row.stalls));
  }
}

void CompareWithPrediction(Bed& bed, uint64_t quarter, const Arguments& arguments) {
  planner::Machine machine = runtime::LoadMachine().machine;
  machine.store.processor_seconds_per_read = machine.store.processor_seconds_per_byte =
      0;  // the throttled store is not the processor's work
  fmt::print(
      "\n| throttled store | run | predicted s | measured s | predicted waiting | measured waiting | difference |\n");
  fmt::print("|---|---|---|---|---|---|---|\n");
  for (const auto& [rate, latency] : {std::pair{400e6, 0.0005}, {150e6, 0.0005}, {150e6, 0.02}}) {
    for (const auto& [mode, budget] : {std::pair{Mode::kPlanned, quarter}, {Mode::kStreaming, uint64_t{0}}}) {
      const auto policy = Need(runtime::MakePolicy(bed.trace(), mode, budget));
      machine.store.bytes_per_second = rate;
      machine.store.latency_seconds = latency;
      machine.store.seconds_per_read = 0;  // the disk's own, which goes on meanwhile
      const auto predict = [&, &policy = policy] {
        return planner::PredictTime(
            runtime::TimeRun(bed.program(), bed.parameters(), bed.trace(), policy, machine, arguments.threads),
            machine.store, machine.processors);
      };
      const auto device = [&, rate = rate, latency = latency] {
        return runtime::MakeThrottledDevice(Need(runtime::MakeUringDevice()), rate,
                                            std::chrono::nanoseconds(std::llround(1e9 * latency)));
      };
      const Stats stats = bed.Run(mode, budget, bed.warm(), std::make_shared<ReadQueue>(device()));
      const double scale = (stats.wall_seconds - stats.stall_seconds) / predict().compute_seconds;
      for (planner::RingRates& ring : machine.rings) {
        for (planner::PerWidth* const rates :
             {&ring.transform, &ring.key_product, &ring.conversion, &ring.pass, &ring.row_product}) {
          for (double& width : *rates) width *= scale;
        }
        ring.embedding *= scale;
      }
      const planner::TimePrediction predicted = predict();
      fmt::print("| {:.0f} MB/s, {:.1f} ms | {} | {:.3f} | {:.3f} | {:.3f} | {:.3f} | {:+.1f} % |\n", rate / 1e6,
                 1e3 * latency, runtime::ModeName(mode), predicted.wall_seconds, stats.wall_seconds,
                 predicted.stall_seconds, stats.stall_seconds,
                 100 * (stats.stall_seconds / predicted.stall_seconds - 1));
      std::fflush(stdout);
    }
  }
}

int Main(int argc, char** argv) {
  Arguments arguments;
  bool usage = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const auto number = [&](std::string_view name, int& value) {
      if (!argument.starts_with(name)) return false;
      value = std::atoi(argv[i] + name.size());
      return true;
    };
    if (!number("--log-n=", arguments.log_n) && !number("--spare=", arguments.spare) &&
        !number("--threads=", arguments.threads) && !number("--rounds=", arguments.rounds)) {
      usage = true;
    }
  }
  if (usage || arguments.log_n < 10 || arguments.log_n > 16 || arguments.spare < 0 || arguments.spare > 24 ||
      arguments.threads < 1 || arguments.rounds < 0) {
    fmt::print(stderr,
               "usage: residency_bench [--log-n=16] [--spare=8] [--threads=1] [--rounds=5]\n"
               "--rounds=0: the throttled store only\n");
    return 2;
  }
  Bed bed(arguments);
  const uint64_t quarter = bed.QuarterBudget();
  fmt::print("N = 2^{}, {} threads; keys {}; a quarter of them within {}\n", arguments.log_n, arguments.threads,
             FormatSize(bed.key_bytes()), FormatSize(quarter));
  if (arguments.rounds > 0) CompareWithResident(bed, quarter, arguments.rounds);
  CompareWithPrediction(bed, quarter, arguments);
  return 0;
}

}  // namespace
}  // namespace keymemrt::bench

int main(int argc, char** argv) {
  return keymemrt::bench::Main(argc, argv);
}
