// SPDX-License-Identifier: Apache-2.0
#include "runtime/telemetry/stats.h"

#include <fstream>
#include <nlohmann/json.hpp>

namespace keymemrt::runtime {

std::string ToJson(const Stats& stats) {
  nlohmann::ordered_json json;
  json["mode"] = ModeName(stats.mode);
  json["threads"] = stats.threads;
  json["budget_bytes"] = stats.budget_bytes;
  json["wall_seconds"] = stats.wall_seconds;
  json["load_seconds"] = stats.load_seconds;
  json["stall_seconds"] = stats.stall_seconds;
  json["peak_rss_bytes"] = stats.peak_rss_bytes;
  json["peak_key_bytes"] = stats.peak_key_bytes;
  json["peak_ciphertext_bytes"] = stats.peak_ciphertext_bytes;
  json["peak_plaintext_bytes"] = stats.peak_plaintext_bytes;
  json["peak_scratch_bytes"] = stats.peak_scratch_bytes;
  json["peak_slot_bytes"] = stats.peak_slot_bytes;
  json["reserved_slot_bytes"] = stats.reserved_slot_bytes;
  json["fixed_bytes"] = stats.fixed_bytes;
  json["key_bytes_read"] = stats.key_bytes_read;
  json["stored_bytes_read"] = stats.stored_bytes_read;
  json["key_chunks_hit"] = stats.key_chunks_hit;
  json["key_chunks_missed"] = stats.key_chunks_missed;
  json["key_store_bytes"] = stats.key_store_bytes;
  json["plaintexts_kept"] = stats.plaintexts_kept;
  json["rotations"] = stats.rotations;
  json["key_switches"] = stats.key_switches;
  json["bootstraps"] = stats.bootstraps;
  json["galois_keys"] = stats.galois_keys;
  json["plaintexts_encoded"] = stats.plaintexts_encoded;
  json["plaintexts_encoded_ahead"] = stats.plaintexts_encoded_ahead;
  json["predicted"] = {{"peak_bytes", stats.predicted.peak_bytes},
                       {"peak_key_bytes", stats.predicted.peak_key_bytes},
                       {"key_bytes_read", stats.predicted.key_bytes_read},
                       {"plaintexts_kept", stats.predicted.plaintexts_kept}};
  json["key_bytes_read_lower_bound"] = stats.key_bytes_read_lower_bound;
  json["key_bytes_read_lru"] = stats.key_bytes_read_lru;
  return json.dump(2);
}

uint64_t PeakRssBytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoull(line.substr(6)) * 1024;
  }
  return 0;
}

}  // namespace keymemrt::runtime
