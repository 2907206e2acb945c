// SPDX-License-Identifier: Apache-2.0
//
// Checksums of stored bytes: XXH3 detects accidents (a flipped bit, a torn write). It is no defence against a forger.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace keymemrt {

uint64_t Xxh3(std::span<const std::byte> bytes);

}  // namespace keymemrt
