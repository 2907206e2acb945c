// SPDX-License-Identifier: Apache-2.0
//
// The oracle: a program evaluated on plain doubles, slot by slot, complex where it multiplies by complex numbers, with
// no encryption. Encoding, noise and key switching are absent; what is left is what the program means. A bootstrap is
// so on the message alone: raising the modulus changes nothing, and the polynomial that takes multiples of q_0 away is
// evaluated as it is.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "program/program.h"

namespace keymemrt::program {

// Fills `out` (the weight's columns) with row `row` of weights[index].
using WeightRow = std::function<Status(uint32_t index, uint32_t row, std::span<double> out)>;

// A value that does not fit: |slot| * scale >= Q_level / 2, so that decryption would return something else modulo Q.
struct Outgrowth {
  uint32_t op = kNone;  // the operation whose result it is; kNone: an input
  std::string message;  // names the operation, the magnitude and the most that fits
};

// A value that leaves its domain: what is computed of it is not what the model means.
struct Departure {
  uint32_t domain = 0;  // index into Program::domains
  double value = 0;     // of the slot that is furthest outside
};

struct CleartextResult {
  std::vector<std::vector<double>> outputs;  // of Output::length numbers each
  std::vector<double> magnitudes;            // per op: the result's largest |slot|; 0 where there is no such result
  std::optional<Outgrowth> outgrowth;        // of the first value that does not fit
  // The bits by which the value that comes closest stays below Q_level / 2 (negative: it does not fit), and its op.
  double least_headroom_bits = 0;
  uint32_t least_headroom_op = kNone;
  // Of domains that were left by more than rounding (2^-20 of their width), in order of evaluation.
  std::vector<Departure> departures;
};

// `inputs`: one logical vector of Input::length numbers each, in order. REQUIRES: Verify(program).ok().
// kInvalidArgument: inputs of wrong number or length, or not finite. kCorrupt: a weight that is not finite; else what
// `weights` returns. Memory: N/2 real or complex numbers for each ciphertext alive (values are freed at their clear).
Result<CleartextResult> EvaluateCleartext(const Program& program, std::span<const std::vector<double>> inputs,
                                          const WeightRow& weights);

}  // namespace keymemrt::program
