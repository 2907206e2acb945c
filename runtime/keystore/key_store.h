// SPDX-License-Identifier: Apache-2.0
//
// KeyStore: the switching keys of one client as files, read chunk by chunk. A directory holds manifest.kms and one
// immutable segment per key (docs/formats/keystore.md); nothing in it is secret.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "runtime/io/read_queue.h"
#include "runtime/keystore/manifest.h"
#include "runtime/keystore/segment.h"

namespace keymemrt::runtime {

// Thread-safe. Every chunk's checksum is verified at every read: what comes out is what key generation put in.
class KeyStore {
 public:
  // Reads the manifest, and headers and checksums of every segment; not the chunks. kInvalidArgument: not a key store;
  // kCorrupt: a file is missing, damaged, of another version or of another key set. `reads`: by which all is read;
  // null: the system's for the directory.
  static Result<std::unique_ptr<KeyStore>> Open(const std::string& directory,
                                                std::shared_ptr<ReadQueue> reads = nullptr);

  // The same while keys are still arriving: a directory into which key generation writes, or into which a finished
  // store is being copied, manifest first. Waits until it is known whose keys they are (arriving.kms or manifest.kms).
  // manifest().keys are the wanted ones; each of them is there (Has) or comes later, in any order. A segment counts
  // when its header and its table are whole and as they must be; until then it is not there. `say` is told what is
  // waited for. Never asks again and again: the system tells of files that come. Also kCorrupt: it is clear that a
  // wanted key will not come.
  struct Wanted {
    scheme::KeyId id;
    int level = 0;
  };
  using Say = std::function<void(const std::string& what)>;
  static Result<std::unique_ptr<KeyStore>> OpenArriving(const std::string& directory, const std::vector<Wanted>& wanted,
                                                        std::shared_ptr<ReadQueue> reads, Say say);
  ~KeyStore();

  // Whether the key can be read: always, unless keys are arriving. Without it, Await and manifest() are all that the
  // key is good for.
  bool Has(size_t key) const { return segments_[key] != nullptr; }
  // Whether it has come in the meantime. Reads.
  bool Look(size_t key) const;
  // Waits until Has. kCorrupt: it will not come; kFailed: the directory has gone.
  Status Await(size_t key) const;

  const std::string& directory() const { return directory_; }
  const Manifest& manifest() const { return manifest_; }
  const scheme::Parameters& parameters() const { return parameters_; }
  // Of the key's shape: what digits, limbs and chunk numbers of the key mean.
  const scheme::Parameters& parameters(size_t key) const { return shape_of_[key]->parameters; }

  // The key's position in manifest().keys.
  std::optional<size_t> Find(const scheme::KeyId& id) const;
  // Chunks of a key at its level, and their bytes in the store, which are at most chunk_bytes() each.
  int chunk_count(size_t key) const { return manifest_.keys[key].chunks; }
  uint64_t stored_bytes(size_t key) const { return shape_of_[key]->layout.ChunkBytes(chunk_count(key)); }
  uint64_t total_stored_bytes() const;
  // Bytes of a chunk in memory.
  uint64_t chunk_bytes() const { return parameters_.chunk_bytes(); }

  // False when a file system refuses O_DIRECT and reads go through the page cache (each followed by dropping it).
  bool direct() const;

  // What reads() is to be asked for to get a chunk of a key into a slot: N words, aligned to kBlockAlignment, which
  // must stay until `done` is called (ReadQueue::Read, also for `slack`). What is in the slot then becomes the chunk by
  // Finish.
  ReadQueue::Wanted ReadOf(size_t key, int chunk, uint64_t* slot, uint64_t slack, ReadQueue::Done done) const;
  void StartRead(size_t key, int chunk, uint64_t* slot, uint64_t slack, ReadQueue::Done done) const;
  // kCorrupt names file and chunk: its checksum is not the one that key generation has noted.
  Status Finish(size_t key, int chunk, uint64_t* slot) const;
  // Both, waited for. The slot's contents are unspecified after an error.
  Status ReadChunk(size_t key, int chunk, uint64_t* slot) const;
  ReadQueue& reads() const { return *reads_; }

  // Where the stored bytes of a chunk are.
  const StoredChunk& Locate(size_t key, int chunk) const {
    return shape_of_[key]->layout.chunks()[static_cast<size_t>(chunk)];
  }

 private:
  struct Segment {
    BlockFile file;
    std::vector<uint64_t> checksums;  // by chunk
  };
  struct Arrivals;  // key_arrivals.cpp
  KeyStore(std::string directory, Manifest manifest, scheme::Parameters parameters, std::shared_ptr<ReadQueue> reads);
  static Result<std::unique_ptr<KeyStore>> Make(const std::string& directory, Manifest manifest,
                                                std::shared_ptr<ReadQueue> reads);
  // `sealed`: the entry's seal is known.
  Result<Segment> OpenSegment(const KeyEntry& entry, bool sealed) const;

  const std::string directory_;
  const Manifest manifest_;
  const scheme::Parameters parameters_;
  const std::shared_ptr<ReadQueue> reads_;  // outlives the files
  StoredShapes shapes_;
  std::vector<const StoredShape*> shape_of_;  // as manifest_.keys, like what follows
  std::map<scheme::KeyId, size_t> index_;
  mutable std::vector<std::atomic<const Segment*>> segments_;  // null: not there yet
  mutable std::deque<Segment> opened_;
  std::unique_ptr<Arrivals> arrivals_;
};

// A table of the keys for people.
std::string DescribeKeyStore(const KeyStore& store);

// Reads every byte: checksums and digests, and residues below their modulus. kCorrupt at the first failure. `progress`,
// when given, is called after each key with the number of keys done.
Status VerifyKeyStore(const std::string& directory,
                      const std::function<void(size_t done, size_t total)>& progress = {});

// Deletes a key store, also a half-written or damaged one: the manifest first, then the segments, then the directory
// unless other files are in it. kInvalidArgument when the directory is not a key store.
Status RemoveKeyStore(const std::string& directory);

}  // namespace keymemrt::runtime
