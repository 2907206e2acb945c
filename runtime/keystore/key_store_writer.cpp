// SPDX-License-Identifier: Apache-2.0
#include "runtime/keystore/key_store_writer.h"

#include <algorithm>
#include <filesystem>

#include "base/checksum.h"
#include "base/file.h"
#include "runtime/keystore/key_store_files.h"

namespace keymemrt::runtime {

Result<std::unique_ptr<KeyStoreWriter>> KeyStoreWriter::Create(const std::string& directory,
                                                               const scheme::Parameters& parameters, bool insecure,
                                                               const KeySetId& key_set, const lattice::Seed& a_seed) {
  std::error_code error;
  const bool created = std::filesystem::create_directories(directory, error);
  if (error) return Failed("{}: cannot make the directory: {}", directory, error.message());
  KMRT_ASSIGN_OR_RETURN(DirectoryLock lock, DirectoryLock::Take(directory));

  Manifest manifest;
  manifest.key_set = key_set;
  manifest.a_seed = a_seed;
  manifest.parameters = parameters.literal();
  manifest.fingerprint = parameters.fingerprint();
  manifest.insecure = insecure;
  if (std::filesystem::exists(directory + "/" + kManifestName, error)) {
    return InvalidArgument(
        "{}: holds a key store already; remove it with `keymemrt keys rm {}` or name another directory", directory,
        directory);
  }
  KMRT_ASSIGN_OR_RETURN(const std::vector<std::string> leftovers, ListKeyStoreFiles(directory));
  for (const std::string& file : leftovers) {
    if (!std::filesystem::remove(directory + "/" + file, error) || error) {
      return Failed("{}/{}: left by an interrupted key generation, cannot be removed: {}", directory, file,
                    error.message());
    }
  }
  return std::unique_ptr<KeyStoreWriter>(
      new KeyStoreWriter(directory, parameters, std::move(manifest), std::move(lock), created));
}

KeyStoreWriter::KeyStoreWriter(std::string directory, scheme::Parameters parameters, Manifest manifest,
                               DirectoryLock lock, bool created)
    : directory_(std::move(directory)),
      parameters_(std::move(parameters)),
      manifest_(std::move(manifest)),
      lock_(std::move(lock)),
      created_(created) {}

KeyStoreWriter::~KeyStoreWriter() {
  std::error_code ignored;
  if (!committed_) {
    for (const KeyEntry& entry : manifest_.keys) std::filesystem::remove(directory_ + "/" + entry.FileName(), ignored);
    if (created_) std::filesystem::remove(directory_, ignored);
  }
}

Status KeyStoreWriter::Add(const scheme::KeyId& id, int level, const Producer& produce) {
  KeyEntry entry;
  entry.id = id;
  entry.level = level;
  if (!id.shape.plain()) return InvalidArgument("{}: stores of this version hold plain keys", id.ToString());
  const bool twice =
      std::any_of(manifest_.keys.begin(), manifest_.keys.end(), [&](const KeyEntry& other) { return other.id == id; });
  if (twice) return InvalidArgument("{} is made twice in one key set", id.ToString());
  if (level < 0 || level > parameters_.max_level()) {
    return InvalidArgument("{}: level {}, 0 to {} expected", id.ToString(), level, parameters_.max_level());
  }

  const int chunk_count = parameters_.ChunkCount(level);
  KMRT_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(directory_ + "/" + entry.FileName()));
  // Room for the header, whose checksums are known last.
  KMRT_RETURN_IF_ERROR(file.Append(std::vector<std::byte>(SegmentDataOffset(chunk_count))));
  std::vector<uint64_t> checksums;
  KMRT_RETURN_IF_ERROR(produce([&](int digit, int limb, std::span<const uint64_t> b) {
    if (static_cast<size_t>(parameters_.ChunkIndex(digit, limb)) != checksums.size() ||
        static_cast<int>(checksums.size()) == chunk_count || b.size() != parameters_.n()) {
      return Failed("{}: chunk ({}, {}) of {} words comes out of turn", id.ToString(), digit, limb, b.size());
    }
    checksums.push_back(Xxh3(std::as_bytes(b)));
    return file.Append(std::as_bytes(b));
  }));
  if (static_cast<int>(checksums.size()) != chunk_count) {
    return Failed("{}: {} chunks were made, {} expected", id.ToString(), checksums.size(), chunk_count);
  }
  const std::vector<std::byte> header = SerializeSegmentHeader(manifest_, parameters_, entry, checksums);
  entry.header_checksum = Xxh3(header);
  KMRT_RETURN_IF_ERROR(file.WriteAt(0, header));
  bytes_written_ += file.size();
  KMRT_RETURN_IF_ERROR(file.Commit());
  manifest_.keys.push_back(entry);
  return Status();
}

Status KeyStoreWriter::Commit() {
  KMRT_RETURN_IF_ERROR(WriteManifest(manifest_, directory_));
  committed_ = true;
  return Status();
}

}  // namespace keymemrt::runtime
