// SPDX-License-Identifier: Apache-2.0
#include "runtime/keystore/key_store.h"

#include <sys/resource.h>

#include <algorithm>

#include "base/size.h"
#include "runtime/io/direct_file.h"
#include "runtime/keystore/key_arrivals.h"
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

KeyStore::KeyStore(std::string directory, Manifest manifest, scheme::Parameters parameters,
                   std::shared_ptr<ReadQueue> reads)
    : directory_(std::move(directory)),
      manifest_(std::move(manifest)),
      parameters_(std::move(parameters)),
      reads_(std::move(reads)),
      shapes_(parameters_),
      segments_(manifest_.keys.size()) {
  for (size_t i = 0; i < manifest_.keys.size(); ++i) index_.emplace(manifest_.keys[i].id, i);
}

Result<std::unique_ptr<KeyStore>> KeyStore::Make(const std::string& directory, Manifest manifest,
                                                 std::shared_ptr<ReadQueue> reads) {
  if (reads == nullptr) reads = ReadQueue::OfSystem(directory);
  // Whoever read the manifest has checked the parameters for the security that it claims.
  KMRT_ASSIGN_OR_RETURN(scheme::Parameters parameters,
                        scheme::Parameters::Create(manifest.parameters, scheme::Security::kInsecure));
  std::unique_ptr<KeyStore> store(
      new KeyStore(directory, std::move(manifest), std::move(parameters), std::move(reads)));
  AllowOpenFiles(store->manifest_.keys.size());
  for (const KeyEntry& entry : store->manifest_.keys) {
    KMRT_ASSIGN_OR_RETURN(const StoredShape* const shape, store->shapes_.At(entry.id.shape));
    store->shape_of_.push_back(shape);
  }
  return store;
}

Result<std::unique_ptr<KeyStore>> KeyStore::Open(const std::string& directory, std::shared_ptr<ReadQueue> reads) {
  KMRT_ASSIGN_OR_RETURN(Manifest manifest, ReadManifest(directory));
  KMRT_ASSIGN_OR_RETURN(std::unique_ptr<KeyStore> store, Make(directory, std::move(manifest), std::move(reads)));
  for (size_t i = 0; i < store->manifest_.keys.size(); ++i) {
    KMRT_ASSIGN_OR_RETURN(Segment segment, store->OpenSegment(store->manifest_.keys[i], true));
    store->segments_[i] = &store->opened_.emplace_back(std::move(segment));
  }
  return store;
}

Result<KeyStore::Segment> KeyStore::OpenSegment(const KeyEntry& entry, bool sealed) const {
  const std::string path = directory_ + "/" + entry.FileName();
  const SegmentLayout& layout = shape_of_[index_.at(entry.id)]->layout;
  const auto explain = [&] { return ExplainSegment(path, manifest_.HeaderOf(entry), layout, entry.chunks); };
  KMRT_ASSIGN_OR_RETURN(BlockFile file, reads_->Open(path));
  if (file.size() != layout.FileBytes(entry.chunks)) return explain();
  const AlignedMemory memory(SegmentLayout::TableBytes(entry.chunks));
  const std::span<std::byte> header = memory.bytes.first(kSegmentAlignment);
  KMRT_RETURN_IF_ERROR(reads_->ReadNow(file, 0, header));
  if (!std::ranges::equal(header, SerializeSegmentHeader(manifest_.HeaderOf(entry), layout, entry.chunks))) {
    return explain();
  }
  KMRT_RETURN_IF_ERROR(reads_->ReadNow(file, layout.TableOffset(entry.chunks), memory.bytes));
  auto table = DeserializeSegmentTable(memory.bytes, entry.chunks);
  if (!table.ok() || (sealed && table->seal != entry.seal.table)) return explain();
  return Segment{std::move(file), std::move(table->checksums)};
}

std::optional<size_t> KeyStore::Find(const scheme::KeyId& id) const {
  const auto it = index_.find(id);
  if (it == index_.end()) return std::nullopt;
  return it->second;
}

uint64_t KeyStore::total_stored_bytes() const {
  uint64_t bytes = 0;
  for (size_t i = 0; i < manifest_.keys.size(); ++i) bytes += stored_bytes(i);
  return bytes;
}

bool KeyStore::direct() const {
  return std::all_of(opened_.begin(), opened_.end(), [](const Segment& s) { return s.file.direct(); });
}

ReadQueue::Wanted KeyStore::ReadOf(size_t key, int chunk, uint64_t* slot, uint64_t slack, ReadQueue::Done done) const {
  const StoredChunk& stored = Locate(key, chunk);
  const auto bytes = std::as_writable_bytes(std::span(slot, parameters_.n()));
  return {&segments_[key].load()->file, stored.offset, bytes.last(stored.bytes), slack, std::move(done)};
}

void KeyStore::StartRead(size_t key, int chunk, uint64_t* slot, uint64_t slack, ReadQueue::Done done) const {
  ReadQueue::Wanted wanted = ReadOf(key, chunk, slot, slack, std::move(done));
  reads_->Read({&wanted, 1});
}

Status KeyStore::ReadChunk(size_t key, int chunk, uint64_t* slot) const {
  ReadBatch batch;
  StartRead(key, chunk, slot, 0, batch.Add([&] { return Finish(key, chunk, slot); }));
  return batch.Wait();
}

Status KeyStore::Finish(size_t key, int chunk, uint64_t* slot) const {
  const Segment& segment = *segments_[key];
  const Status status =
      FinishChunk(Locate(key, chunk), segment.checksums[static_cast<size_t>(chunk)], {slot, parameters_.n()});
  if (status.ok()) return status;
  return Corrupt("{}: chunk {} of {}: {}: copy the file again", segment.file.path(), chunk, segment.checksums.size(),
                 status.message());
}

std::string DescribeKeyStore(const KeyStore& store) {
  const Manifest& manifest = store.manifest();
  uint64_t chunks = 0;
  for (const KeyEntry& entry : manifest.keys) chunks += static_cast<uint64_t>(entry.chunks);
  std::string text =
      fmt::format("key set {}\nparameters {}{}\n{} keys, {} ({} in memory)\n", manifest.key_set.ToString(),
                  store.parameters().Describe(), manifest.insecure ? ", INSECURE" : "", manifest.keys.size(),
                  FormatSize(store.total_stored_bytes()), FormatSize(chunks * store.chunk_bytes()));
  text += fmt::format("{:<26} {:>5} {:>8} {:>6} {:>6} {:>10} {:>10}\n", "key", "level", "specials", "digits", "chunks",
                      "stored", "in memory");
  for (size_t i = 0; i < manifest.keys.size(); ++i) {
    const KeyEntry& entry = manifest.keys[i];
    text += fmt::format("{:<26} {:>5} {:>8} {:>6} {:>6} {:>10} {:>10}\n", entry.id.ToString(), entry.level,
                        store.parameters(i).p_count(), entry.digits, entry.chunks, FormatSize(store.stored_bytes(i)),
                        FormatSize(static_cast<uint64_t>(entry.chunks) * store.chunk_bytes()));
  }
  return text;
}

Status VerifyKeyStore(const std::string& directory, const std::function<void(size_t, size_t)>& progress) {
  KMRT_ASSIGN_OR_RETURN(const std::unique_ptr<KeyStore> store, KeyStore::Open(directory));
  const Manifest& manifest = store->manifest();
  StoredShapes shapes(store->parameters());
  for (size_t i = 0; i < manifest.keys.size(); ++i) {
    const KeyEntry& entry = manifest.keys[i];
    const std::string path = directory + "/" + entry.FileName();
    KMRT_ASSIGN_OR_RETURN(const StoredShape* const shape, shapes.At(entry.id.shape));
    KMRT_ASSIGN_OR_RETURN(const SegmentSeal seal,
                          CheckSegment(path, manifest.HeaderOf(entry), shape->layout, entry.chunks));
    if (seal != entry.seal)
      return Corrupt("{}: is whole but not the file that the manifest names: copy it again", path);
    if (progress) progress(i + 1, manifest.keys.size());
  }
  return Status();
}

Status RemoveKeyStore(const std::string& directory) {
  KMRT_ASSIGN_OR_RETURN(const std::vector<std::string> files, ListKeyStoreFiles(directory));
  if (files.empty()) return InvalidArgument("{}: not a key store: nothing removed", directory);
  return RemoveKeyStoreFiles(directory, files);
}

}  // namespace keymemrt::runtime
