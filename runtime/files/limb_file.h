// SPDX-License-Identifier: Apache-2.0
//
// What ciphertext and public key files have in common: a checked header (base/container.h) of fixed fields and one
// checksum per limb, then the limbs. Limbs are read straight into their slots, so reading takes no memory beside the
// result.
//
//   offset     bytes
//   0          32      container header
//   32         ...     fields; then for each limb its XXH3-64
//   ...        N*8     each limb, in the same order
#pragma once

#include <span>
#include <string>

#include "base/container.h"
#include "base/file.h"
#include "base/status.h"
#include "runtime/format/bytes.h"

namespace keymemrt::runtime {

// Writes the whole file, atomically.
Status WriteLimbFile(const ContainerKind& kind, const std::string& path, const ByteWriter& fields,
                     std::span<const std::span<const uint64_t>> limbs);

class LimbFile {
 public:
  // Opens the file and checks its header. kInvalidArgument: no such file; kCorrupt: anything else. Messages name the
  // file.
  static Result<LimbFile> Open(const ContainerKind& kind, const std::string& path);

  // What the header holds: fields, then checksums.
  std::span<const std::byte> header() const { return header_; }
  // Announces how the header is divided: the last `limbs` words of it are checksums, and as many limbs of `words` words
  // follow. kCorrupt unless the file's size says so too.
  Status Expect(size_t limbs, size_t words);
  // Fills the next limb and checks it: checksum, residues below `modulus`. kCorrupt.
  Status Next(uint64_t modulus, std::span<uint64_t> out);

 private:
  LimbFile(RandomAccessFile file, std::vector<std::byte> header);
  RandomAccessFile file_;
  std::vector<std::byte> header_;
  size_t limbs_ = 0;
  size_t next_ = 0;
  uint64_t offset_ = 0;
};

}  // namespace keymemrt::runtime
