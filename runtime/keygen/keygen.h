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
  bool new_client = true;        // false: the client's secrets were there
  size_t keys = 0, made = 0;     // of the program; of these, those that the store did not have
  uint64_t key_store_bytes = 0;  // segments, also of keys of other programs
};

// Called before the first key and after each one: keys done, of these those made now, and all.
using KeygenProgress = std::function<void(size_t done, size_t made, size_t total)>;

struct KeygenOptions {
  int threads = 1;
  KeygenProgress progress = {};
};

// Sees to it that `client_dir` holds a secret and a public key, and `keys_dir` a store of their key set with the keys
// of the program. What is there and whole stays, and all switching keys follow from the client's secrets: a generation
// that was killed or has failed is taken up where it ended, keys are added for a second program of the same parameters,
// damaged segments are replaced, and in each case the store ends with the bytes that an undisturbed generation would
// have made. A run that is not finished leaves segments that nothing accepts as a key store.
//
// Refuses (kInvalidArgument, saying what to do): a store of another client; a public key without its secret key; one
// directory within the other, for the server's holds no secret; parameters below 128-bit security unless the program
// was compiled as insecure. kCorrupt: a damaged client, or one of other parameters. Takes the memory of five chunks per
// thread.
Result<KeygenReport> GenerateKeys(const program::Program& program, const std::string& client_dir,
                                  const std::string& keys_dir, const KeygenOptions& options = {});

}  // namespace keymemrt::runtime
