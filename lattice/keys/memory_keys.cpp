// SPDX-License-Identifier: Apache-2.0
#include "lattice/keys/memory_keys.h"

#include <algorithm>
#include <cassert>

namespace keymemrt::lattice {

namespace {

class MemoryKeyUse : public KeyUse {
 public:
  MemoryKeyUse(const scheme::Parameters& parameters, const std::vector<Slot>& chunks)
      : parameters_(parameters), chunks_(chunks) {}

  Result<std::span<const uint64_t>> Chunk(int digit, int limb) override {
    const size_t index = static_cast<size_t>(parameters_.ChunkIndex(digit, limb));
    if (index >= chunks_.size()) return InvalidArgument("the key has no chunk (digit {}, limb {})", digit, limb);
    return std::span<const uint64_t>(chunks_[index].words());
  }
  void Done(int, int) override {}

 private:
  const scheme::Parameters& parameters_;
  const std::vector<Slot>& chunks_;
};

}  // namespace

MemoryKeys::MemoryKeys(const Context& context, SlotPool& pool, const Seed& a_seed)
    : context_(context), pool_(pool), a_seed_(a_seed) {}

Status MemoryKeys::Generate(const SecretKey& secret, const scheme::KeyId& key, int level, ThreadPool* threads) {
  return Keep(key, level, [&](const ChunkSink& sink) {
    return GenerateSwitchingKey(context_, pool_, secret, a_seed_, key, level, sink, threads);
  });
}

Status MemoryKeys::GenerateSecretSwitch(const SecretKey& from, const SecretKey& to, const scheme::KeyId& key, int level,
                                        ThreadPool* threads) {
  return Keep(key, level, [&](const ChunkSink& sink) {
    return GenerateSecretSwitchingKey(context_, pool_, from, to, a_seed_, key, level, sink, threads);
  });
}

Status MemoryKeys::Keep(const scheme::KeyId& key, int level, const std::function<Status(const ChunkSink&)>& make) {
  if (keys_.contains(key)) return InvalidArgument("key {} is there already", key.ToString());
  KMRT_ASSIGN_OR_RETURN(const Context* const shaped, context_.At(key.shape));
  std::vector<Slot> chunks;
  KMRT_RETURN_IF_ERROR(make([&](int, int, std::span<const uint64_t> b) {
    chunks.push_back(pool_.Take(MemoryClass::kKeys));
    std::copy(b.begin(), b.end(), chunks.back().data());
    return Status();
  }));
  keys_.emplace(key, Entry{&shaped->parameters(), level, std::move(chunks)});
  return Status();
}

Result<std::unique_ptr<KeyUse>> MemoryKeys::Acquire(const scheme::KeyId& key, int level) {
  const auto entry = keys_.find(key);
  if (entry == keys_.end()) return InvalidArgument("there is no key {}", key.ToString());
  if (level > entry->second.level) {
    return InvalidArgument("key {} was made for level {} and below, not {}", key.ToString(), entry->second.level,
                           level);
  }
  return std::unique_ptr<KeyUse>(new MemoryKeyUse(*entry->second.parameters, entry->second.chunks));
}

std::span<uint64_t> MemoryKeys::MutableChunk(const scheme::KeyId& key, int digit, int limb) {
  const auto entry = keys_.find(key);
  assert(entry != keys_.end());
  return entry->second.chunks[static_cast<size_t>(entry->second.parameters->ChunkIndex(digit, limb))].words();
}

}  // namespace keymemrt::lattice
