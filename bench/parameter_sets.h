// SPDX-License-Identifier: Apache-2.0
//
// The parameter sets and operand levels of the benchmarks, the same for our engine and for OpenFHE. Standard library
// only: the OpenFHE program is built outside this project's flags.
#pragma once

#include <string>

namespace keymemrt::bench {

// Sizes in bits; the first prime of Q is larger, so that a result at the lowest level can be decrypted. Sets whose
// log2(QP) exceeds the 128-bit bound of their ring (B, D) are here because published networks and bootstraps use their
// sizes.
struct ParameterSet {
  const char* name;
  int log_n;
  int q_count, first_q_bits, q_bits;  // the scale is 2^q_bits
  int p_count, p_bits;
  int openfhe_digits;  // OpenFHE's numLargeDigits; our engine takes the fewest digits that P allows
};

// C3 and M3 are C and M with the digits that our engine chooses there, three where C and M ask OpenFHE for four: the
// same moduli, a fairer OpenFHE. For our engine they would be C and M again, so only OpenFHE runs them.
inline constexpr ParameterSet kParameterSets[] = {
    {"A1", 13, 6, 27, 26, 1, 60, 3},  {"B", 14, 11, 55, 40, 3, 60, 3}, {"M", 15, 12, 55, 40, 3, 60, 4},
    {"M3", 15, 12, 55, 40, 3, 60, 3}, {"C", 16, 12, 55, 40, 3, 60, 4}, {"C3", 16, 12, 55, 40, 3, 60, 3},
    {"D", 16, 26, 60, 59, 9, 60, 3},
};
inline bool OnlyOpenFhe(const ParameterSet& set) {
  return set.name[1] == '3';
}

// Where the operands are: all limbs of Q live, or half of them.
struct OperandLevel {
  const char* name;
  bool half;
  int Limbs(const ParameterSet& set) const { return half ? set.q_count / 2 : set.q_count; }
};
inline constexpr OperandLevel kLevels[] = {{"top", false}, {"half", true}};

inline std::string BenchmarkName(const char* operation, const ParameterSet& set, const OperandLevel& level) {
  return std::string(operation) + "/" + set.name + "/" + level.name;
}

// Takes "--threads=N" out of argv and returns N: 1 when absent, 0 when it is not a number from 1 to 1024.
inline int TakeThreads(int& argc, char** argv) {
  const std::string prefix = "--threads=";
  int threads = 1, kept = 1;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.compare(0, prefix.size(), prefix) != 0) {
      argv[kept++] = argv[i];
      continue;
    }
    const std::string digits = argument.substr(prefix.size());
    const bool number =
        !digits.empty() && digits.size() <= 4 && digits.find_first_not_of("0123456789") == std::string::npos;
    threads = number ? std::stoi(digits) : 0;
    if (threads > 1024) threads = 0;
  }
  argc = kept;
  return threads;
}

// The slots of the operands: in [-1, 1], all different.
inline double SlotValue(size_t slot, size_t slots) {
  return 2.0 * static_cast<double>(slot) / static_cast<double>(slots) - 1.0;
}

// What a result may be off by: the benchmarks check that they compute something right, not how precisely.
inline constexpr double kTolerance = 0.05;

}  // namespace keymemrt::bench
