// SPDX-License-Identifier: Apache-2.0
//
// The client's directory: secret.key (mode 0600) and public.key. docs/formats/keystore.md.
#pragma once

#include <string>

#include "base/slot_pool.h"
#include "base/status.h"
#include "lattice/keys/keys.h"
#include "runtime/format/bytes.h"
#include "scheme/parameters.h"

namespace keymemrt::runtime {

inline constexpr char kSecretKeyName[] = "secret.key";
inline constexpr char kPublicKeyName[] = "public.key";

struct SecretKeyFile {
  KeySetId key_set;
  lattice::SecretKey key;
};
struct PublicKeyFile {
  KeySetId key_set;
  lattice::PublicKey key;
};

// Written atomically, readable by the owner alone.
Status WriteSecretKey(const std::string& path, const scheme::Parameters& parameters, const KeySetId& key_set,
                      const lattice::SecretKey& key);
Status WritePublicKey(const std::string& path, const scheme::Parameters& parameters, const KeySetId& key_set,
                      const lattice::PublicKey& key);

// Everything is checked. kInvalidArgument: no such file; kCorrupt: damaged, or of other parameters. Messages name the
// file.
Result<SecretKeyFile> ReadSecretKey(const std::string& path, const scheme::Parameters& parameters);
Result<PublicKeyFile> ReadPublicKey(const std::string& path, const scheme::Parameters& parameters, SlotPool& pool);

// The key set that a secret key file names, whatever its parameters.
Result<KeySetId> ReadSecretKeySet(const std::string& path);

}  // namespace keymemrt::runtime
