// SPDX-License-Identifier: Apache-2.0
//
// Makes the keys of a program: secret and public key for the client's directory, key store for the server's.
#pragma once

#include <functional>
#include <string>

#include "base/status.h"
#include "program/program.h"
#include "runtime/format/bytes.h"

namespace keymemrt::runtime {

struct KeygenReport {
  KeySetId key_set;
  size_t keys = 0;
  uint64_t key_store_bytes = 0;
  bool resumed = false;  // an interrupted run had done everything but its last step
};

// Called before the first key and after each one.
using KeygenProgress = std::function<void(size_t keys_done, size_t keys_total, uint64_t bytes_written)>;

// Always a fresh key set: existing keys are never replaced. Refuses (kInvalidArgument, saying what to remove) when
// `client_dir` holds a key or `keys_dir` a key store, or when one directory is within the other: the server's holds no
// secret. Refuses parameters below 128-bit security unless the program was compiled as insecure.
//
// Nothing stays behind a failure. A run that is killed leaves files that are accepted as neither a secret key nor a key
// store, and that the next run clears; killed in its last step, it is completed by the next run.
Result<KeygenReport> GenerateKeys(const program::Program& program, const std::string& client_dir,
                                  const std::string& keys_dir, const KeygenProgress& progress = {});

}  // namespace keymemrt::runtime
