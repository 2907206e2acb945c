// SPDX-License-Identifier: Apache-2.0
//
// What a machine takes for the elementary work of the engine, and how long an operation takes that consists of so much
// of each. Work is counted in limbs of N words; a limb whose modulus is below 2^50 (*narrow*) may be cheaper than a
// *wide* one, since a 52-bit multiplier suits it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace keymemrt::planner {

inline constexpr size_t kNarrow = 0, kWide = 1;
inline constexpr size_t kWidths = 2;
using PerWidth = std::array<double, kWidths>;

struct Work {
  PerWidth transforms{};    // NTTs and inverse NTTs
  PerWidth key_products{};  // a digit's limb times both halves of a key, one of them regenerated
  PerWidth conversions{};   // of a basis: products of an input limb with a weight, by the modulus of the output
  PerWidth passes{};        // element by element: sums, products, copies, permutations
  PerWidth row_products{};  // a plaintext's limb times both halves of a ciphertext, added to a sum far from all caches
  double embeddings = 0;    // N/2 slots to coefficients, in doubles; not limbs

  Work& operator+=(const Work& other);
};

// Seconds of one thread for one of each, in a ring of degree 2^log_n.
struct RingRates {
  int log_n = 0;
  PerWidth transform{}, key_product{}, conversion{}, pass{}, row_product{};
  double embedding = 0;
  // Share of an operation's time on one thread that more threads do not shorten; embeddings are one thread's anyway.
  double serial_share = 0;
};

// A device that keys are read from.
struct Channel {
  double bytes_per_second = 0;
  double seconds_per_read = 0;            // of the channel, for each chunk whatever its size
  double latency_seconds = 0;             // of a chunk that is asked for alone, beyond what it takes the channel
  double processor_seconds_per_read = 0;  // of asking, checking and unpacking, for each chunk
  double processor_seconds_per_byte = 0;
  double handover_seconds = 0;  // of the evaluating thread, for each chunk that it gets from the reading ones
};

// Of the channel, for a read of so many bytes.
inline double ReadSeconds(const Channel& channel, double bytes) {
  return channel.seconds_per_read + (channel.bytes_per_second > 0 ? bytes / channel.bytes_per_second : 0);
}

struct Machine {
  std::string processor;  // of which it was measured, and with which kernels: "AMD EPYC ..., ifma"
  int processors = 1;
  std::vector<RingRates> rings;  // ascending in log_n, at least one
  Channel store;
};

// Figures of one machine (AVX-512 IFMA at about 4 GHz, a network disk of 1 GB/s), for where nothing was measured.
const Machine& DefaultMachine();

// A ring that was not measured takes the nearest one's rates, scaled as N log N for transforms and embeddings and as N
// else. REQUIRES: machine.rings is not empty.
RingRates RatesOf(const Machine& machine, int log_n);

// Of one operation on `threads` threads; at least 1.
double Seconds(const Work& work, const RingRates& rates, int threads);

// What was measured for some amounts of work on one thread.
struct Observation {
  Work work;
  double seconds = 0;
};
// The rates, none negative, with the least sum of squared relative errors (non-negative least squares by coordinate
// descent). A rate that no observation depends on is 0, as is serial_share. kInvalidArgument: an observation without
// work or time.
Result<RingRates> FitRates(int log_n, const std::vector<Observation>& observations);

}  // namespace keymemrt::planner
