// SPDX-License-Identifier: Apache-2.0
//
// ChunkCache: which chunks of which keys are in memory, who uses them, and which of them may stay. A pure state
// machine: no I/O, no memory, no locks; whoever drives it does what its answers say.
//
// A chunk is absent, loading, or ready; a ready one may be pinned by uses. Of each key a prefix of `keep` chunks may
// stay in memory unpinned; any other chunk goes when its last pin does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace keymemrt::runtime {

class ChunkCache {
 public:
  // `chunk_counts`: chunks of each key. Everything is absent, and nothing may stay.
  explicit ChunkCache(const std::vector<uint32_t>& chunk_counts);

  enum class Answer : uint8_t {
    kHit,    // ready from an earlier use, now pinned
    kAhead,  // ready because it was read ahead, now pinned
    kMiss,   // now loading: the caller loads it and says Filled or Failed
    kBusy,   // someone else is loading it: wait, then ask again
  };
  Answer Pin(uint32_t key, uint32_t chunk);
  // True: the chunk was absent and is now loading, ahead of its use: the caller loads it and says Filled or Failed.
  bool Prefetch(uint32_t key, uint32_t chunk);
  // The chunk that the caller was told to load is there, pinned unless it was read ahead; or could not be loaded and is
  // absent again.
  void Filled(uint32_t key, uint32_t chunk);
  void Failed(uint32_t key, uint32_t chunk);
  // Ends a pin. True: the chunk has gone and its memory is free.
  bool Unpin(uint32_t key, uint32_t chunk);

  // Sets how many of the key's chunks may stay. Changes nothing at once.
  void SetKeep(uint32_t key, uint32_t keep) { keys_[key].keep = keep; }
  uint32_t keep(uint32_t key) const { return keys_[key].keep; }
  // Lets go of every unpinned chunk that may not stay, and says which: their memory is free.
  std::vector<uint32_t> Trim(uint32_t key);

  bool ready(uint32_t key, uint32_t chunk) const { return keys_[key].chunks[chunk].state == State::kReady; }
  bool absent(uint32_t key, uint32_t chunk) const { return keys_[key].chunks[chunk].state == State::kAbsent; }
  uint64_t ready_count() const { return ready_; }
  // Chunks loading or ready ahead of their use.
  uint64_t ahead_count() const { return ahead_; }

 private:
  enum class State : uint8_t { kAbsent, kLoading, kReady };
  struct Chunk {
    State state = State::kAbsent;
    bool ahead = false;
    uint16_t pins = 0;
  };
  struct Key {
    std::vector<Chunk> chunks;
    uint32_t keep = 0;
  };
  std::vector<Key> keys_;
  uint64_t ready_ = 0;
  uint64_t ahead_ = 0;
};

}  // namespace keymemrt::runtime
