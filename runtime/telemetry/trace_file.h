// SPDX-License-Identifier: Apache-2.0
//
// A recorded run as a file for Perfetto (ui.perfetto.dev) and chrome://tracing: JSON trace events. Tracks: operations,
// what each reader reads, what each thread of the evaluator reads on the spot, its stalls; counters: bytes by class and
// in all, each at the highest value of its stretch of time.
#pragma once

#include <string>

#include "base/status.h"
#include "program/program.h"
#include "runtime/telemetry/recorder.h"

namespace keymemrt::runtime {

// Written atomically and piece by piece. `recorder`: of a run of `program` that has ended.
Status WriteTrace(const program::Program& program, const Recorder& recorder, const std::string& path);

}  // namespace keymemrt::runtime
