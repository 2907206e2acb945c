// SPDX-License-Identifier: Apache-2.0
#include "runtime/format/bytes.h"

#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>

namespace keymemrt::runtime {

static_assert(std::endian::native == std::endian::little, "file formats are little endian");

Result<KeySetId> KeySetId::Random() {
  KeySetId id;
  if (getentropy(id.bytes.data(), id.bytes.size()) != 0) {
    return Failed("the operating system gives no random bytes: {}", std::strerror(errno));
  }
  return id;
}

std::string KeySetId::ToString() const {
  std::string text;
  for (const uint8_t byte : bytes) fmt::format_to(std::back_inserter(text), "{:02x}", byte);
  return text;
}

void ByteWriter::Raw(const void* data, size_t size) {
  const std::byte* first = static_cast<const std::byte*>(data);
  bytes_.insert(bytes_.end(), first, first + size);
}

void ByteReader::Raw(void* out, size_t size) {
  if (size > bytes_.size()) {
    ok_ = false;
    bytes_ = {};
    std::memset(out, 0, size);
    return;
  }
  std::memcpy(out, bytes_.data(), size);
  bytes_ = bytes_.subspan(size);
}

Status ByteReader::Finish() const {
  if (!ok_) return Corrupt("a field lies beyond the end");
  if (!bytes_.empty()) return Corrupt("{} bytes too many", bytes_.size());
  return Status();
}

void AppendParameters(ByteWriter& writer, const scheme::ParameterLiteral& parameters) {
  writer.U32(static_cast<uint32_t>(parameters.log_n));
  writer.U32(static_cast<uint32_t>(parameters.log_default_scale));
  writer.U32(static_cast<uint32_t>(parameters.q.size()));
  writer.U32(static_cast<uint32_t>(parameters.p.size()));
  writer.U32(static_cast<uint32_t>(parameters.secret_weight));
  writer.U32(static_cast<uint32_t>(parameters.ephemeral_weight));
  for (const uint64_t q : parameters.q) writer.U64(q);
  for (const uint64_t p : parameters.p) writer.U64(p);
}

scheme::ParameterLiteral TakeParameters(ByteReader& reader) {
  scheme::ParameterLiteral parameters;
  parameters.log_n = static_cast<int>(reader.U32());
  parameters.log_default_scale = static_cast<int>(reader.U32());
  const uint64_t q_count = reader.U32();
  const uint64_t p_count = reader.U32();
  parameters.secret_weight = static_cast<int>(reader.U32());
  parameters.ephemeral_weight = static_cast<int>(reader.U32());
  // A count that lies must not decide how much memory is taken: no more moduli than bytes are read.
  for (uint64_t i = 0; i < q_count && reader.ok(); ++i) parameters.q.push_back(reader.U64());
  for (uint64_t i = 0; i < p_count && reader.ok(); ++i) parameters.p.push_back(reader.U64());
  return parameters;
}

}  // namespace keymemrt::runtime
