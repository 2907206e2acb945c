// SPDX-License-Identifier: Apache-2.0
#include "runtime/files/limb_file.h"

#include <algorithm>
#include <cstring>

#include "base/checksum.h"

namespace keymemrt::runtime {

namespace {

constexpr uint64_t kFrameBytes = 32;
// Far above any header: a damaged length must not decide how much memory is taken.
constexpr uint64_t kMaxHeader = uint64_t{1} << 24;

}  // namespace

Status WriteLimbFile(const ContainerKind& kind, const std::string& path, const ByteWriter& fields,
                     std::span<const std::span<const uint64_t>> limbs) {
  ByteWriter header = fields;
  for (const auto& limb : limbs) header.U64(Xxh3(std::as_bytes(limb)));
  KMRT_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  KMRT_RETURN_IF_ERROR(file.Append(WrapContainer(kind, header.bytes())));
  for (const auto& limb : limbs) KMRT_RETURN_IF_ERROR(file.Append(std::as_bytes(limb)));
  return file.Commit();
}

LimbFile::LimbFile(RandomAccessFile file, std::vector<std::byte> header)
    : file_(std::move(file)), header_(std::move(header)), offset_(kFrameBytes + header_.size()) {}

Result<LimbFile> LimbFile::Open(const ContainerKind& kind, const std::string& path) {
  KMRT_ASSIGN_OR_RETURN(RandomAccessFile file, RandomAccessFile::Open(path));
  std::vector<std::byte> bytes(std::min(file.size(), kFrameBytes));
  KMRT_RETURN_IF_ERROR(file.Read(0, bytes));
  if (bytes.size() == kFrameBytes) {
    uint64_t length;
    std::memcpy(&length, bytes.data() + 16, sizeof length);
    bytes.resize(kFrameBytes + std::min({length, file.size() - kFrameBytes, kMaxHeader}));
    KMRT_RETURN_IF_ERROR(file.Read(0, bytes));
  }
  const auto payload = UnwrapContainer(kind, bytes);
  if (!payload.ok()) return payload.status().WithContext(path);
  return LimbFile(std::move(file), std::vector<std::byte>(payload->begin(), payload->end()));
}

Status LimbFile::Expect(size_t limbs, size_t words) {
  const uint64_t size = offset_ + static_cast<uint64_t>(limbs) * words * sizeof(uint64_t);
  if (header_.size() < limbs * sizeof(uint64_t) || file_.size() != size) {
    return Corrupt("{}: truncated or overlong: {} bytes, {} expected", file_.path(), file_.size(), size);
  }
  limbs_ = limbs;
  return Status();
}

Status LimbFile::Next(uint64_t modulus, std::span<uint64_t> out) {
  const std::span<std::byte> bytes = std::as_writable_bytes(out);
  KMRT_RETURN_IF_ERROR(file_.Read(offset_, bytes));
  offset_ += bytes.size();
  uint64_t checksum;
  std::memcpy(&checksum, header_.data() + header_.size() - (limbs_ - next_) * sizeof checksum, sizeof checksum);
  if (Xxh3(bytes) != checksum) {
    return Corrupt("{}: damaged: the checksum of limb {} does not match", file_.path(), next_);
  }
  if (std::any_of(out.begin(), out.end(), [modulus](uint64_t word) { return word >= modulus; })) {
    return Corrupt("{}: limb {} has residues not below its modulus {}", file_.path(), next_, modulus);
  }
  ++next_;
  return Status();
}

}  // namespace keymemrt::runtime
