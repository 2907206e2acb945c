// SPDX-License-Identifier: Apache-2.0
//
// Measures this machine: what the engine's elementary work takes in rings of several sizes, and how fast key chunks
// come from a directory's disk.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/status.h"
#include "planner/machine.h"

namespace keymemrt::runtime {

struct CalibrationOptions {
  std::vector<int> log_ns = {13, 14, 15, 16};
  double seconds_per_operation = 0.04;  // each is repeated for at least so long
  int passes = 3;                       // at least 1: so often is all measured
  std::string store_directory;          // where key stores will lie; some of 256 MiB at most are made there and removed
};

// A minute or so with the defaults. `progress`, when given, is called with what is measured next. kFailed: the
// directory cannot be written or read.
Result<planner::Machine> Calibrate(const CalibrationOptions& options,
                                   const std::function<void(const std::string&)>& progress = {});

// "AMD EPYC 9655P, ifma": what a calibration depends on.
std::string ThisProcessor();

// The user's calibration: $XDG_CACHE_HOME/keymemrt/machine.json, or ~/.cache/keymemrt/machine.json. kInvalidArgument
// when neither variable says where.
Result<std::string> MachineFilePath();
// Written atomically; missing directories are made.
Status WriteMachine(const planner::Machine& machine, const std::string& path);
// kInvalidArgument: no such file. kCorrupt: not such a file, or of another version.
Result<planner::Machine> ReadMachine(const std::string& path);

// What predictions go by: the user's calibration when it was made on this processor, else planner::DefaultMachine().
struct KnownMachine {
  planner::Machine machine;
  std::string source;  // for people: "measured on AMD EPYC ...", "built-in figures of another machine (AMD EPYC ...)"
};
KnownMachine LoadMachine();

}  // namespace keymemrt::runtime
