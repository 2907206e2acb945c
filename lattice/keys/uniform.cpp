// SPDX-License-Identifier: Apache-2.0
#include "lattice/keys/uniform.h"

#include <openssl/sha.h>

#include <bit>
#include <cassert>
#include <cstring>
#include <string_view>
#include <vector>

#include "lattice/keys/uniform_stream.h"

namespace keymemrt::lattice {

static_assert(std::endian::native == std::endian::little, "the format reads words as they lie in memory");

namespace {

constexpr size_t kBlock = 1024;

UniformStream ActiveStream() {
  static const UniformStream stream = VectorUniformStream() != nullptr ? VectorUniformStream() : PortableUniformStream;
  return stream;
}

}  // namespace

UniformExpander::UniformExpander(const Seed& seed, const scheme::KeyId& key) {
  constexpr std::string_view kDomain = "KeyMemRT uniform 1";
  std::vector<uint8_t> message(kDomain.begin(), kDomain.end());
  message.insert(message.end(), seed.begin(), seed.end());
  const auto append = [&](uint64_t number, int bytes) {
    for (int i = 0; i < bytes; ++i) message.push_back(static_cast<uint8_t>(number >> (8 * i)));
  };
  append(static_cast<uint64_t>(key.kind), 1);
  append(key.galois_element, 8);
  if (!key.shape.plain()) {
    append(static_cast<uint64_t>(key.shape.level), 4);
    append(static_cast<uint64_t>(key.shape.specials), 4);
  }
  uint8_t digest[SHA256_DIGEST_LENGTH];
  SHA256(message.data(), message.size(), digest);
  std::memcpy(key_.data(), digest, key_.size());
}

UniformExpander::~UniformExpander() = default;

void UniformExpander::Fill(int digit, int limb, const Modulus& q, std::span<uint64_t> out, size_t begin) const {
  assert(begin % kBlock == 0 && out.size() % kBlock == 0);
  const UniformStream stream = ActiveStream();
  const uint64_t mask = (uint64_t{1} << q.bits()) - 1, largest = q.value() - 1;
  StreamPosition position{static_cast<uint32_t>(digit), static_cast<uint32_t>(limb), 0,
                          static_cast<uint32_t>(begin / 2)};
  if (!stream(key_, position, mask, largest, out)) return;
  for (size_t i = 0; i < out.size(); i += kBlock) {
    uint64_t candidates[64];
    size_t next = std::size(candidates);
    position.stream = static_cast<uint32_t>((begin + i) / kBlock + 1);
    position.block = 0;
    constexpr size_t kGroup = 16;  // looked at word by word only where one is rejected
    for (size_t j = i; j < i + kBlock; j += kGroup) {
      uint64_t above = 0;
      for (const uint64_t word : out.subspan(j, kGroup)) above |= largest - word;
      if (above >> 63 == 0) continue;
      for (uint64_t& word : out.subspan(j, kGroup)) {
        while (word > largest) {
          if (next == std::size(candidates)) {
            stream(key_, position, mask, largest, std::span(candidates));
            position.block += std::size(candidates) / 2;
            next = 0;
          }
          word = candidates[next++];
        }
      }
    }
  }
}

}  // namespace keymemrt::lattice
