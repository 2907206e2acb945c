// SPDX-License-Identifier: Apache-2.0
//
// A segment: the file of one switching key. docs/formats/keystore.md describes it to the byte:
//   header, kSegmentAlignment bytes | chunks, each padded to a multiple of that | table of the chunks' checksums, ditto
// Everything is written in the order of the file, and a segment can be checked without the manifest: an interrupted key
// generation goes on from those that are whole.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/status.h"
#include "lattice/arith/modulus.h"
#include "runtime/format/bytes.h"
#include "runtime/format/sha256.h"
#include "scheme/parameters.h"

namespace keymemrt::runtime {

inline constexpr char kSegmentSuffix[] = ".kseg";
inline constexpr char kSegmentMagic[] = "KMRTSEGM";
inline constexpr size_t kSegmentAlignment = 4096;

// Residues of up to so many bits are stored packed, wider ones as words. Packing saves (64 - bits)/64 of the reading
// and costs an unpacking of about 35 us per 2^16 residues (AVX-512 VBMI2; 72 us without), less what checksumming fewer
// bytes saves: at 52 bits it pays below 3 GB/s, at 60 bits not even at 1 GB/s (packing_bench).
inline constexpr int kMaxPackedBits = 52;

struct StoredChunk {
  int digit = 0;
  int limb = 0;  // of the full basis of the key's shape
  lattice::Modulus modulus;
  bool packed = false;  // lattice/keys/packing.h; otherwise N words
  uint32_t used = 0;    // bytes that hold residues; zeros follow
  uint32_t bytes = 0;   // stored: a multiple of kSegmentAlignment, at most 8*N
  uint64_t offset = 0;  // in the segment
};

// Where the chunks of a key lie. The layout of a lower level is a prefix.
class SegmentLayout {
 public:
  // `parameters`: of the key's shape.
  explicit SegmentLayout(const scheme::Parameters& parameters);

  size_t n() const { return n_; }
  // By ChunkIndex, at the highest level.
  const std::vector<StoredChunk>& chunks() const { return chunks_; }
  // Of a segment with the first `chunks` chunks: bytes of them, where the table begins, how long it is, how long the
  // file.
  uint64_t ChunkBytes(int chunks) const { return TableOffset(chunks) - kSegmentAlignment; }
  uint64_t TableOffset(int chunks) const;
  static uint64_t TableBytes(int chunks);
  uint64_t FileBytes(int chunks) const { return TableOffset(chunks) + TableBytes(chunks); }

 private:
  size_t n_;
  std::vector<StoredChunk> chunks_;
};

// What a store knows of the keys of one shape.
struct StoredShape {
  scheme::Parameters parameters;
  SegmentLayout layout;
};
class StoredShapes {
 public:
  explicit StoredShapes(const scheme::Parameters& plain) : plain_(plain) {}
  // Valid as long as the object. As Parameters::At.
  Result<const StoredShape*> At(const scheme::KeyShape& shape);

 private:
  scheme::Parameters plain_;
  std::map<scheme::KeyShape, StoredShape> shapes_;
};

// What a segment's header says.
struct SegmentHeader {
  scheme::KeyId id;
  int level = 0;
  uint64_t fingerprint = 0;  // of the plain parameters
  KeySetId key_set;
};

// What the manifest keeps of a whole segment.
struct SegmentSeal {
  uint64_t table = 0;     // the table's checksum
  Sha256Digest sha256{};  // of the file

  bool operator==(const SegmentSeal&) const = default;
};

// The first kSegmentAlignment bytes.
std::vector<std::byte> SerializeSegmentHeader(const SegmentHeader& header, const SegmentLayout& layout, int chunks);
std::vector<std::byte> SerializeSegmentTable(std::span<const uint64_t> chunk_checksums);

struct SegmentTable {
  std::vector<uint64_t> checksums;  // by chunk
  uint64_t seal = 0;                // the table's own
};
// kCorrupt when the table is damaged.
Result<SegmentTable> DeserializeSegmentTable(std::span<const std::byte> table, int chunks);

// Writes a segment in the memory of one chunk.
class SegmentWriter {
 public:
  // `layout` must outlive the writer.
  static Result<SegmentWriter> Create(const std::string& path, const SegmentHeader& header, const SegmentLayout& layout,
                                      int chunks);
  // The next chunk, in ChunkIndex order: N residues below its modulus. kFailed when it is another's turn.
  Status Append(int digit, int limb, std::span<const uint64_t> residues);
  // Gives the file its name, durably. kFailed when chunks are missing.
  Result<SegmentSeal> Commit();
  uint64_t bytes() const { return file_.size(); }

 private:
  SegmentWriter(AtomicFile file, const SegmentHeader& header, const SegmentLayout& layout, int chunks);
  Status Write(std::span<const std::byte> bytes);

  AtomicFile file_;
  scheme::KeyId id_;
  const SegmentLayout* layout_;
  int chunks_;
  std::vector<uint64_t> checksums_;
  std::vector<uint64_t> buffer_;
  Sha256 sha256_;
};

// Turns stored bytes, read to the *end* of a slot of N words, into the chunk's N residues. `index`: for the message.
// kCorrupt: the checksum is not the bytes', or a packed residue is not below the modulus.
Status FinishChunk(const StoredChunk& chunk, uint64_t checksum, std::span<uint64_t> slot);

// Reads a whole segment, in the memory of one chunk, and checks every byte of it: header as given, table, checksums,
// residues below their moduli. kCorrupt; kInvalidArgument: no such file.
Result<SegmentSeal> CheckSegment(const std::string& path, const SegmentHeader& header, const SegmentLayout& layout,
                                 int chunks);

// The key set that a segment's header names, whatever else is in the file. kCorrupt: not a segment of this version.
Result<KeySetId> ReadSegmentKeySet(const std::string& path);

// Why a segment is not the one that `header` names, from its header: of another version, key set or key, or damaged.
Status ExplainSegment(const std::string& path, const SegmentHeader& header, const SegmentLayout& layout, int chunks);

}  // namespace keymemrt::runtime
