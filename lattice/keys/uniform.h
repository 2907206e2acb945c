// SPDX-License-Identifier: Apache-2.0
//
// The uniform halves of keys, from a public seed, with random access per (key, digit, limb).
//
// AES-128 in counter mode (NIST SP 800-38A) under a key derived from (seed, key) by SHA-256; chunk (digit, limb) owns a range
// of counters of its own. Words are drawn by rejection from bit strings of the modulus's length, within fixed-size blocks, so that
// any chunk is made without those before it.
#pragma once

#include <memory>

#include "lattice/arith/modulus.h"
#include "lattice/keys/key_source.h"
#include "scheme/parameters.h"

namespace keymemrt::lattice {

// Expands the chunks of one key. Thread-safe.
class UniformExpander {
 public:
  UniformExpander(const Seed& seed, const scheme::KeyId& key);
  ~UniformExpander();

  // out[0..n): uniform in [0, q), read as NTT evaluations. Deterministic in (seed, key, digit, limb, q, n).
  void Fill(int digit, int limb, const Modulus& q, std::span<uint64_t> out) const;

 private:
  std::array<uint8_t, 16> key_;
};

}  // namespace keymemrt::lattice
