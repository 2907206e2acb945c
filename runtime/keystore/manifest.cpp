// SPDX-License-Identifier: Apache-2.0
#include "runtime/keystore/manifest.h"

#include <set>

#include "base/container.h"
#include "scheme/security.h"

namespace keymemrt::runtime {

namespace {

using scheme::KeyKind;
using scheme::Parameters;

constexpr ContainerKind kManifestKind = {"KMRTKEYS", 2, "the manifest of a key store (manifest.kms)"};
constexpr ContainerKind kArrivingKind = {"KMRTARRV", 2, "what keys are arriving in a key store (arriving.kms)"};

Status CheckName(const Parameters& parameters, const scheme::KeyId& id) {
  const uint64_t g = id.galois_element;
  switch (id.kind) {
    case KeyKind::kRotation:
      if (g % 2 == 0 || g >= 2 * parameters.n()) return Corrupt("{} is no Galois element", g);
      break;
    case KeyKind::kConjugation:
      if (g != parameters.ConjugationElement()) return Corrupt("{} is not the Galois element of conjugation", g);
      break;
    case KeyKind::kRelinearization:
      if (g != 0) return Corrupt("a relinearization key with Galois element {}", g);
      break;
    case KeyKind::kSecretSwitch:
      if (g != 1 && g != 2) return Corrupt("a switch of secrets with number {}, 1 or 2 expected", g);
      if (parameters.literal().ephemeral_weight == 0) return Corrupt("a switch of secrets where there is one secret");
      break;
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
    writer.U32(static_cast<uint32_t>(entry.id.shape.level));
    writer.U32(static_cast<uint32_t>(entry.id.shape.specials));
    writer.U32(static_cast<uint32_t>(entry.digits));
    writer.U32(static_cast<uint32_t>(entry.chunks));
    writer.U64(entry.seal.table);
    writer.Bytes(entry.seal.sha256);
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
  if (!reader.ok()) return reader.Finish();
  if (insecure > 1) return Corrupt("the insecure flag is {}, 0 or 1 expected", insecure);
  manifest.insecure = insecure == 1;
  const auto parameters = Parameters::Create(
      manifest.parameters, manifest.insecure ? scheme::Security::kInsecure : scheme::Security::k128Bit);
  if (!parameters.ok()) return Corrupt("{}", parameters.status().message());
  if (parameters->fingerprint() != manifest.fingerprint) {
    return Corrupt("the fingerprint is not that of the parameters");
  }

  StoredShapes shapes(*parameters);
  std::set<scheme::KeyId> seen;
  for (uint32_t i = 0; i < key_count && reader.ok(); ++i) {
    KeyEntry entry;
    const uint32_t kind = reader.U32();
    entry.id.kind = static_cast<KeyKind>(kind);
    entry.level = static_cast<int>(reader.U32());
    entry.id.galois_element = reader.U64();
    entry.id.shape.level = static_cast<int>(reader.U32());
    entry.id.shape.specials = static_cast<int>(reader.U32());
    entry.digits = static_cast<int>(reader.U32());
    entry.chunks = static_cast<int>(reader.U32());
    entry.seal.table = reader.U64();
    reader.Bytes(entry.seal.sha256);
    if (!reader.ok()) break;

    if (kind > static_cast<uint32_t>(KeyKind::kSecretSwitch)) return Corrupt("key {} is of unknown kind {}", i, kind);
    const std::string name = fmt::format("key {}", i);
    KMRT_RETURN_IF_ERROR(CheckName(*parameters, entry.id).WithContext(name));
    const auto shape = shapes.At(entry.id.shape);
    if (!shape.ok()) return Corrupt("{}: {}", name, shape.status().message());
    const Parameters& shaped = (*shape)->parameters;
    if (entry.level < 0 || entry.level > shaped.max_level()) {
      return Corrupt("{}: level {}, 0 to {} expected", name, entry.level, shaped.max_level());
    }
    if (entry.digits != shaped.DigitCount(entry.level) || entry.chunks != shaped.ChunkCount(entry.level)) {
      return Corrupt("{}: {} digits and {} chunks are not those of its level and shape", name, entry.digits,
                     entry.chunks);
    }
    const bool under_ephemeral = entry.id.kind == KeyKind::kSecretSwitch && entry.id.galois_element == 1;
    const int weight = under_ephemeral ? manifest.parameters.ephemeral_weight : manifest.parameters.secret_weight;
    const Status secure = scheme::CheckKeySecurity(shaped, entry.level, {weight});
    if (!secure.ok()) return Corrupt("{}: {}", name, secure.message());
    if (!seen.insert(entry.id).second) return Corrupt("{} is listed twice", entry.id.ToString());
    manifest.keys.push_back(entry);
  }
  KMRT_RETURN_IF_ERROR(reader.Finish());
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

Status WriteArriving(Manifest manifest, const std::string& directory) {
  manifest.keys.clear();
  return WriteContainer(kArrivingKind, directory + "/" + kArrivingName, SerializeManifest(manifest));
}

Result<Manifest> ReadArriving(const std::string& directory) {
  const std::string path = directory + "/" + kArrivingName;
  KMRT_ASSIGN_OR_RETURN(const std::vector<std::byte> payload, ReadContainer(kArrivingKind, path));
  auto manifest = DeserializeManifest(payload);
  if (!manifest.ok()) return manifest.status().WithContext(path);
  if (!manifest->keys.empty()) return Corrupt("{}: lists keys", path);
  return manifest;
}

}  // namespace keymemrt::runtime
