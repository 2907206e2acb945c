// SPDX-License-Identifier: Apache-2.0
#include "runtime/keystore/key_store_writer.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "runtime/keystore/key_store_files.h"

namespace keymemrt::runtime {

namespace {

Status Remove(const std::string& directory, const std::string& file) {
  std::error_code error;
  std::filesystem::remove(directory + "/" + file, error);
  if (error) return Failed("{}/{}: is no longer needed, cannot be removed: {}", directory, file, error.message());
  return Status();
}

}  // namespace

Result<std::unique_ptr<KeyStoreWriter>> KeyStoreWriter::Open(const std::string& directory,
                                                             const scheme::Parameters& parameters, bool insecure,
                                                             const KeySetId& key_set, const lattice::Seed& a_seed) {
  std::error_code error;
  const bool created = std::filesystem::create_directories(directory, error);
  if (error) return Failed("{}: cannot make the directory: {}", directory, error.message());
  KMRT_ASSIGN_OR_RETURN(DirectoryLock lock, DirectoryLock::Take(directory));
  std::unique_ptr<KeyStoreWriter> writer(new KeyStoreWriter(directory, parameters, std::move(lock), created));
  Manifest& manifest = writer->manifest_;
  KMRT_ASSIGN_OR_RETURN(const std::vector<std::string> files, ListKeyStoreFiles(directory));
  const bool is_store = std::filesystem::exists(directory + "/" + kManifestName, error);
  if (is_store) {
    KMRT_ASSIGN_OR_RETURN(manifest, ReadManifest(directory));
    if (manifest.key_set != key_set || manifest.a_seed != a_seed || manifest.fingerprint != parameters.fingerprint()) {
      return InvalidArgument(
          "{}: holds a key store of another client; remove it with `keymemrt keys rm {}` or name another directory",
          directory, directory);
    }
    writer->changed_ = insecure && !manifest.insecure;
    manifest.insecure |= insecure;
    for (const KeyEntry& entry : manifest.keys) {
      KMRT_ASSIGN_OR_RETURN(const StoredShape* const shape, writer->shapes_.At(entry.id.shape));
      writer->stored_bytes_ += shape->layout.FileBytes(entry.chunks);
    }
  } else {
    manifest.key_set = key_set;
    manifest.a_seed = a_seed;
    manifest.parameters = parameters.literal();
    manifest.fingerprint = parameters.fingerprint();
    manifest.insecure = insecure;
  }
  for (const std::string& file : files) {
    if (file == kManifestName) continue;
    if (file == kArrivingName) {
      const auto arriving = ReadArriving(directory);
      writer->announced_ = arriving.ok() && arriving->key_set == key_set && arriving->a_seed == a_seed &&
                           arriving->fingerprint == parameters.fingerprint() && arriving->insecure == manifest.insecure;
      if (writer->announced_) continue;
    }
    bool keep = file.ends_with(kSegmentSuffix);
    if (keep && !is_store) {
      const auto its_set = ReadSegmentKeySet(directory + "/" + file);
      keep = its_set.ok() && *its_set == key_set;
    }
    if (!keep) KMRT_RETURN_IF_ERROR(Remove(directory, file));
  }
  return writer;
}

KeyStoreWriter::KeyStoreWriter(std::string directory, const scheme::Parameters& parameters, DirectoryLock lock,
                               bool created)
    : directory_(std::move(directory)), shapes_(parameters), lock_(std::move(lock)), created_(created) {}

KeyStoreWriter::~KeyStoreWriter() {
  std::error_code ignored;
  if (created_) std::filesystem::remove(directory_, ignored);  // if nothing is in it
}

Result<bool> KeyStoreWriter::Add(const scheme::KeyId& id, int level, const Producer& produce) {
  KMRT_ASSIGN_OR_RETURN(const StoredShape* const shape, shapes_.At(id.shape));
  const SegmentLayout& layout = shape->layout;
  if (level < 0 || level > shape->parameters.max_level()) {
    return InvalidArgument("{}: level {}, 0 to {} expected", id.ToString(), level, shape->parameters.max_level());
  }
  const auto known =
      std::find_if(manifest_.keys.begin(), manifest_.keys.end(), [&](const KeyEntry& entry) { return entry.id == id; });
  KeyEntry entry;
  entry.id = id;
  entry.level = level;
  if (known != manifest_.keys.end()) entry.level = std::max(level, known->level);
  entry.digits = shape->parameters.DigitCount(entry.level);
  entry.chunks = shape->parameters.ChunkCount(entry.level);
  const std::string path = directory_ + "/" + entry.FileName();
  const SegmentHeader header = manifest_.HeaderOf(entry);
  const auto there = CheckSegment(path, header, layout, entry.chunks);
  if (there.ok()) {
    entry.seal = *there;
  } else {
    if (!announced_) KMRT_RETURN_IF_ERROR(WriteArriving(manifest_, directory_));
    announced_ = true;
    // A damaged one is made again, too.
    KMRT_ASSIGN_OR_RETURN(SegmentWriter segment, SegmentWriter::Create(path, header, layout, entry.chunks));
    KMRT_RETURN_IF_ERROR(produce(
        entry.level, [&](int digit, int limb, std::span<const uint64_t> b) { return segment.Append(digit, limb, b); }));
    KMRT_ASSIGN_OR_RETURN(entry.seal, segment.Commit());
  }
  if (known == manifest_.keys.end()) {
    manifest_.keys.push_back(entry);
    changed_ = true;
  } else {
    stored_bytes_ -= layout.FileBytes(known->chunks);
    changed_ |= known->level != entry.level || known->seal != entry.seal;
    *known = entry;
  }
  stored_bytes_ += layout.FileBytes(entry.chunks);
  return !there.ok();
}

Status KeyStoreWriter::Commit() {
  if (changed_) KMRT_RETURN_IF_ERROR(WriteManifest(manifest_, directory_));
  changed_ = announced_ = false;
  std::set<std::string> named = {kManifestName};
  for (const KeyEntry& entry : manifest_.keys) named.insert(entry.FileName());
  KMRT_ASSIGN_OR_RETURN(const std::vector<std::string> files, ListKeyStoreFiles(directory_));
  for (const std::string& file : files) {
    if (!named.contains(file)) KMRT_RETURN_IF_ERROR(Remove(directory_, file));
  }
  return Status();
}

}  // namespace keymemrt::runtime
