// SPDX-License-Identifier: Apache-2.0
//
// Client-side: public-key encryption and decryption.
#pragma once

#include "lattice/keys/keys.h"
#include "lattice/ring/context.h"
#include "lattice/ring/poly.h"

namespace keymemrt::lattice {

// c = round((v*pk + (e0, e1)) / P) + (m, 0), computed modulo Q_level*P; v ternary, e of deviation 3.2, all from the
// operating system's entropy. At the plaintext's level and scale.
Result<Ciphertext> Encrypt(const Context& context, SlotPool& pool, const PublicKey& key, const Plaintext& plaintext);

// m + noise, at the ciphertext's level and scale. Two or three parts.
Result<Plaintext> Decrypt(const Context& context, SlotPool& pool, const SecretKey& key, const Ciphertext& ciphertext);

}  // namespace keymemrt::lattice
