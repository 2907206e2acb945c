// SPDX-License-Identifier: Apache-2.0
//
// Byte counts as people write them: "4096", "512MiB", "1.5GiB" (binary) and "100MB" (decimal).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace keymemrt {

// Accepts a non-negative decimal number and an optional unit among B, KB, MB, GB, TB, KiB, MiB, GiB, TiB (any case, an
// optional space before it). Rounds down to whole bytes. Errors: kInvalidArgument.
Result<uint64_t> ParseSize(std::string_view text);

// "64.0 MiB": for people; three significant places, binary units.
std::string FormatSize(uint64_t bytes);

}  // namespace keymemrt
