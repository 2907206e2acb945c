// SPDX-License-Identifier: Apache-2.0
#include "runtime/files/key_files.h"

#include <string.h>  // explicit_bzero

#include <vector>

#include "base/container.h"
#include "base/file.h"
#include "runtime/files/limb_file.h"

namespace keymemrt::runtime {

namespace {

constexpr ContainerKind kSecretKind = {"KMRTSECR", 2, "a secret key file (secret.key)"};
constexpr ContainerKind kPublicKind = {"KMRTPUBL", 1, "a public key file (public.key)"};

constexpr char kOtherParameters[] =
    "{}: made for other parameters than the program's ({}): make keys for this program with `keymemrt keygen`";

// Bytes that do not stay behind in freed memory.
struct Wiped {
  std::vector<std::byte> bytes;
  ~Wiped() {
    if (!bytes.empty()) explicit_bzero(bytes.data(), bytes.size());
  }
};

Result<Wiped> ReadSecretPayload(const std::string& path) {
  KMRT_ASSIGN_OR_RETURN(const RandomAccessFile file, RandomAccessFile::Open(path));
  constexpr uint64_t kLimit = uint64_t{1} << 20;  // N = 2^17 coefficients take an eighth
  if (file.size() > kLimit) return Corrupt("{}: {} bytes, at most {} expected", path, file.size(), kLimit);
  Wiped whole{std::vector<std::byte>(file.size())};
  KMRT_RETURN_IF_ERROR(file.Read(0, whole.bytes));
  const auto payload = UnwrapContainer(kSecretKind, whole.bytes);
  if (!payload.ok()) return payload.status().WithContext(path);
  return Wiped{std::vector<std::byte>(payload->begin(), payload->end())};
}

}  // namespace

Status WriteSecretKey(const std::string& path, const scheme::Parameters& parameters, const SecretKeyFile& file) {
  ByteWriter fields;
  fields.U64(parameters.fingerprint());
  fields.Bytes(file.key_set.bytes);
  fields.Bytes(file.a_seed);
  std::vector<const lattice::SecretKey*> secrets = {&file.key};
  if (file.ephemeral) secrets.push_back(&*file.ephemeral);
  fields.U32(static_cast<uint32_t>(secrets.size()));
  for (const lattice::SecretKey* secret : secrets) {
    fields.U32(static_cast<uint32_t>(secret->distribution().hamming_weight));
  }
  Wiped payload;
  payload.bytes.reserve(fields.bytes().size() + secrets.size() * parameters.n());
  payload.bytes.assign(fields.bytes().begin(), fields.bytes().end());
  for (const lattice::SecretKey* secret : secrets) {
    const auto coefficients = std::as_bytes(secret->coefficients());
    payload.bytes.insert(payload.bytes.end(), coefficients.begin(), coefficients.end());
  }
  const Wiped framed{WrapContainer(kSecretKind, payload.bytes)};
  return WriteFile(path, framed.bytes, 0600);
}

Result<SecretKeyFile> ReadSecretKey(const std::string& path, const scheme::Parameters& parameters) {
  KMRT_ASSIGN_OR_RETURN(const Wiped payload, ReadSecretPayload(path));
  ByteReader reader(payload.bytes);
  const uint64_t fingerprint = reader.U64();
  KeySetId key_set;
  reader.Bytes(key_set.bytes);
  lattice::Seed a_seed;
  reader.Bytes(a_seed);
  if (reader.ok() && fingerprint != parameters.fingerprint()) {
    return Corrupt(kOtherParameters, path, parameters.Describe());
  }
  const uint32_t count = reader.U32();
  std::vector<scheme::SecretDistribution> distributions = {{parameters.literal().secret_weight}};
  if (const int weight = parameters.literal().ephemeral_weight; weight != 0) distributions.push_back({weight});
  if (reader.ok() && count != distributions.size()) {
    return Corrupt("{}: {} secrets, {} expected", path, count, distributions.size());
  }
  for (const auto& distribution : distributions) {
    const uint32_t weight = reader.U32();
    if (reader.ok() && weight != static_cast<uint32_t>(distribution.hamming_weight)) {
      return Corrupt("{}: a secret of weight {}, {} expected", path, weight, distribution.ToString());
    }
  }
  std::vector<lattice::SecretKey> secrets;
  Status status;
  for (const auto& distribution : distributions) {
    // SecretKey wipes the coefficients when it dies.
    std::vector<int8_t> coefficients(parameters.n());
    reader.Bytes(std::span<uint8_t>(reinterpret_cast<uint8_t*>(coefficients.data()), coefficients.size()));
    auto secret = lattice::SecretKey::FromCoefficients(parameters, std::move(coefficients), distribution);
    if (secret.ok()) {
      secrets.push_back(std::move(secret).value());
    } else if (status.ok()) {
      status = secret.status().WithContext(path);
    }
  }
  KMRT_RETURN_IF_ERROR(reader.Finish().WithContext(path));
  KMRT_RETURN_IF_ERROR(status);
  SecretKeyFile file{key_set, a_seed, std::move(secrets[0]), std::nullopt};
  if (secrets.size() == 2) file.ephemeral = std::move(secrets[1]);
  return file;
}

Status WritePublicKey(const std::string& path, const scheme::Parameters& parameters, const KeySetId& key_set,
                      const lattice::PublicKey& key) {
  ByteWriter fields;
  fields.U64(parameters.fingerprint());
  fields.Bytes(key_set.bytes);
  fields.Bytes(key.seed);
  std::vector<std::span<const uint64_t>> limbs;
  for (int i = 0; i < parameters.limb_count(); ++i) limbs.emplace_back(key.b.limb(i), parameters.n());
  return WriteLimbFile(kPublicKind, path, fields, limbs);
}

Result<PublicKeyFile> ReadPublicKey(const std::string& path, const scheme::Parameters& parameters, SlotPool& pool) {
  KMRT_ASSIGN_OR_RETURN(LimbFile file, LimbFile::Open(kPublicKind, path));
  ByteReader reader(file.header());
  const uint64_t fingerprint = reader.U64();
  PublicKeyFile result;
  reader.Bytes(result.key_set.bytes);
  reader.Bytes(result.key.seed);
  if (reader.ok() && fingerprint != parameters.fingerprint()) {
    return Corrupt(kOtherParameters, path, parameters.Describe());
  }
  const size_t limbs = static_cast<size_t>(parameters.limb_count());
  if (!reader.ok() || reader.remaining() != limbs * sizeof(uint64_t)) {
    return Corrupt("{}: its header has the wrong length", path);
  }
  KMRT_RETURN_IF_ERROR(file.Expect(limbs, parameters.n()));
  result.key.b = lattice::Poly(pool, MemoryClass::kKeys, parameters.limb_count());
  for (int i = 0; i < parameters.limb_count(); ++i) {
    KMRT_RETURN_IF_ERROR(file.Next(parameters.modulus(i), std::span<uint64_t>(result.key.b.limb(i), parameters.n())));
  }
  return result;
}

}  // namespace keymemrt::runtime
