// SPDX-License-Identifier: Apache-2.0
#include "lattice/keys/packing.h"

#include <algorithm>
#include <array>
#include <cassert>

#include "lattice/arith/cpu_clones.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace keymemrt::lattice {

void PackResidues(std::span<const uint64_t> residues, const Modulus& q, std::span<uint64_t> packed) {
  const int bits = q.bits();
  assert(residues.size() % 64 == 0 && packed.size() == PackedWords(residues.size(), bits));
  uint64_t* out = packed.data();
  uint64_t word = 0;
  int filled = 0;  // bits of `word`
  for (const uint64_t residue : residues) {
    word |= residue << filled;
    filled += bits;
    if (filled < 64) continue;
    *out++ = word;
    filled -= 64;
    word = filled == 0 ? 0 : residue >> (bits - filled);
  }
}

KMRT_CPU_CLONES bool PortableUnpack(const uint64_t* packed, int bits, uint64_t largest, uint64_t* residues, size_t n) {
  const uint64_t mask = ~uint64_t{0} >> (64 - bits);
  // Of 64 residues: the word where each begins, the next one, and how far it is into the first.
  uint64_t word[64], next[64], shift[64];
  for (int i = 0; i < 64; ++i) {
    word[i] = static_cast<uint64_t>(i * bits / 64);
    next[i] = std::min(word[i] + 1, static_cast<uint64_t>(bits - 1));  // of the last, no bit is in a next word
    shift[i] = static_cast<uint64_t>(i * bits % 64);
  }
  uint64_t above = 0;  // the top bit: a residue > largest
  for (size_t begin = 0; begin < n; begin += 64, packed += bits, residues += 64) {
    for (int i = 0; i < 64; ++i) {
      const uint64_t residue = (packed[word[i]] >> shift[i] | packed[next[i]] << 1 << (63 - shift[i])) & mask;
      residues[i] = residue;
      above |= largest - residue;
    }
  }
  return above >> 63 == 0;
}

#if defined(__x86_64__)
namespace {

__attribute__((target("avx512f,avx512bw,avx512vbmi2"))) bool Vbmi2Unpack(const uint64_t* packed, int bits,
                                                                         uint64_t largest, uint64_t* residues,
                                                                         size_t n) {
  // Eight residues fill `bits` bytes, so every run of eight looks like the first: residue i is in words word[i] and
  // word[i]+1.
  alignas(64) uint64_t word[8], offset[8];
  for (int i = 0; i < 8; ++i) {
    word[i] = static_cast<uint64_t>(i * bits / 64);
    offset[i] = static_cast<uint64_t>(i * bits % 64);
  }
  const __m512i low = _mm512_load_si512(word), shift = _mm512_load_si512(offset);
  const __m512i high = _mm512_add_epi64(low, _mm512_set1_epi64(1));
  const __m512i mask = _mm512_set1_epi64(static_cast<int64_t>(~uint64_t{0} >> (64 - bits)));
  const __m512i limit = _mm512_set1_epi64(static_cast<int64_t>(largest));
  const __mmask64 run = (uint64_t{1} << bits) - 1;  // its bytes; those behind may not be there
  const char* bytes = reinterpret_cast<const char*>(packed);
  __mmask8 above = 0;
  for (size_t i = 0; i < n; i += 8, bytes += bits) {
    const __m512i words = _mm512_maskz_loadu_epi8(run, bytes);
    const __m512i residue = _mm512_and_si512(
        _mm512_shrdv_epi64(_mm512_permutexvar_epi64(low, words), _mm512_permutexvar_epi64(high, words), shift), mask);
    above |= _mm512_cmpgt_epu64_mask(residue, limit);
    _mm512_storeu_si512(residues + i, residue);
  }
  return above == 0;
}

}  // namespace

UnpackWords VectorUnpack() {
  static const bool supported =
      __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi2");
  return supported ? Vbmi2Unpack : nullptr;
}
#else
UnpackWords VectorUnpack() {
  return nullptr;
}
#endif

namespace {

UnpackWords FastestUnpack() {
  return VectorUnpack() != nullptr ? VectorUnpack() : PortableUnpack;
}

Status ExplainUnpacked(std::span<const uint64_t> residues, const Modulus& q) {
  const auto wrong = std::find_if(residues.begin(), residues.end(), [&](uint64_t x) { return x >= q.value(); });
  return Corrupt("packed residue {} is {}, below the modulus {} expected", wrong - residues.begin(), *wrong, q.value());
}

}  // namespace

Status UnpackResidues(std::span<const uint64_t> packed, const Modulus& q, std::span<uint64_t> residues) {
  assert(residues.size() % 64 == 0 && packed.size() == PackedWords(residues.size(), q.bits()));
  if (FastestUnpack()(packed.data(), q.bits(), q.value() - 1, residues.data(), residues.size())) return Status();
  return ExplainUnpacked(residues, q);
}

Status UnpackInPlace(std::span<uint64_t> limb, size_t begin, const Modulus& q) {
  const size_t bits = static_cast<size_t>(q.bits()), blocks = limb.size() / 64;
  assert(limb.size() % 64 == 0 && bits <= kMaxBitsInPlace);
  assert(begin + blocks * bits <= limb.size() && begin + blocks * bits + 512 > limb.size());
  // Block k is unpacked to words [64k, 64k+64) from begin + k*bits on: away from itself, but for the last blocks, whose
  // packed words are put aside: at most (512 + 64) / (64 - bits) + 1.
  const size_t apart = std::min(blocks, begin < 64 ? 0 : (begin - 64) / (64 - bits) + 1);
  std::array<uint64_t, (576 / (64 - kMaxBitsInPlace) + 1) * kMaxBitsInPlace> tail;
  assert((blocks - apart) * bits <= tail.size());
  const uint64_t* const packed = limb.data() + begin;
  std::copy_n(packed + apart * bits, (blocks - apart) * bits, tail.data());
  const UnpackWords unpack = FastestUnpack();
  const uint64_t largest = q.value() - 1;
  const bool first = unpack(packed, q.bits(), largest, limb.data(), apart * 64);
  const bool last = unpack(tail.data(), q.bits(), largest, limb.data() + apart * 64, (blocks - apart) * 64);
  if (first && last) return Status();
  return ExplainUnpacked(limb, q);
}

}  // namespace keymemrt::lattice
