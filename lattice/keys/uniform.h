// SPDX-License-Identifier: Apache-2.0
//
// The uniform halves of keys, from a public seed, with random access per (key, digit, limb).
//
// Format 1, frozen by a test: keys in stores depend on it.
//   AES key   = first 16 bytes of SHA-256("KeyMemRT uniform 1" | seed | kind, 1 byte | Galois element, 8 bytes |
//               unless the key is plain: level, 4 bytes | number of special primes, 4 bytes), numbers little-endian.
//   stream s of chunk (digit, limb) = AES-128-CTR (NIST SP 800-38A) from the counter block digit | limb | s | 0, each a
//               32-bit big-endian number, read as little-endian 64-bit words, each masked to the bit length of q: the
//               candidates. Limbs are those of the full basis of the key's shape.
//   word i    = candidate i of stream 0 if it is below q. Rejected words are replaced, within each block of 1024 words
//               (number j) in ascending order, by the candidates below q of stream j+1 in turn.
// So stream 0 is used in place, any block of any chunk can be made without those before it, and for q just below a
// power of two, as NTT primes are chosen, rejection hardly ever happens.
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

  // out = words [begin, begin + out.size()) of the chunk: uniform in [0, q), read as NTT evaluations. Deterministic in
  // (seed, key, digit, limb, q) and the position; a caller that uses a chunk piece by piece keeps it in its first-level
  // cache. REQUIRES: begin and the size are multiples of 1024.
  void Fill(int digit, int limb, const Modulus& q, std::span<uint64_t> out, size_t begin = 0) const;

 private:
  std::array<uint8_t, 16> key_;
};

}  // namespace keymemrt::lattice
