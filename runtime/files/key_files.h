// SPDX-License-Identifier: Apache-2.0
//
// The client's directory: secret.key (mode 0600) and public.key. docs/formats/keystore.md.
#pragma once

#include <optional>
#include <string>

#include "base/slot_pool.h"
#include "base/status.h"
#include "lattice/keys/keys.h"
#include "runtime/format/bytes.h"
#include "scheme/parameters.h"

namespace keymemrt::runtime {

inline constexpr char kSecretKeyName[] = "secret.key";
inline constexpr char kPublicKeyName[] = "public.key";

// What only the client has, and all keys of its key set are made from: with the same secrets and the same seed, key
// generation makes the same keys to the byte.
struct SecretKeyFile {
  KeySetId key_set;
  lattice::Seed a_seed{};  // public: of the a halves of the switching keys
  lattice::SecretKey key;
  std::optional<lattice::SecretKey> ephemeral;  // the sparse secret of bootstrapping
};
struct PublicKeyFile {
  KeySetId key_set;
  lattice::PublicKey key;
};

// Written atomically, readable by the owner alone. REQUIRES: the secrets are drawn as the parameters say.
Status WriteSecretKey(const std::string& path, const scheme::Parameters& parameters, const SecretKeyFile& file);
Status WritePublicKey(const std::string& path, const scheme::Parameters& parameters, const KeySetId& key_set,
                      const lattice::PublicKey& key);

// Everything is checked. kInvalidArgument: no such file; kCorrupt: damaged, or of other parameters. Messages name the
// file.
Result<SecretKeyFile> ReadSecretKey(const std::string& path, const scheme::Parameters& parameters);
Result<PublicKeyFile> ReadPublicKey(const std::string& path, const scheme::Parameters& parameters, SlotPool& pool);

}  // namespace keymemrt::runtime
