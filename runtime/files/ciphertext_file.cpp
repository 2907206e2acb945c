// SPDX-License-Identifier: Apache-2.0
#include "runtime/files/ciphertext_file.h"

#include <cmath>

#include "runtime/files/limb_file.h"

namespace keymemrt::runtime {

namespace {

constexpr ContainerKind kKind = {"KMRTCIPH", 1, "a ciphertext file (.ct)"};
// More than a program can have as inputs or outputs in earnest.
constexpr uint32_t kMaxCiphertexts = 1 << 16;

}  // namespace

Status WriteCiphertexts(const std::string& path, const scheme::Parameters& parameters, const KeySetId& key_set,
                        std::span<const lattice::Ciphertext> ciphertexts) {
  ByteWriter fields;
  fields.U64(parameters.fingerprint());
  fields.Bytes(key_set.bytes);
  fields.U32(static_cast<uint32_t>(parameters.log_n()));
  fields.U32(static_cast<uint32_t>(ciphertexts.size()));
  std::vector<std::span<const uint64_t>> limbs;
  for (const lattice::Ciphertext& ciphertext : ciphertexts) {
    fields.U32(static_cast<uint32_t>(ciphertext.level));
    fields.U32(static_cast<uint32_t>(ciphertext.parts.size()));
    fields.F64(ciphertext.scale);
    for (const lattice::Poly& part : ciphertext.parts) {
      for (int i = 0; i <= ciphertext.level; ++i) limbs.emplace_back(part.limb(i), parameters.n());
    }
  }
  return WriteLimbFile(kKind, path, fields, limbs);
}

Result<CiphertextFile> ReadCiphertexts(const std::string& path, const scheme::Parameters& parameters, SlotPool& pool) {
  KMRT_ASSIGN_OR_RETURN(LimbFile file, LimbFile::Open(kKind, path));
  ByteReader reader(file.header());
  const uint64_t fingerprint = reader.U64();
  CiphertextFile result;
  reader.Bytes(result.key_set.bytes);
  const uint32_t log_n = reader.U32();
  const uint32_t count = reader.U32();
  if (!reader.ok()) return Corrupt("{}: its header is too short", path);
  if (fingerprint != parameters.fingerprint() || log_n != static_cast<uint32_t>(parameters.log_n())) {
    return Corrupt("{}: made for other parameters than the program's ({}): encrypt again for this program", path,
                   parameters.Describe());
  }
  if (count > kMaxCiphertexts) return Corrupt("{}: {} ciphertexts, at most {} expected", path, count, kMaxCiphertexts);

  struct Shape {
    uint32_t level, parts;
    double scale;
  };
  std::vector<Shape> shapes;
  size_t limbs = 0;
  for (uint32_t i = 0; i < count && reader.ok(); ++i) {
    Shape shape;
    shape.level = reader.U32();
    shape.parts = reader.U32();
    shape.scale = reader.F64();
    if (shape.level > static_cast<uint32_t>(parameters.max_level()) || shape.parts < 2 || shape.parts > 3 ||
        !std::isfinite(shape.scale) || shape.scale <= 0) {
      return Corrupt(
          "{}: ciphertext {} has level {}, {} parts and scale {}: level 0 to {}, 2 or 3 parts and a positive "
          "scale expected",
          path, i, shape.level, shape.parts, shape.scale, parameters.max_level());
    }
    limbs += shape.parts * (shape.level + 1);
    shapes.push_back(shape);
  }
  if (!reader.ok() || reader.remaining() != limbs * sizeof(uint64_t)) {
    return Corrupt("{}: its header has the wrong length", path);
  }
  KMRT_RETURN_IF_ERROR(file.Expect(limbs, parameters.n()));
  for (const Shape& shape : shapes) {
    lattice::Ciphertext& ciphertext = result.ciphertexts.emplace_back();
    ciphertext.level = static_cast<int>(shape.level);
    ciphertext.scale = shape.scale;
    for (uint32_t part = 0; part < shape.parts; ++part) {
      lattice::Poly& poly = ciphertext.parts.emplace_back(pool, MemoryClass::kCiphertexts, ciphertext.level + 1);
      for (int i = 0; i <= ciphertext.level; ++i) {
        KMRT_RETURN_IF_ERROR(file.Next(parameters.modulus(i), std::span<uint64_t>(poly.limb(i), parameters.n())));
      }
    }
  }
  return result;
}

Status CheckKeySet(const std::string& path, const KeySetId& actual, const std::string& other,
                   const KeySetId& expected) {
  if (actual == expected) return Status();
  return Corrupt("{}: belongs to key set {}, but {} holds key set {}: use the files of one key generation", path,
                 actual.ToString(), other, expected.ToString());
}

}  // namespace keymemrt::runtime
