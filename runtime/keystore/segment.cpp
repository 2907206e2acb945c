// SPDX-License-Identifier: Apache-2.0
#include "runtime/keystore/segment.h"

#include <algorithm>
#include <cstring>

#include "base/checksum.h"
#include "lattice/keys/packing.h"
#include "runtime/io/direct_file.h"

namespace keymemrt::runtime {

namespace {

constexpr uint32_t kSegmentVersion = 2;

// The first bytes of a segment; zeros follow, and the checksum of all before in the last eight of kSegmentAlignment.
struct RawHeader {
  char magic[8];
  uint32_t version;
  uint32_t kind;
  uint64_t galois_element;
  int32_t shape_level;
  uint32_t shape_specials;
  uint32_t level;
  uint32_t chunk_count;
  uint64_t table_offset;
  uint64_t file_bytes;
  uint64_t fingerprint;
  uint8_t key_set[16];
};
static_assert(sizeof(RawHeader) == 80);

uint64_t RoundUp(uint64_t bytes) {
  return (bytes + kSegmentAlignment - 1) / kSegmentAlignment * kSegmentAlignment;
}

// Both header and table end in the checksum of what is before it.
void Seal(std::span<std::byte> region) {
  const uint64_t checksum = Xxh3(region.first(region.size() - sizeof(uint64_t)));
  std::memcpy(region.data() + region.size() - sizeof checksum, &checksum, sizeof checksum);
}
uint64_t SealOf(std::span<const std::byte> region) {
  uint64_t checksum;
  std::memcpy(&checksum, region.data() + region.size() - sizeof checksum, sizeof checksum);
  return checksum;
}
bool IsSealed(std::span<const std::byte> region) {
  return Xxh3(region.first(region.size() - sizeof(uint64_t))) == SealOf(region);
}

}  // namespace

SegmentLayout::SegmentLayout(const scheme::Parameters& parameters) : n_(parameters.n()) {
  const int level = parameters.max_level();
  std::vector<std::pair<int, int>> order(static_cast<size_t>(parameters.ChunkCount(level)));
  for (int digit = 0; digit < parameters.DigitCount(level); ++digit) {
    for (int limb = 0; limb < parameters.limb_count(); ++limb) {
      order[static_cast<size_t>(parameters.ChunkIndex(digit, limb))] = {digit, limb};
    }
  }
  uint64_t offset = kSegmentAlignment;
  for (const auto& [digit, limb] : order) {
    StoredChunk chunk{.digit = digit, .limb = limb, .modulus = lattice::Modulus(parameters.modulus(limb))};
    const int bits = chunk.modulus.bits();
    chunk.packed = bits <= kMaxPackedBits;
    chunk.used = static_cast<uint32_t>(chunk.packed ? 8 * lattice::PackedWords(n_, bits) : 8 * n_);
    chunk.bytes = static_cast<uint32_t>(RoundUp(chunk.used));
    chunk.offset = offset;
    offset += chunk.bytes;
    chunks_.push_back(chunk);
  }
}

uint64_t SegmentLayout::TableOffset(int chunks) const {
  if (chunks == 0) return kSegmentAlignment;
  const StoredChunk& last = chunks_[static_cast<size_t>(chunks) - 1];
  return last.offset + last.bytes;
}

uint64_t SegmentLayout::TableBytes(int chunks) {
  return RoundUp((static_cast<uint64_t>(chunks) + 1) * sizeof(uint64_t));
}

Result<const StoredShape*> StoredShapes::At(const scheme::KeyShape& shape) {
  const auto it = shapes_.find(shape);
  if (it != shapes_.end()) return &it->second;
  KMRT_ASSIGN_OR_RETURN(scheme::Parameters parameters, plain_.At(shape));
  SegmentLayout layout(parameters);
  return &shapes_.emplace(shape, StoredShape{std::move(parameters), std::move(layout)}).first->second;
}

std::vector<std::byte> SerializeSegmentHeader(const SegmentHeader& header, const SegmentLayout& layout, int chunks) {
  RawHeader raw = {};
  std::memcpy(raw.magic, kSegmentMagic, sizeof raw.magic);
  raw.version = kSegmentVersion;
  raw.kind = static_cast<uint32_t>(header.id.kind);
  raw.galois_element = header.id.galois_element;
  raw.shape_level = header.id.shape.level;
  raw.shape_specials = static_cast<uint32_t>(header.id.shape.specials);
  raw.level = static_cast<uint32_t>(header.level);
  raw.chunk_count = static_cast<uint32_t>(chunks);
  raw.table_offset = layout.TableOffset(chunks);
  raw.file_bytes = layout.FileBytes(chunks);
  raw.fingerprint = header.fingerprint;
  std::memcpy(raw.key_set, header.key_set.bytes.data(), sizeof raw.key_set);
  std::vector<std::byte> bytes(kSegmentAlignment);
  std::memcpy(bytes.data(), &raw, sizeof raw);
  Seal(bytes);
  return bytes;
}

std::vector<std::byte> SerializeSegmentTable(std::span<const uint64_t> chunk_checksums) {
  std::vector<std::byte> table(SegmentLayout::TableBytes(static_cast<int>(chunk_checksums.size())));
  std::memcpy(table.data(), chunk_checksums.data(), chunk_checksums.size_bytes());
  Seal(table);
  return table;
}

Result<SegmentTable> DeserializeSegmentTable(std::span<const std::byte> table, int chunks) {
  if (!IsSealed(table)) return Corrupt("damaged: the checksum of its table does not match");
  SegmentTable result{.checksums = std::vector<uint64_t>(static_cast<size_t>(chunks)), .seal = SealOf(table)};
  std::memcpy(result.checksums.data(), table.data(), result.checksums.size() * sizeof(uint64_t));
  return result;
}

SegmentWriter::SegmentWriter(AtomicFile file, const SegmentHeader& header, const SegmentLayout& layout, int chunks)
    : file_(std::move(file)), id_(header.id), layout_(&layout), chunks_(chunks) {}

Result<SegmentWriter> SegmentWriter::Create(const std::string& path, const SegmentHeader& header,
                                            const SegmentLayout& layout, int chunks) {
  KMRT_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  SegmentWriter writer(std::move(file), header, layout, chunks);
  KMRT_RETURN_IF_ERROR(writer.Write(SerializeSegmentHeader(header, layout, chunks)));
  return writer;
}

Status SegmentWriter::Write(std::span<const std::byte> bytes) {
  sha256_.Update(bytes);
  return file_.Append(bytes);
}

Status SegmentWriter::Append(int digit, int limb, std::span<const uint64_t> residues) {
  if (static_cast<int>(checksums_.size()) == chunks_ || residues.size() != layout_->n()) {
    return Failed("{}: chunk ({}, {}) of {} words comes out of turn", id_.ToString(), digit, limb, residues.size());
  }
  const StoredChunk& chunk = layout_->chunks()[checksums_.size()];
  if (chunk.digit != digit || chunk.limb != limb) {
    return Failed("{}: chunk ({}, {}) comes out of turn, ({}, {}) expected", id_.ToString(), digit, limb, chunk.digit,
                  chunk.limb);
  }
  std::span<const std::byte> stored = std::as_bytes(residues);
  if (chunk.packed) {
    buffer_.resize(chunk.bytes / sizeof(uint64_t));
    const size_t words = chunk.used / sizeof(uint64_t);
    lattice::PackResidues(residues, chunk.modulus, std::span(buffer_).first(words));
    std::fill(buffer_.begin() + static_cast<ptrdiff_t>(words), buffer_.end(), 0);
    stored = std::as_bytes(std::span(buffer_));
  }
  checksums_.push_back(Xxh3(stored));
  return Write(stored);
}

Result<SegmentSeal> SegmentWriter::Commit() {
  if (static_cast<int>(checksums_.size()) != chunks_) {
    return Failed("{}: {} chunks were made, {} expected", id_.ToString(), checksums_.size(), chunks_);
  }
  const std::vector<std::byte> table = SerializeSegmentTable(checksums_);
  KMRT_RETURN_IF_ERROR(Write(table));
  KMRT_RETURN_IF_ERROR(file_.Commit());
  return SegmentSeal{SealOf(table), sha256_.Finish()};
}

Status FinishChunk(const StoredChunk& chunk, uint64_t checksum, std::span<uint64_t> slot) {
  const size_t words = chunk.bytes / sizeof(uint64_t);
  if (Xxh3(std::as_bytes(slot.last(words))) != checksum) return Corrupt("damaged: its checksum does not match");
  if (!chunk.packed) return Status();
  return lattice::UnpackInPlace(slot, slot.size() - words, chunk.modulus);
}

Result<KeySetId> ReadSegmentKeySet(const std::string& path) {
  KMRT_ASSIGN_OR_RETURN(const RandomAccessFile file, RandomAccessFile::Open(path));
  RawHeader raw = {};
  const auto bytes = std::as_writable_bytes(std::span(&raw, 1));
  KMRT_RETURN_IF_ERROR(file.Read(0, bytes.first(std::min<uint64_t>(bytes.size(), file.size()))));
  if (std::memcmp(raw.magic, kSegmentMagic, sizeof raw.magic) != 0) {
    return Corrupt("{}: not a segment of a key store", path);
  }
  if (raw.version != kSegmentVersion) {
    return Corrupt("{}: a segment of format version {}; this program reads version {}: make the keys again", path,
                   raw.version, kSegmentVersion);
  }
  KeySetId key_set;
  std::memcpy(key_set.bytes.data(), raw.key_set, sizeof raw.key_set);
  return key_set;
}

Status ExplainSegment(const std::string& path, const SegmentHeader& header, const SegmentLayout& layout, int chunks) {
  KMRT_ASSIGN_OR_RETURN(const KeySetId key_set, ReadSegmentKeySet(path));
  if (key_set != header.key_set) {
    return Corrupt("{}: belongs to another key set than the manifest beside it: copy the whole key store again", path);
  }
  KMRT_ASSIGN_OR_RETURN(const RandomAccessFile file, RandomAccessFile::Open(path));
  std::vector<std::byte> bytes(std::min<uint64_t>(kSegmentAlignment, file.size()));
  KMRT_RETURN_IF_ERROR(file.Read(0, bytes));
  const uint64_t size = layout.FileBytes(chunks);
  if (file.size() != size) {
    return Corrupt("{}: truncated or overlong: {} bytes, {} expected: copy it again", path, file.size(), size);
  }
  if (IsSealed(bytes) && bytes != SerializeSegmentHeader(header, layout, chunks)) {
    return Corrupt("{}: holds another key than its name says: copy the whole key store again", path);
  }
  return Corrupt("{}: damaged: a checksum does not match: copy it again", path);
}

Result<SegmentSeal> CheckSegment(const std::string& path, const SegmentHeader& header, const SegmentLayout& layout,
                                 int chunks) {
  KMRT_ASSIGN_OR_RETURN(const DirectFile file, DirectFile::Open(path));
  if (file.size() != layout.FileBytes(chunks)) return ExplainSegment(path, header, layout, chunks);
  const size_t table_bytes = SegmentLayout::TableBytes(chunks);
  const AlignedMemory memory(std::max(8 * layout.n(), table_bytes));
  const auto read = [&](uint64_t offset, std::span<std::byte> out) { return file.Read(offset, out); };

  std::span<std::byte> table = memory.bytes.first(table_bytes);
  KMRT_RETURN_IF_ERROR(read(layout.TableOffset(chunks), table));
  const auto read_table = DeserializeSegmentTable(table, chunks);
  if (!read_table.ok()) return read_table.status().WithContext(path);
  const std::vector<uint64_t>& checksums = read_table->checksums;
  const std::vector<std::byte> expected_table = SerializeSegmentTable(checksums);
  if (!std::ranges::equal(table, expected_table)) return Corrupt("{}: its table is followed by more", path);

  Sha256 sha256;
  const std::span<std::byte> first = memory.bytes.first(kSegmentAlignment);
  KMRT_RETURN_IF_ERROR(read(0, first));
  sha256.Update(first);
  if (!std::ranges::equal(first, SerializeSegmentHeader(header, layout, chunks))) {
    return ExplainSegment(path, header, layout, chunks);
  }
  const std::span<uint64_t> slot(reinterpret_cast<uint64_t*>(memory.bytes.data()), layout.n());
  for (size_t i = 0; i < checksums.size(); ++i) {
    const StoredChunk& chunk = layout.chunks()[i];
    const std::span<std::byte> stored = std::as_writable_bytes(slot).last(chunk.bytes);
    KMRT_RETURN_IF_ERROR(read(chunk.offset, stored));
    sha256.Update(stored);
    Status status = FinishChunk(chunk, checksums[i], slot);
    const uint64_t q = chunk.modulus.value();
    if (status.ok() && std::any_of(slot.begin(), slot.end(), [q](uint64_t word) { return word >= q; })) {
      status = Corrupt("has residues not below their modulus {}: the keys were not made by keymemrt", q);
    }
    if (!status.ok()) return status.WithContext(fmt::format("{}: chunk {} of {}", path, i, chunks));
  }
  sha256.Update(expected_table);
  return SegmentSeal{read_table->seal, sha256.Finish()};
}

}  // namespace keymemrt::runtime
