// SPDX-License-Identifier: Apache-2.0
#include "lattice/keys/uniform.h"

#include <openssl/sha.h>

#include <bit>
#include <cassert>
#include <cstring>
#include <string_view>
#include <vector>

#include "lattice/sampling/csprng.h"

namespace keymemrt::lattice {

static_assert(std::endian::native == std::endian::little, "the format reads words as they lie in memory");

namespace {

constexpr size_t kBlock = 1024;

std::array<uint8_t, 16> Counter(int digit, int limb, size_t stream) {
  const uint32_t fields[] = {static_cast<uint32_t>(digit), static_cast<uint32_t>(limb), static_cast<uint32_t>(stream),
                             0};
  std::array<uint8_t, 16> block;
  for (size_t i = 0; i < block.size(); ++i) block[i] = static_cast<uint8_t>(fields[i / 4] >> (24 - 8 * (i % 4)));
  return block;
}

std::span<uint8_t> Bytes(std::span<uint64_t> words) {
  return {reinterpret_cast<uint8_t*>(words.data()), words.size_bytes()};
}

// Masks the words and says whether one is not below q.
bool MaskAndCheck(std::span<uint64_t> words, uint64_t mask, uint64_t q) {
  uint64_t above = 0;
  for (uint64_t& word : words) {
    word &= mask;
    above |= q - 1 - word;  // the top bit: word > q-1, as both are below 2^61
  }
  return above >> 63 != 0;
}

}  // namespace

UniformExpander::UniformExpander(const Seed& seed, const scheme::KeyId& key) {
  constexpr std::string_view kDomain = "KeyMemRT uniform 1";
  std::vector<uint8_t> message(kDomain.begin(), kDomain.end());
  message.insert(message.end(), seed.begin(), seed.end());
  message.push_back(static_cast<uint8_t>(key.kind));
  for (int i = 0; i < 8; ++i) message.push_back(static_cast<uint8_t>(key.galois_element >> (8 * i)));
  uint8_t digest[SHA256_DIGEST_LENGTH];
  SHA256(message.data(), message.size(), digest);
  std::memcpy(key_.data(), digest, key_.size());
}

UniformExpander::~UniformExpander() = default;

void UniformExpander::Fill(int digit, int limb, const Modulus& q, std::span<uint64_t> out) const {
  assert(out.size() % kBlock == 0);
  const uint64_t mask = (uint64_t{1} << q.bits()) - 1;
  AesCtr stream(key_, Counter(digit, limb, 0));
  for (size_t begin = 0; begin < out.size(); begin += kBlock) {
    const std::span<uint64_t> block = out.subspan(begin, kBlock);
    stream.Keystream(Bytes(block));
    if (!MaskAndCheck(block, mask, q.value())) continue;
    AesCtr replacements(key_, Counter(digit, limb, begin / kBlock + 1));
    uint64_t candidates[64];
    size_t next = std::size(candidates);
    for (uint64_t& word : block) {
      while (word >= q.value()) {
        if (next == std::size(candidates)) {
          replacements.Keystream(Bytes(candidates));
          next = 0;
        }
        word = candidates[next++] & mask;
      }
    }
  }
}

}  // namespace keymemrt::lattice
