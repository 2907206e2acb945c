// SPDX-License-Identifier: Apache-2.0
//
// The compiler as one call. No header of MLIR is needed to use it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "program/program.h"

namespace keymemrt::compiler {

struct CompileOptions {
  std::string function;     // to compile; empty: the only one with a body that is not one of HEIR's
                            // client.* helpers
  bool insecure = false;    // accept parameters above the 128-bit bound
  bool strictTypes = false; // insist on the levels and scales in the input's types
  bool regenerateModuli = false;    // replace moduli that are no NTT primes by primes of their size
  uint64_t mostSteps = 100'000'000; // of executing control flow, before compilation is given up
  // bsgs, double_hoisted, horner or minimum_key: how linear transforms are carried out, those of
  // the program and those of bootstrapping.
  std::string transformForm = "bsgs";
  std::string bootstrapForm = "double_hoisted";
  int bootstrapBabySteps =
      0; // of each stage of bootstrapping: few are few keys; 0: the fastest number
  // Where not empty, instead of these three: time, memory or upload, what keys, forms and baby
  // steps are chosen by over the whole program, for a run with `memory` bytes of slots (0: any).
  std::string optimize;
  uint64_t memory = 0;
};

// The names of the compiler's phases, in order: "import", "ckks", "keyed", "planned", "program".
std::vector<std::string> PhaseNames();

// Compiles the CKKS-level MLIR module in file `path`. Diagnostics with file, line and column go to
// standard error. kInvalidArgument: the file cannot be read, or has no function of the name asked
// for. kCorrupt: it does not parse, is no program that can be compiled, or has unusable parameters;
// the message says so, the diagnostics why.
Result<program::Program> CompileFile(const std::string &path, const CompileOptions &options);

// The IR that the module in file `path` has after the phase of that name, as MLIR text with
// aliases. Fails as CompileFile; also kInvalidArgument: no phase has that name.
Result<std::string> CompileFileTo(const std::string &phase, const std::string &path,
                                  const CompileOptions &options);

// A set of keys with which a program can be carried out; figures are predictions (choose-key-set).
struct KeySet {
  int64_t keys = 0;
  uint64_t storedBytes = 0; // of all chunks, not packed
  uint64_t leastBytes = 0;  // of slots, without which no run is possible
  double seconds = 0;       // of computing transforms, rotations and relinearizations
  double wallSeconds = 0;   // and of reading each key once meanwhile
  bool chosen = false;      // by options.optimize
};

// The sets that none is better than in bytes, memory and seconds at once, by ascending seconds.
// Fails as CompileFile. REQUIRES: !options.optimize.empty().
Result<std::vector<KeySet>> KeySetsOfFile(const std::string &path, const CompileOptions &options);

// The same as CompileFile for a module in memory; `name` takes the place of the file's name in
// messages and locations.
Result<program::Program> CompileText(const std::string &text, const std::string &name,
                                     const CompileOptions &options);

} // namespace keymemrt::compiler
