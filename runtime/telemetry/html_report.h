// SPDX-License-Identifier: Apache-2.0
//
// A recorded run as a page for people: memory over time by class under the budget, which keys were in memory when,
// stalls, predicted against measured. One file that refers to nothing outside itself.
#pragma once

#include <string>

#include "base/status.h"
#include "program/program.h"
#include "runtime/telemetry/recorder.h"
#include "runtime/telemetry/stats.h"

namespace keymemrt::runtime {

// Written atomically. `recorder` and `stats`: of the same run of `program`. Errors: CheckedParameters' and writing's.
Status WriteHtmlReport(const program::Program& program, const Stats& stats, const Recorder& recorder,
                       const std::string& path);

}  // namespace keymemrt::runtime
