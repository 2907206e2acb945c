// SPDX-License-Identifier: Apache-2.0
//
// A KeySource that holds whole keys in memory: for tests, and the baseline of benchmarks.
#pragma once

#include <functional>
#include <map>

#include "lattice/keys/keys.h"

namespace keymemrt::lattice {

class MemoryKeys : public KeySource {
 public:
  // The pool must outlive the keys.
  MemoryKeys(const Context& context, SlotPool& pool, const Seed& a_seed);

  // Makes the key and keeps it. kInvalidArgument when it is there already; else as GenerateSwitchingKey.
  Status Generate(const SecretKey& secret, const scheme::KeyId& key, int level, ThreadPool* threads = nullptr);
  Status GenerateSecretSwitch(const SecretKey& from, const SecretKey& to, const scheme::KeyId& key, int level,
                              ThreadPool* threads = nullptr);

  const Seed& a_seed() const override { return a_seed_; }
  Result<std::unique_ptr<KeyUse>> Acquire(const scheme::KeyId& key, int level) override;

  // For tests that must see a wrong key: the stored words of a chunk. REQUIRES: the key is there.
  std::span<uint64_t> MutableChunk(const scheme::KeyId& key, int digit, int limb);

 private:
  struct Entry {
    const scheme::Parameters* parameters;  // of the key's shape
    int level;
    std::vector<Slot> chunks;  // by ChunkIndex
  };
  // Keeps what `make` hands to the sink.
  Status Keep(const scheme::KeyId& key, int level, const std::function<Status(const ChunkSink&)>& make);

  const Context& context_;
  SlotPool& pool_;
  Seed a_seed_;
  std::map<scheme::KeyId, Entry> keys_;
};

}  // namespace keymemrt::lattice
