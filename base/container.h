// SPDX-License-Identifier: Apache-2.0
//
// The frame of every file that KeyMemRT writes, so that a truncated, damaged, foreign or outdated file is told apart before
// a byte of it is interpreted.
//
//   offset  bytes
//   0       8      magic: the kind of file, ASCII
//   8       4      version of the payload's format, little endian
//   12      4      zero
//   16      8      payload length
//   24      8      XXH3-64 of the payload, XORed with XXH3-64 of bytes 0..23
//   32      ...    payload
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/status.h"

namespace keymemrt {

struct ContainerKind {
  char magic[9];       // 8 characters
  uint32_t version;
  const char* what;    // "a compiled program (.kmrt)": for messages
};

std::vector<std::byte> WrapContainer(const ContainerKind& kind, std::span<const std::byte> payload);
// The payload, a view into `bytes`. kCorrupt: which check failed and what to do ("written by another version ...").
Result<std::span<const std::byte>> UnwrapContainer(const ContainerKind& kind, std::span<const std::byte> bytes);

// Whole files. `mode`: permission bits.
Status WriteContainer(const ContainerKind& kind, const std::string& path, std::span<const std::byte> payload,
                      unsigned mode = 0644);
Result<std::vector<std::byte>> ReadContainer(const ContainerKind& kind, const std::string& path);

}  // namespace keymemrt
