// SPDX-License-Identifier: Apache-2.0
#include "runtime/keystore/manifest.h"

#include <cstring>
#include <set>

#include "base/checksum.h"
#include "base/container.h"

namespace keymemrt::runtime {

namespace {

using scheme::KeyKind;
using scheme::Parameters;

constexpr ContainerKind kManifestKind = {"KMRTKEYS", 1, "the manifest of a key store (manifest.kms)"};

constexpr char kSegmentMagic[] = "KMRTSEGM";
constexpr uint32_t kSegmentVersion = 1;

// The first bytes of a segment; the rest of its first kSegmentAlignment bytes is zero.
struct SegmentHeader {
  char magic[8];
  uint32_t version;
  uint32_t kind;
  uint64_t galois_element;
  uint32_t level;
  uint32_t chunk_count;
  uint64_t chunk_bytes;
  uint64_t data_offset;
  uint64_t fingerprint;
  uint8_t key_set[16];
};
static_assert(sizeof(SegmentHeader) == 72);

Status CheckEntry(const Parameters& parameters, const KeyEntry& entry) {
  if (entry.level < 0 || entry.level > parameters.max_level()) {
    return Corrupt("{} at level {}: 0 to {} expected", entry.id.ToString(), entry.level, parameters.max_level());
  }
  const uint64_t g = entry.id.galois_element;
  if (entry.id.kind == KeyKind::kRotation && (g % 2 == 0 || g >= 2 * parameters.n())) {
    return Corrupt("{} is no Galois element", g);
  }
  if (entry.id.kind == KeyKind::kConjugation && g != parameters.ConjugationElement()) {
    return Corrupt("{} is not the Galois element of conjugation", g);
  }
  if (entry.id.kind == KeyKind::kRelinearization && g != 0) {
    return Corrupt("a relinearization key with Galois element {}", g);
  }
  return Status();
}

}  // namespace

std::vector<std::byte> SerializeManifest(const Manifest& manifest) {
  ByteWriter writer;
  writer.Bytes(manifest.key_set.bytes);
  writer.Bytes(manifest.a_seed);
  writer.U64(manifest.fingerprint);
  writer.U32(manifest.insecure ? 1 : 0);
  writer.U32(static_cast<uint32_t>(manifest.keys.size()));
  AppendParameters(writer, manifest.parameters);
  for (const KeyEntry& entry : manifest.keys) {
    writer.U32(static_cast<uint32_t>(entry.id.kind));
    writer.U32(static_cast<uint32_t>(entry.level));
    writer.U64(entry.id.galois_element);
    writer.U64(entry.header_checksum);
  }
  return std::vector<std::byte>(writer.bytes().begin(), writer.bytes().end());
}

Result<Manifest> DeserializeManifest(std::span<const std::byte> payload) {
  ByteReader reader(payload);
  Manifest manifest;
  reader.Bytes(manifest.key_set.bytes);
  reader.Bytes(manifest.a_seed);
  manifest.fingerprint = reader.U64();
  const uint32_t insecure = reader.U32();
  const uint32_t key_count = reader.U32();
  manifest.parameters = TakeParameters(reader);
  if (insecure > 1) return Corrupt("the insecure flag is {}, 0 or 1 expected", insecure);
  manifest.insecure = insecure == 1;
  for (uint32_t i = 0; i < key_count && reader.ok(); ++i) {
    KeyEntry entry;
    const uint32_t kind = reader.U32();
    if (kind > static_cast<uint32_t>(KeyKind::kRelinearization))
      return Corrupt("key {} is of unknown kind {}", i, kind);
    entry.id.kind = static_cast<KeyKind>(kind);
    entry.level = static_cast<int>(reader.U32());
    entry.id.galois_element = reader.U64();
    entry.header_checksum = reader.U64();
    manifest.keys.push_back(entry);
  }
  KMRT_RETURN_IF_ERROR(reader.Finish());

  const auto parameters = Parameters::Create(
      manifest.parameters, manifest.insecure ? scheme::Security::kInsecure : scheme::Security::k128Bit);
  if (!parameters.ok()) return Corrupt("{}", parameters.status().message());
  if (parameters->fingerprint() != manifest.fingerprint) {
    return Corrupt("the fingerprint is not that of the parameters");
  }
  std::set<scheme::KeyId> seen;
  for (const KeyEntry& entry : manifest.keys) {
    KMRT_RETURN_IF_ERROR(CheckEntry(*parameters, entry));
    if (!seen.insert(entry.id).second) return Corrupt("{} is listed twice", entry.id.ToString());
  }
  return manifest;
}

Status WriteManifest(const Manifest& manifest, const std::string& directory) {
  return WriteContainer(kManifestKind, directory + "/" + kManifestName, SerializeManifest(manifest));
}

Result<Manifest> ReadManifest(const std::string& directory) {
  const std::string path = directory + "/" + kManifestName;
  const auto payload = ReadContainer(kManifestKind, path);
  if (!payload.ok()) {
    if (payload.status().code() != ErrorCode::kInvalidArgument) return payload.status();
    return InvalidArgument("{}: not a key store, or one whose key generation did not finish: {} is missing", directory,
                           kManifestName);
  }
  auto manifest = DeserializeManifest(*payload);
  if (!manifest.ok()) return manifest.status().WithContext(path);
  return manifest;
}

uint64_t SegmentDataOffset(int chunk_count) {
  const uint64_t table = static_cast<uint64_t>(chunk_count) * sizeof(uint64_t);
  return kSegmentAlignment + (table + kSegmentAlignment - 1) / kSegmentAlignment * kSegmentAlignment;
}

std::vector<std::byte> SerializeSegmentHeader(const Manifest& manifest, const Parameters& parameters,
                                              const KeyEntry& entry, std::span<const uint64_t> chunk_checksums) {
  const int chunk_count = static_cast<int>(chunk_checksums.size());
  SegmentHeader header = {};
  std::memcpy(header.magic, kSegmentMagic, sizeof header.magic);
  header.version = kSegmentVersion;
  header.kind = static_cast<uint32_t>(entry.id.kind);
  header.galois_element = entry.id.galois_element;
  header.level = static_cast<uint32_t>(entry.level);
  header.chunk_count = static_cast<uint32_t>(chunk_count);
  header.chunk_bytes = parameters.chunk_bytes();
  header.data_offset = SegmentDataOffset(chunk_count);
  header.fingerprint = manifest.fingerprint;
  std::memcpy(header.key_set, manifest.key_set.bytes.data(), sizeof header.key_set);

  std::vector<std::byte> region(SegmentDataOffset(chunk_count));
  std::memcpy(region.data(), &header, sizeof header);
  std::memcpy(region.data() + kSegmentAlignment, chunk_checksums.data(), chunk_checksums.size_bytes());
  return region;
}

Status ExplainSegmentHeader(const Manifest& manifest, const KeyEntry& entry, std::span<const std::byte> region) {
  SegmentHeader header;
  std::memcpy(&header, region.data(), sizeof header);
  if (std::memcmp(header.magic, kSegmentMagic, sizeof header.magic) != 0)
    return Corrupt("not a segment of a key store");
  if (header.version != kSegmentVersion) {
    return Corrupt("a segment of format version {}; this program reads version {}: make the keys again", header.version,
                   kSegmentVersion);
  }
  if (std::memcmp(header.key_set, manifest.key_set.bytes.data(), sizeof header.key_set) != 0) {
    return Corrupt("belongs to another key set than the manifest beside it: copy the whole key store again");
  }
  if (header.kind != static_cast<uint32_t>(entry.id.kind) || header.galois_element != entry.id.galois_element) {
    return Corrupt("holds another key than its name says: copy the whole key store again");
  }
  return Corrupt("damaged: the header's checksum is not the one in the manifest: copy it again");
}

std::vector<uint64_t> SegmentChunkChecksums(std::span<const std::byte> region, int chunk_count) {
  std::vector<uint64_t> checksums(static_cast<size_t>(chunk_count));
  std::memcpy(checksums.data(), region.data() + kSegmentAlignment, checksums.size() * sizeof(uint64_t));
  return checksums;
}

}  // namespace keymemrt::runtime
