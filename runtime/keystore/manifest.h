// SPDX-License-Identifier: Apache-2.0
//
// What a key store says about itself. docs/formats/keystore.md describes the files to the byte.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "lattice/keys/key_source.h"
#include "runtime/format/bytes.h"
#include "runtime/keystore/segment.h"
#include "scheme/parameters.h"

namespace keymemrt::runtime {

inline constexpr char kManifestName[] = "manifest.kms";
// The manifest without its keys, as long as not all of them are there.
inline constexpr char kArrivingName[] = "arriving.kms";

// One stored key: the chunks that its use at levels up to `level` needs.
struct KeyEntry {
  scheme::KeyId id;
  int level = 0;
  int digits = 0, chunks = 0;  // at that level; follow from the parameters
  SegmentSeal seal;

  // "rotation-5@3.kseg": a key that is made again for a higher level is another file.
  std::string FileName() const { return fmt::format("{}@{}{}", id.ToString(), level, kSegmentSuffix); }
};

struct Manifest {
  KeySetId key_set;
  lattice::Seed a_seed{};  // public: the a halves of all keys
  scheme::ParameterLiteral parameters;
  uint64_t fingerprint = 0;    // of the parameters
  bool insecure = false;       // made for a program compiled with --insecure
  std::vector<KeyEntry> keys;  // in order of first use

  SegmentHeader HeaderOf(const KeyEntry& entry) const { return {entry.id, entry.level, fingerprint, key_set}; }
};

std::vector<std::byte> SerializeManifest(const Manifest& manifest);
// Checks everything that can be known without the segments: parameters (128-bit secure unless `insecure`, which also
// goes for every key by itself), fingerprint, kinds, Galois elements, shapes, levels, no key twice. kCorrupt.
Result<Manifest> DeserializeManifest(std::span<const std::byte> payload);

Status WriteManifest(const Manifest& manifest, const std::string& directory);
// kInvalidArgument: the directory holds no manifest. kCorrupt: it is damaged. Messages name the file.
Result<Manifest> ReadManifest(const std::string& directory);
// The same for kArrivingName, whatever keys `manifest` has.
Status WriteArriving(Manifest manifest, const std::string& directory);
Result<Manifest> ReadArriving(const std::string& directory);

}  // namespace keymemrt::runtime
