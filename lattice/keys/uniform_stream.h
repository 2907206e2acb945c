// SPDX-License-Identifier: Apache-2.0
//
// The hot loop of UniformExpander: masked AES-128-CTR words and whether one of them is out of range.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace keymemrt::lattice {

// The counter block of a stream, as big-endian 32-bit fields.
struct StreamPosition {
  uint32_t digit, limb, stream, block;  // block: of 16 bytes
};

// Fills `out` with the keystream from `position` on, masked; true when a word is above `largest`. REQUIRES: out.size()
// is a multiple of 64, largest and mask below 2^63.
using UniformStream = bool (*)(const std::array<uint8_t, 16>& key, StreamPosition position, uint64_t mask,
                               uint64_t largest, std::span<uint64_t> out);

// By OpenSSL: every machine.
bool PortableUniformStream(const std::array<uint8_t, 16>& key, StreamPosition position, uint64_t mask, uint64_t largest,
                           std::span<uint64_t> out);

// By VAES and AVX-512, four AES blocks an instruction; null where the CPU has none.
UniformStream VectorUniformStream();

}  // namespace keymemrt::lattice
