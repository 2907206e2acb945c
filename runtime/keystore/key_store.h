// SPDX-License-Identifier: Apache-2.0
//
// KeyStore: the switching keys of one client as files, read chunk by chunk. A directory holds manifest.kms and one
// immutable segment per key (docs/formats/keystore.md); nothing in it is secret.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "runtime/keystore/direct_file.h"
#include "runtime/keystore/manifest.h"

namespace keymemrt::runtime {

// Thread-safe. Every chunk's checksum is verified at every read: what comes out is what key generation put in.
class KeyStore {
 public:
  // Reads the manifest and the header of every segment; not the chunks. kInvalidArgument: not a key store; kCorrupt: a
  // file is missing, damaged, of another version or of another key set.
  static Result<std::unique_ptr<KeyStore>> Open(const std::string& directory);

  const std::string& directory() const { return directory_; }
  const Manifest& manifest() const { return manifest_; }
  const scheme::Parameters& parameters() const { return parameters_; }

  // The key's position in manifest().keys.
  std::optional<size_t> Find(const scheme::KeyId& id) const;
  // Chunks of a key at its level, and bytes of all keys' chunks.
  int chunk_count(size_t key) const;
  uint64_t chunk_bytes() const { return parameters_.chunk_bytes(); }
  uint64_t total_chunk_bytes() const;
  // False when a file system refuses O_DIRECT and reads go through the page cache (each followed by dropping it).
  bool direct() const;

  // Reads chunks first, first+1, ... (ChunkIndex order) of a key, one into each slot: N words each, aligned to
  // DirectFile::kAlignment. Contents of the slots are unspecified after an error. kCorrupt names file and chunk.
  Status ReadChunks(size_t key, int first, std::span<uint64_t* const> slots) const;

 private:
  struct Segment {
    DirectFile file;
    uint64_t data_offset;
    std::vector<uint64_t> checksums;  // by chunk
  };
  KeyStore(std::string directory, Manifest manifest, scheme::Parameters parameters);
  Result<Segment> OpenSegment(const KeyEntry& entry) const;

  std::string directory_;
  Manifest manifest_;
  scheme::Parameters parameters_;
  std::map<scheme::KeyId, size_t> index_;
  std::vector<Segment> segments_;  // as manifest_.keys
};

// A table of the keys for people.
std::string DescribeKeyStore(const KeyStore& store);

// Reads every chunk: checksums, and residues below their modulus. kCorrupt at the first failure. `progress`, when
// given, is called after each key with the number of keys done.
Status VerifyKeyStore(const std::string& directory,
                      const std::function<void(size_t done, size_t total)>& progress = {});

// Deletes a key store, also a half-written or damaged one: the manifest first, then the segments, then the directory
// unless other files are in it. kInvalidArgument when the directory is not a key store.
Status RemoveKeyStore(const std::string& directory);

}  // namespace keymemrt::runtime
