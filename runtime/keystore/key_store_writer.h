// SPDX-License-Identifier: Apache-2.0
//
// Writes a key store: one key at a time, in the memory of one chunk. Each segment appears under its name only when it
// is complete and on disk; the manifest comes last and makes the directory a key store. Until then nothing accepts it,
// and dying without Commit removes what was written.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "lattice/keys/keys.h"
#include "runtime/keystore/directory_lock.h"
#include "runtime/keystore/manifest.h"

namespace keymemrt::runtime {

class KeyStoreWriter {
 public:
  // Makes the directory if need be, locks it against another writer, and clears what an interrupted key generation left
  // in it. kInvalidArgument when a key store is there already.
  static Result<std::unique_ptr<KeyStoreWriter>> Create(const std::string& directory,
                                                        const scheme::Parameters& parameters, bool insecure,
                                                        const KeySetId& key_set, const lattice::Seed& a_seed);
  ~KeyStoreWriter();
  KeyStoreWriter(const KeyStoreWriter&) = delete;
  KeyStoreWriter& operator=(const KeyStoreWriter&) = delete;

  // Adds a key: `produce` is called once and hands every chunk of the key at `level`, in ChunkIndex order, to the sink.
  using Producer = std::function<Status(const lattice::ChunkSink& sink)>;
  Status Add(const scheme::KeyId& id, int level, const Producer& produce);

  // Writes the manifest: from here on the directory is a key store.
  Status Commit();

  uint64_t bytes_written() const { return bytes_written_; }

 private:
  KeyStoreWriter(std::string directory, scheme::Parameters parameters, Manifest manifest, DirectoryLock lock,
                 bool created);
  std::string directory_;
  scheme::Parameters parameters_;
  Manifest manifest_;
  DirectoryLock lock_;
  bool created_;  // by this writer
  bool committed_ = false;
  uint64_t bytes_written_ = 0;
};

}  // namespace keymemrt::runtime
