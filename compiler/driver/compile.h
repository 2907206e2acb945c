// SPDX-License-Identifier: Apache-2.0
//
// The compiler as one call. No header of MLIR is needed to use it.
#pragma once

#include <string>

#include "base/status.h"
#include "program/program.h"

namespace keymemrt::compiler {

struct CompileOptions {
  std::string function;  // to compile; empty: the only one with a body that is not one of HEIR's
                         // client.* helpers
  bool insecure = false; // accept parameters above the 128-bit bound
};

// Compiles the CKKS-level MLIR module in file `path`. Diagnostics with file, line and column go to
// standard error. kInvalidArgument: the file cannot be read, or has no function of the name asked
// for. kCorrupt: it does not parse, is no program that can be compiled, or has unusable parameters;
// the message says so, the diagnostics why.
Result<program::Program> CompileFile(const std::string &path, const CompileOptions &options);

// The same for a module in memory; `name` takes the place of the file's name in messages and
// locations.
Result<program::Program> CompileText(const std::string &text, const std::string &name,
                                     const CompileOptions &options);

} // namespace keymemrt::compiler
