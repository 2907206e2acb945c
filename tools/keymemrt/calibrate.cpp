// SPDX-License-Identifier: Apache-2.0
//
// keymemrt calibrate: what this machine takes, so that explain can say how long a run will.
#include <fmt/format.h>

#include <chrono>
#include <memory>

#include "base/size.h"
#include "runtime/calibration/calibration.h"
#include "tools/keymemrt/commands.h"
#include "tools/keymemrt/report.h"

namespace keymemrt::tools {

void AddCalibrate(CLI::App& app, int& exit_code) {
  struct Arguments {
    std::string store = ".";
    bool quiet = false;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("calibrate", "measure this machine, for the times that explain predicts");
  command->add_option("--store", arguments->store, "a directory on the disk where key stores will lie")
      ->capture_default_str();
  command->add_flag("--quiet", arguments->quiet, "print nothing but errors");
  command->callback([arguments, &exit_code] {
    const auto run = [&]() -> Status {
      KMRT_ASSIGN_OR_RETURN(const std::string path, runtime::MachineFilePath());
      runtime::CalibrationOptions options;
      options.store_directory = arguments->store;
      const auto start = std::chrono::steady_clock::now();
      KMRT_ASSIGN_OR_RETURN(const planner::Machine machine, runtime::Calibrate(options, [&](const std::string& what) {
                              if (!arguments->quiet) fmt::print(stderr, "measuring {}\n", what);
                            }));
      KMRT_RETURN_IF_ERROR(runtime::WriteMachine(machine, path));
      if (arguments->quiet) return Status();
      const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      fmt::print(
          "{}: measured {} in {:.0f} s; keys come at {}/s, a chunk takes the reader {:.0f} us and the evaluator {:.0f} "
          "us more\n",
          path, machine.processor, seconds, FormatSize(static_cast<uint64_t>(machine.store.bytes_per_second)),
          machine.store.seconds_per_read * 1e6, machine.store.handover_seconds * 1e6);
      fmt::print("{:>6} {:>14} {:>14} {:>12} {:>14}\n", "N", "NTT, < 2^50", "NTT, wide", "embedding", "serial share");
      for (const planner::RingRates& rates : machine.rings) {
        fmt::print("{:>6} {:>11.1f} us {:>11.1f} us {:>9.0f} us {:>13.0f}%\n", fmt::format("2^{}", rates.log_n),
                   rates.transform[planner::kNarrow] * 1e6, rates.transform[planner::kWide] * 1e6,
                   rates.embedding * 1e6, rates.serial_share * 100);
      }
      return Status();
    };
    if (const Status status = run(); !status.ok()) exit_code = Fail(status);
  });
}

}  // namespace keymemrt::tools
