// SPDX-License-Identifier: Apache-2.0
//
// A KeySource that holds whole keys in memory: for tests, and the baseline of benchmarks.
#pragma once

#include <map>

#include "lattice/keys/keys.h"

namespace keymemrt::lattice {

class MemoryKeys : public KeySource {
 public:
  // The pool must outlive the keys.
  MemoryKeys(const Context& context, SlotPool& pool, const Seed& a_seed);

  // Makes the key and keeps it. A key made twice replaces the first only under another seed: kInvalidArgument.
  Status Generate(const SecretKey& secret, const scheme::KeyId& key, int level);

  const Seed& a_seed() const override { return a_seed_; }
  Result<std::unique_ptr<KeyUse>> Acquire(const scheme::KeyId& key, int level) override;

  // For tests that must see a wrong key: the stored words of a chunk. REQUIRES: the key is there.
  std::span<uint64_t> MutableChunk(const scheme::KeyId& key, int digit, int limb);

 private:
  struct Entry {
    int level;
    std::vector<Slot> chunks;  // by ChunkIndex
  };
  const Context& context_;
  SlotPool& pool_;
  Seed a_seed_;
  std::map<scheme::KeyId, Entry> keys_;
};

}  // namespace keymemrt::lattice
