// SPDX-License-Identifier: Apache-2.0
//
// What all commands share: arguments, errors, exit codes, the sentence about a program.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "base/status.h"
#include "program/program.h"

namespace keymemrt::tools {

// Parses; on --help or wrong usage prints and returns the exit code (0 or 2).
std::optional<int> ParseArguments(CLI::App& app, int argc, char** argv);

// Prints "keymemrt: error: message" and returns the exit code of the status.
int Fail(const Status& status);

// Says so on standard error when the program was compiled with --insecure and its parameters are below 128-bit security.
void WarnIfInsecure(const program::Program& program);

// "mlp: N=2^13, ..., 54 operations, 23 rotation keys, 56 rotations, 5 levels"
std::string Summarize(const program::Program& program);

// Counts of a program's operations.
struct OperationCounts {
  int rotations = 0;
  int key_switches = 0;  // rotations and relinearizations
  int rotation_keys = 0;
};
OperationCounts Count(const program::Program& program);

}  // namespace keymemrt::tools
