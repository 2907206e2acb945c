// SPDX-License-Identifier: Apache-2.0
#include "base/container.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/checksum.h"

namespace keymemrt {

namespace {

static_assert(std::endian::native == std::endian::little, "file formats are little endian");

struct Header {
  char magic[8];
  uint32_t version;
  uint32_t zero;
  uint64_t length;
  uint64_t checksum;
};
static_assert(sizeof(Header) == 32);

uint64_t Checksum(const Header& header, std::span<const std::byte> payload) {
  return Xxh3(payload) ^ Xxh3(std::as_bytes(std::span<const Header>(&header, 1)).first(24));
}

}  // namespace

std::vector<std::byte> WrapContainer(const ContainerKind& kind, std::span<const std::byte> payload) {
  Header header = {};
  std::memcpy(header.magic, kind.magic, sizeof(header.magic));
  header.version = kind.version;
  header.length = payload.size();
  header.checksum = Checksum(header, payload);
  std::vector<std::byte> bytes(sizeof(Header) + payload.size());
  std::memcpy(bytes.data(), &header, sizeof(Header));
  std::copy(payload.begin(), payload.end(), bytes.begin() + sizeof(Header));
  return bytes;
}

Result<std::span<const std::byte>> UnwrapContainer(const ContainerKind& kind, std::span<const std::byte> bytes) {
  Header header;
  if (bytes.size() < sizeof(Header)) return Corrupt("{} bytes are too few for {}", bytes.size(), kind.what);
  std::memcpy(&header, bytes.data(), sizeof(Header));
  if (std::memcmp(header.magic, kind.magic, sizeof(header.magic)) != 0) return Corrupt("not {}", kind.what);
  if (header.version != kind.version) {
    return Corrupt("{} of format version {}; this program reads version {}: make it again", kind.what, header.version,
                   kind.version);
  }
  const std::span<const std::byte> payload = bytes.subspan(sizeof(Header));
  if (header.length != payload.size()) {
    return Corrupt("truncated or overlong: {} has {} bytes of payload, its header says {}", kind.what, payload.size(),
                   header.length);
  }
  if (header.zero != 0 || header.checksum != Checksum(header, payload)) {
    return Corrupt("damaged: the checksum of {} does not match its contents", kind.what);
  }
  return payload;
}

Status WriteContainer(const ContainerKind& kind, const std::string& path, std::span<const std::byte> payload,
                      unsigned mode) {
  return WriteFile(path, WrapContainer(kind, payload), mode);
}

Result<std::vector<std::byte>> ReadContainer(const ContainerKind& kind, const std::string& path) {
  KMRT_ASSIGN_OR_RETURN(std::vector<std::byte> bytes, ReadFile(path));
  const auto payload = UnwrapContainer(kind, bytes);
  if (!payload.ok()) return payload.status().WithContext(path);
  bytes.erase(bytes.begin(), bytes.begin() + sizeof(Header));
  return bytes;
}

}  // namespace keymemrt
