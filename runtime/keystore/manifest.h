// SPDX-License-Identifier: Apache-2.0
//
// What a key store says about itself. docs/formats/keystore.md describes the files to the byte.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "lattice/keys/key_source.h"
#include "runtime/format/bytes.h"
#include "scheme/parameters.h"

namespace keymemrt::runtime {

inline constexpr char kManifestName[] = "manifest.kms";
inline constexpr char kSegmentSuffix[] = ".kseg";
inline constexpr size_t kSegmentAlignment = 4096;

// One stored key: the chunks that its use at levels up to `level` needs.
struct KeyEntry {
  scheme::KeyId id;
  int level = 0;
  uint64_t header_checksum = 0;  // XXH3 of everything in the segment that precedes the chunks

  std::string FileName() const { return id.ToString() + kSegmentSuffix; }
};

struct Manifest {
  KeySetId key_set;
  lattice::Seed a_seed{};  // public: the a halves of all keys
  scheme::ParameterLiteral parameters;
  uint64_t fingerprint = 0;    // of the parameters
  bool insecure = false;       // made for a program compiled with --insecure
  std::vector<KeyEntry> keys;  // in order of first use
};

std::vector<std::byte> SerializeManifest(const Manifest& manifest);
// Checks everything that can be known without the segments: parameters (128-bit secure unless `insecure`), fingerprint,
// kinds, Galois elements, levels, no key twice. kCorrupt.
Result<Manifest> DeserializeManifest(std::span<const std::byte> payload);

Status WriteManifest(const Manifest& manifest, const std::string& directory);
// kInvalidArgument: the directory holds no manifest. kCorrupt: it is damaged. Messages name the file.
Result<Manifest> ReadManifest(const std::string& directory);

// The region of a segment before its chunks: header, checksum of every chunk, zeros up to a multiple of
// kSegmentAlignment.
uint64_t SegmentDataOffset(int chunk_count);
std::vector<std::byte> SerializeSegmentHeader(const Manifest& manifest, const scheme::Parameters& parameters,
                                              const KeyEntry& entry, std::span<const uint64_t> chunk_checksums);
// Why a region whose checksum is not the manifest's is wrong: of another kind, version, key set, key, or damaged.
Status ExplainSegmentHeader(const Manifest& manifest, const KeyEntry& entry, std::span<const std::byte> region);
// The checksums of the chunks. REQUIRES: the region's checksum is the manifest's.
std::vector<uint64_t> SegmentChunkChecksums(std::span<const std::byte> region, int chunk_count);

}  // namespace keymemrt::runtime
