// SPDX-License-Identifier: Apache-2.0
#include "runtime/keystore/key_store.h"

#include <sys/resource.h>

#include <algorithm>
#include <cstring>

#include "base/checksum.h"
#include "base/size.h"
#include "base/slot_pool.h"
#include "runtime/keystore/key_store_files.h"

namespace keymemrt::runtime {

namespace {

// Every segment stays open; the usual soft limit of 1024 files is below what a large program has in keys.
void AllowOpenFiles(size_t count) {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = count + 256;
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min(limit.rlim_max, wanted);
  setrlimit(RLIMIT_NOFILE, &limit);  // a refusal shows when a file cannot be opened
}

}  // namespace

KeyStore::KeyStore(std::string directory, Manifest manifest, scheme::Parameters parameters)
    : directory_(std::move(directory)), manifest_(std::move(manifest)), parameters_(std::move(parameters)) {
  for (size_t i = 0; i < manifest_.keys.size(); ++i) index_.emplace(manifest_.keys[i].id, i);
}

Result<std::unique_ptr<KeyStore>> KeyStore::Open(const std::string& directory) {
  KMRT_ASSIGN_OR_RETURN(Manifest manifest, ReadManifest(directory));
  // ReadManifest has checked the parameters for the security the manifest claims.
  KMRT_ASSIGN_OR_RETURN(scheme::Parameters parameters,
                        scheme::Parameters::Create(manifest.parameters, scheme::Security::kInsecure));
  std::unique_ptr<KeyStore> store(new KeyStore(directory, std::move(manifest), std::move(parameters)));
  AllowOpenFiles(store->manifest_.keys.size());
  for (const KeyEntry& entry : store->manifest_.keys) {
    KMRT_ASSIGN_OR_RETURN(Segment segment, store->OpenSegment(entry));
    store->segments_.push_back(std::move(segment));
  }
  return store;
}

Result<KeyStore::Segment> KeyStore::OpenSegment(const KeyEntry& entry) const {
  const std::string path = directory_ + "/" + entry.FileName();
  KMRT_ASSIGN_OR_RETURN(DirectFile file, DirectFile::Open(path));
  const int chunks = parameters_.ChunkCount(entry.level);
  const uint64_t data_offset = SegmentDataOffset(chunks);
  const uint64_t size = data_offset + static_cast<uint64_t>(chunks) * chunk_bytes();

  // The header region, into memory aligned for a direct read. A file too short for it is told apart by its beginning.
  const size_t region_size =
      static_cast<size_t>(std::min<uint64_t>(data_offset, file.size() / kSegmentAlignment * kSegmentAlignment));
  std::unique_ptr<std::byte, void (*)(void*)> region(
      static_cast<std::byte*>(std::aligned_alloc(DirectFile::kAlignment, std::max(region_size, kSegmentAlignment))),
      std::free);
  std::memset(region.get(), 0, kSegmentAlignment);
  std::byte* const buffer = region.get();
  if (region_size != 0) KMRT_RETURN_IF_ERROR(file.Read(0, std::span<std::byte* const>(&buffer, 1), region_size));
  const std::span<const std::byte> bytes(buffer, std::max(region_size, kSegmentAlignment));

  if (Xxh3(bytes) != entry.header_checksum) {
    const Status reason = ExplainSegmentHeader(manifest_, entry, bytes).WithContext(path);
    if (file.size() == size) return reason;
    return Corrupt("{} ({} bytes, {} expected)", reason.message(), file.size(), size);
  }
  if (file.size() != size) {
    return Corrupt("{}: truncated or overlong: {} bytes, {} expected: copy it again", path, file.size(), size);
  }
  return Segment{std::move(file), data_offset, SegmentChunkChecksums(bytes, chunks)};
}

std::optional<size_t> KeyStore::Find(const scheme::KeyId& id) const {
  const auto it = index_.find(id);
  if (it == index_.end()) return std::nullopt;
  return it->second;
}

int KeyStore::chunk_count(size_t key) const {
  return parameters_.ChunkCount(manifest_.keys[key].level);
}

uint64_t KeyStore::total_chunk_bytes() const {
  uint64_t chunks = 0;
  for (size_t i = 0; i < segments_.size(); ++i) chunks += segments_[i].checksums.size();
  return chunks * chunk_bytes();
}

bool KeyStore::direct() const {
  return std::all_of(segments_.begin(), segments_.end(), [](const Segment& s) { return s.file.direct(); });
}

Status KeyStore::ReadChunks(size_t key, int first, std::span<uint64_t* const> slots) const {
  const Segment& segment = segments_[key];
  const size_t chunk = chunk_bytes();
  std::vector<std::byte*> buffers;
  buffers.reserve(slots.size());
  for (uint64_t* slot : slots) buffers.push_back(reinterpret_cast<std::byte*>(slot));
  KMRT_RETURN_IF_ERROR(segment.file.Read(segment.data_offset + static_cast<uint64_t>(first) * chunk, buffers, chunk));
  for (size_t i = 0; i < buffers.size(); ++i) {
    const size_t index = static_cast<size_t>(first) + i;
    if (Xxh3(std::span<const std::byte>(buffers[i], chunk)) != segment.checksums[index]) {
      return Corrupt("{}: chunk {} of {} is damaged: its checksum does not match: copy the file again",
                     segment.file.path(), index, segment.checksums.size());
    }
  }
  return Status();
}

std::string DescribeKeyStore(const KeyStore& store) {
  const Manifest& manifest = store.manifest();
  std::string text = fmt::format("key set {}\nparameters {}{}\n{} keys, {}\n", manifest.key_set.ToString(),
                                 store.parameters().Describe(), manifest.insecure ? ", INSECURE" : "",
                                 manifest.keys.size(), FormatSize(store.total_chunk_bytes()));
  for (size_t i = 0; i < manifest.keys.size(); ++i) {
    text += fmt::format("{:<24} level {:>2} {:>5} chunks {:>10}\n", manifest.keys[i].id.ToString(),
                        manifest.keys[i].level, store.chunk_count(i),
                        FormatSize(static_cast<uint64_t>(store.chunk_count(i)) * store.chunk_bytes()));
  }
  return text;
}

Status VerifyKeyStore(const std::string& directory, const std::function<void(size_t, size_t)>& progress) {
  KMRT_ASSIGN_OR_RETURN(const std::unique_ptr<KeyStore> store, KeyStore::Open(directory));
  const scheme::Parameters& parameters = store->parameters();
  const size_t keys = store->manifest().keys.size();
  SlotPool pool(parameters.n());
  const Slot slot = pool.Take(MemoryClass::kKeys);
  uint64_t* const data = slot.data();

  std::vector<int> limb_of(static_cast<size_t>(parameters.ChunkCount(parameters.max_level())));
  for (int digit = 0; digit < parameters.DigitCount(parameters.max_level()); ++digit) {
    for (int limb = 0; limb < parameters.limb_count(); ++limb) {
      limb_of[static_cast<size_t>(parameters.ChunkIndex(digit, limb))] = limb;
    }
  }
  for (size_t key = 0; key < keys; ++key) {
    for (int chunk = 0; chunk < store->chunk_count(key); ++chunk) {
      KMRT_RETURN_IF_ERROR(store->ReadChunks(key, chunk, std::span<uint64_t* const>(&data, 1)));
      const uint64_t q = parameters.modulus(limb_of[static_cast<size_t>(chunk)]);
      const auto words = slot.words();
      if (std::any_of(words.begin(), words.end(), [q](uint64_t word) { return word >= q; })) {
        return Corrupt("{}/{}: chunk {} has residues not below their modulus {}: the keys were not made by keymemrt",
                       directory, store->manifest().keys[key].FileName(), chunk, q);
      }
    }
    if (progress) progress(key + 1, keys);
  }
  return Status();
}

Status RemoveKeyStore(const std::string& directory) {
  KMRT_ASSIGN_OR_RETURN(const std::vector<std::string> files, ListKeyStoreFiles(directory));
  if (files.empty()) return InvalidArgument("{}: not a key store: nothing removed", directory);
  return RemoveKeyStoreFiles(directory, files);
}

}  // namespace keymemrt::runtime
