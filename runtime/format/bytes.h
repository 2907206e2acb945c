// SPDX-License-Identifier: Apache-2.0
//
// Little-endian fields of the file formats: appended by ByteWriter, taken apart by ByteReader, which never reads past
// the end. What every file of a key set shares is here too: the parameter set and the key set's identity.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "scheme/parameters.h"

namespace keymemrt::runtime {

// Names what one key generation made: secret key, public key, key store, and the ciphertexts encrypted under it.
// Random, so that files of different clients, or of different runs of one client, are told apart before they are mixed.
struct KeySetId {
  std::array<uint8_t, 16> bytes{};

  // From the operating system's entropy.
  static Result<KeySetId> Random();
  std::string ToString() const;  // 32 hexadecimal digits
  bool operator==(const KeySetId&) const = default;
};

class ByteWriter {
 public:
  void U8(uint8_t value) { Raw(&value, sizeof value); }
  void U32(uint32_t value) { Raw(&value, sizeof value); }
  void U64(uint64_t value) { Raw(&value, sizeof value); }
  void F64(double value) { Raw(&value, sizeof value); }
  void Bytes(std::span<const uint8_t> bytes) { Raw(bytes.data(), bytes.size()); }
  // Zeros up to a length of `size`.
  void PadTo(size_t size) { bytes_.resize(size); }

  std::span<const std::byte> bytes() const { return bytes_; }
  std::span<std::byte> bytes() { return bytes_; }

 private:
  void Raw(const void* data, size_t size);
  std::vector<std::byte> bytes_;
};

// Reading past the end gives zeros and is remembered; whoever reads asks Finish (or ok()) before trusting what was
// read.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  uint8_t U8() { return Get<uint8_t>(); }
  uint32_t U32() { return Get<uint32_t>(); }
  uint64_t U64() { return Get<uint64_t>(); }
  double F64() { return Get<double>(); }
  void Bytes(std::span<uint8_t> out) { Raw(out.data(), out.size()); }

  bool ok() const { return ok_; }
  size_t remaining() const { return bytes_.size(); }
  // kCorrupt when too few bytes were there, or some are left.
  Status Finish() const;

 private:
  template <typename T>
  T Get() {
    T value{};
    Raw(&value, sizeof value);
    return value;
  }
  void Raw(void* out, size_t size);
  std::span<const std::byte> bytes_;
  bool ok_ = true;
};

// A parameter set: u32 log_n, u32 log_default_scale, u32 number of q, u32 number of p, then the moduli as u64.
void AppendParameters(ByteWriter& writer, const scheme::ParameterLiteral& parameters);
// Only the structure is checked here; Parameters::Create checks the rest.
scheme::ParameterLiteral TakeParameters(ByteReader& reader);

}  // namespace keymemrt::runtime
