// SPDX-License-Identifier: Apache-2.0
//
// What a run did and took: the figures of `--stats` (docs: command line). Names are the JSON's.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/plan/policy.h"

namespace keymemrt::runtime {

struct Stats {
  Mode mode = Mode::kPlanned;
  int threads = 0;
  uint64_t budget_bytes = 0;    // 0: none was given
  double wall_seconds = 0;      // of the run, loading in mode `resident` included
  double load_seconds = 0;      // of loading before the first operation
  double stall_seconds = 0;     // of evaluation, waiting for keys; loading before the first operation included
  uint64_t peak_rss_bytes = 0;  // of the process since it started
  uint64_t peak_key_bytes = 0, peak_ciphertext_bytes = 0, peak_plaintext_bytes = 0, peak_scratch_bytes = 0;
  uint64_t peak_slot_bytes = 0;      // of the sum of these four
  uint64_t reserved_slot_bytes = 0;  // what the pool of slots occupies
  uint64_t fixed_bytes = 0;          // what the prediction sets aside for everything outside slots
  uint64_t key_bytes_read = 0, key_chunks_hit = 0, key_chunks_missed = 0;  // bytes in memory; stored they are fewer
  uint64_t stored_bytes_read = 0;                                          // of the files, for these
  uint64_t key_store_bytes = 0;                                            // of the program's keys, in the files
  uint64_t plaintexts_kept = 0;  // rows whose plaintext was in memory from an earlier operation
  uint64_t rotations = 0, key_switches = 0, bootstraps = 0, galois_keys = 0;
  uint64_t plaintexts_encoded = 0, plaintexts_encoded_ahead = 0;  // of them, before their operation came
  Prediction predicted;
  uint64_t key_bytes_read_lower_bound = 0;
  uint64_t key_bytes_read_lru = 0;  // what a cache would read that evicts the key used longest ago, in as much memory
};

std::string ToJson(const Stats& stats);

// VmHWM of this process, 0 where the system does not tell.
uint64_t PeakRssBytes();

}  // namespace keymemrt::runtime
