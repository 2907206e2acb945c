// SPDX-License-Identifier: Apache-2.0
//
// Writes a key store: one key at a time, in the memory of one chunk. Each segment appears under its name only when it
// is complete and on disk; the manifest comes last and makes the directory a key store. Until then arriving.kms says
// whose keys they are, for those who use each as it comes. What an interrupted writer has
// completed stays and is taken over by the next one, which ends in the same files to the byte if the keys are the same.
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
  // Opens a directory for keys of one key set, and locks it against another writer. It may be new, or hold what an
  // interrupted writer has left, or a key store of this key set, to which keys are then added; temporary files, and
  // segments of other key sets without a manifest, are removed. kInvalidArgument: it holds a key store of another key
  // set; kCorrupt: a damaged manifest, or one of another version.
  static Result<std::unique_ptr<KeyStoreWriter>> Open(const std::string& directory,
                                                      const scheme::Parameters& parameters, bool insecure,
                                                      const KeySetId& key_set, const lattice::Seed& a_seed);
  ~KeyStoreWriter();
  KeyStoreWriter(const KeyStoreWriter&) = delete;
  KeyStoreWriter& operator=(const KeyStoreWriter&) = delete;

  // Sees to it that the store has the key for uses up to `level` (or higher, if it was there for higher ones). A
  // segment that is there and whole stays; otherwise `produce` is called, once, and hands every chunk of the key at the
  // level that it is told, in ChunkIndex order, to the sink. True: it was called.
  using Producer = std::function<Status(int level, const lattice::ChunkSink& sink)>;
  Result<bool> Add(const scheme::KeyId& id, int level, const Producer& produce);
  // Writes the manifest, if anything has changed: from here on the directory is a key store of the keys that it had and
  // those added, in this order. Removes the segments of no key.
  Status Commit();

  // Bytes of the segments of all keys so far.
  uint64_t stored_bytes() const { return stored_bytes_; }

 private:
  KeyStoreWriter(std::string directory, const scheme::Parameters& parameters, DirectoryLock lock, bool created);

  std::string directory_;
  StoredShapes shapes_;
  Manifest manifest_;
  DirectoryLock lock_;
  bool created_;            // by this writer
  bool changed_ = true;     // the manifest is not the one on disk
  bool announced_ = false;  // that keys are arriving
  uint64_t stored_bytes_ = 0;
};

}  // namespace keymemrt::runtime
