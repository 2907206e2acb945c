// SPDX-License-Identifier: Apache-2.0
#include "runtime/executor/chunk_cache.h"

#include <cassert>

namespace keymemrt::runtime {

ChunkCache::ChunkCache(const std::vector<uint32_t>& chunk_counts) : keys_(chunk_counts.size()) {
  for (std::size_t key = 0; key < keys_.size(); ++key) keys_[key].chunks.resize(chunk_counts[key]);
}

ChunkCache::Answer ChunkCache::Pin(uint32_t key, uint32_t chunk) {
  Chunk& entry = keys_[key].chunks[chunk];
  switch (entry.state) {
    case State::kAbsent:
      entry.state = State::kLoading;
      return Answer::kMiss;
    case State::kLoading:
      return Answer::kBusy;
    case State::kReady:
      break;
  }
  ++entry.pins;
  if (!entry.ahead) return Answer::kHit;
  entry.ahead = false;
  --ahead_;
  return Answer::kAhead;
}

bool ChunkCache::Prefetch(uint32_t key, uint32_t chunk) {
  Chunk& entry = keys_[key].chunks[chunk];
  if (entry.state != State::kAbsent) return false;
  entry.state = State::kLoading;
  entry.ahead = true;
  ++ahead_;
  return true;
}

void ChunkCache::Filled(uint32_t key, uint32_t chunk) {
  Chunk& entry = keys_[key].chunks[chunk];
  assert(entry.state == State::kLoading);
  entry.state = State::kReady;
  entry.pins = entry.ahead ? 0 : 1;
  ++ready_;
}

void ChunkCache::Failed(uint32_t key, uint32_t chunk) {
  Chunk& entry = keys_[key].chunks[chunk];
  assert(entry.state == State::kLoading);
  if (entry.ahead) --ahead_;
  entry = {};
}

bool ChunkCache::Unpin(uint32_t key, uint32_t chunk) {
  Key& owner = keys_[key];
  Chunk& entry = owner.chunks[chunk];
  assert(entry.state == State::kReady && entry.pins > 0);
  if (--entry.pins > 0 || chunk < owner.keep) return false;
  entry.state = State::kAbsent;
  --ready_;
  return true;
}

std::vector<uint32_t> ChunkCache::Trim(uint32_t key) {
  Key& owner = keys_[key];
  std::vector<uint32_t> gone;
  for (uint32_t chunk = owner.keep; chunk < owner.chunks.size(); ++chunk) {
    Chunk& entry = owner.chunks[chunk];
    if (entry.state != State::kReady || entry.pins > 0 || entry.ahead) continue;
    entry.state = State::kAbsent;
    --ready_;
    gone.push_back(chunk);
  }
  return gone;
}

}  // namespace keymemrt::runtime
