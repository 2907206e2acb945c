// SPDX-License-Identifier: Apache-2.0
//
// KeySource: where the evaluator gets switching keys from, chunk by chunk. It never sees files or caches. Keys held in
// memory are one implementation (memory_keys.h), the runtime's chunk cache another.
//
// A switching key is, per digit d and limb t of the full basis (both as the parameters of the key's shape have them,
// scheme::Parameters::At), a pair (b, a) of N words in NTT form; a is regenerated
// from the public seed (uniform.h) and never stored; the b of one (d, t) is a chunk.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "base/status.h"
#include "scheme/parameters.h"

namespace keymemrt::lattice {

using Seed = std::array<uint8_t, 32>;

// One use of one key, from Acquire to destruction. Chunk and Done are thread-safe.
class KeyUse {
 public:
  virtual ~KeyUse() = default;

  // The b half of chunk (digit, limb of the full basis): N words in [0, modulus(limb)), NTT form; valid until the
  // matching Done. May wait for a read. The evaluator asks each chunk of its level once, limb by limb, the special ones
  // first, then q_0..q_level, and within a limb digit by digit (with several threads: each thread one limb at a time,
  // begun in this order), and holds at most one chunk per thread. After an error some chunks are not asked for.
  virtual Result<std::span<const uint64_t>> Chunk(int digit, int limb) = 0;
  virtual void Done(int digit, int limb) = 0;
};

class KeySource {
 public:
  virtual ~KeySource() = default;

  // The public seed from which the a halves of all keys of this set are made.
  virtual const Seed& a_seed() const = 0;

  // Begins a use of `key` at `level`: of its chunks, those of digits 0..DigitCount(level)-1 and limbs {q_0..q_level, P}
  // will be asked for. Thread-safe. Errors: kInvalidArgument when the set has no such key; what reading it may end in.
  virtual Result<std::unique_ptr<KeyUse>> Acquire(const scheme::KeyId& key, int level) = 0;
};

}  // namespace keymemrt::lattice
