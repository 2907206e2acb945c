// SPDX-License-Identifier: Apache-2.0
//
// Bit-packing of residues, for storage: a limb of N residues modulo a b-bit q in N*b/64 words instead of N.
//
// Format: residue i is bits [i*b, (i+1)*b) of the packed words, bit k of the limb being bit k % 64 (from the least
// significant) of word k / 64. 64 residues fill b words, so a limb (N is a multiple of 64) ends at the end of a word.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/status.h"
#include "lattice/arith/modulus.h"

namespace keymemrt::lattice {

// Words of `n` packed residues of `bits` bits, n a multiple of 64.
constexpr size_t PackedWords(size_t n, int bits) {
  return n / 64 * static_cast<size_t>(bits);
}

// REQUIRES: residues below q, their number a multiple of 64; packed.size() == PackedWords(residues.size(), q.bits()).
void PackResidues(std::span<const uint64_t> residues, const Modulus& q, std::span<uint64_t> packed);

// The inverse. kCorrupt, saying which, when a residue is not below q; `residues` then holds nothing of use. The same
// REQUIRES for the sizes; the two must not overlap.
Status UnpackResidues(std::span<const uint64_t> packed, const Modulus& q, std::span<uint64_t> residues);

// The widest residues that UnpackInPlace takes.
inline constexpr int kMaxBitsInPlace = 52;

// Unpacks a limb within its own memory: limb.size() residues modulo q, whose packed words begin at limb[begin].
// kCorrupt as UnpackResidues. REQUIRES: limb.size() - 512 < begin + PackedWords(limb.size(), q.bits()) <= limb.size(),
// q.bits() <= kMaxBitsInPlace.
Status UnpackInPlace(std::span<uint64_t> limb, size_t begin, const Modulus& q);

// What UnpackResidues runs on, for tests and benchmarks: false when a residue is above `largest`, which has `bits`
// bits, 1 to 63. All write the same residues, also wrong ones.
using UnpackWords = bool (*)(const uint64_t* packed, int bits, uint64_t largest, uint64_t* residues, size_t n);
bool PortableUnpack(const uint64_t* packed, int bits, uint64_t largest, uint64_t* residues, size_t n);
// By AVX-512 VBMI2; null where the CPU has none.
UnpackWords VectorUnpack();

}  // namespace keymemrt::lattice
