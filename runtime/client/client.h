// SPDX-License-Identifier: Apache-2.0
//
// The client's side of a run: numbers in, ciphertext file out, and back.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "program/program.h"

namespace keymemrt::runtime {

// Encrypts one vector of numbers per input of the program (each as long as the input says) with `client_dir`'s public
// key and writes them to one file. kInvalidArgument: wrong number or length, a number that is not finite; kCorrupt: a
// damaged key, or one made for other parameters.
Status EncryptInputs(const program::Program& program, const std::string& client_dir,
                     std::span<const std::vector<double>> inputs, const std::string& path);

// The outputs' numbers, in the program's order, from a file that a run wrote. kCorrupt: damaged, of other parameters,
// of another key set than `client_dir`'s secret key, or not the outputs of this program.
Result<std::vector<std::vector<double>>> DecryptOutputs(const program::Program& program, const std::string& client_dir,
                                                        const std::string& path);

}  // namespace keymemrt::runtime
