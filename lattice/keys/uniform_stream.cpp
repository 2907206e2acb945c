// SPDX-License-Identifier: Apache-2.0
#include "lattice/keys/uniform_stream.h"

#include "lattice/sampling/csprng.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace keymemrt::lattice {

bool PortableUniformStream(const std::array<uint8_t, 16>& key, StreamPosition position, uint64_t mask, uint64_t largest,
                           std::span<uint64_t> out) {
  const uint32_t fields[] = {position.digit, position.limb, position.stream, position.block};
  std::array<uint8_t, 16> counter;
  for (size_t i = 0; i < counter.size(); ++i) counter[i] = static_cast<uint8_t>(fields[i / 4] >> (24 - 8 * (i % 4)));
  AesCtr(key, counter).Keystream({reinterpret_cast<uint8_t*>(out.data()), out.size_bytes()});
  uint64_t above = 0;
  for (uint64_t& word : out) {
    word &= mask;
    above |= largest - word;  // the top bit: word > largest
  }
  return above >> 63 != 0;
}

#if defined(__x86_64__)
namespace {

#define KMRT_TARGET_VAES __attribute__((target("aes,vaes,avx512f,avx512bw,avx512dq,avx512vl")))

// By way of memory: GCC 12 takes its own broadcast intrinsic for a use of an uninitialised vector.
KMRT_TARGET_VAES inline __m512i Broadcast(__m128i x) {
  alignas(64) const __m128i four[] = {x, x, x, x};
  return _mm512_load_si512(four);
}

// One step of the AES-128 key schedule (FIPS 197, 5.2); `assist` = AESKEYGENASSIST of the key before.
KMRT_TARGET_VAES inline __m128i NextRoundKey(__m128i key, __m128i assist) {
  key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
  key = _mm_xor_si128(key, _mm_slli_si128(key, 8));
  return _mm_xor_si128(key, _mm_shuffle_epi32(assist, 0xff));
}

KMRT_TARGET_VAES void ExpandKey(const std::array<uint8_t, 16>& key, __m128i* rounds) {
  rounds[0] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(key.data()));
  rounds[1] = NextRoundKey(rounds[0], _mm_aeskeygenassist_si128(rounds[0], 0x01));
  rounds[2] = NextRoundKey(rounds[1], _mm_aeskeygenassist_si128(rounds[1], 0x02));
  rounds[3] = NextRoundKey(rounds[2], _mm_aeskeygenassist_si128(rounds[2], 0x04));
  rounds[4] = NextRoundKey(rounds[3], _mm_aeskeygenassist_si128(rounds[3], 0x08));
  rounds[5] = NextRoundKey(rounds[4], _mm_aeskeygenassist_si128(rounds[4], 0x10));
  rounds[6] = NextRoundKey(rounds[5], _mm_aeskeygenassist_si128(rounds[5], 0x20));
  rounds[7] = NextRoundKey(rounds[6], _mm_aeskeygenassist_si128(rounds[6], 0x40));
  rounds[8] = NextRoundKey(rounds[7], _mm_aeskeygenassist_si128(rounds[7], 0x80));
  rounds[9] = NextRoundKey(rounds[8], _mm_aeskeygenassist_si128(rounds[8], 0x1b));
  rounds[10] = NextRoundKey(rounds[9], _mm_aeskeygenassist_si128(rounds[9], 0x36));
}

KMRT_TARGET_VAES bool VaesUniformStream(const std::array<uint8_t, 16>& key, StreamPosition position, uint64_t mask,
                                        uint64_t largest, std::span<uint64_t> out) {
  constexpr int kLanes = 8;  // vectors of four blocks in flight: enough to hide the latency of a round
  __m128i schedule[11];
  ExpandKey(key, schedule);
  __m512i rounds[11];
  for (int i = 0; i < 11; ++i) rounds[i] = Broadcast(schedule[i]);

  // Counter blocks with each field in machine order; the shuffle makes the bytes of every field big-endian.
  const __m512i big_endian = Broadcast(_mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3));
  const __m128i first = _mm_set_epi32(static_cast<int>(position.block), static_cast<int>(position.stream),
                                      static_cast<int>(position.limb), static_cast<int>(position.digit));
  __m512i counter =
      _mm512_add_epi32(Broadcast(first), _mm512_set_epi32(3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0));
  const __m512i four = Broadcast(_mm_set_epi32(4, 0, 0, 0));
  const __m512i masks = _mm512_set1_epi64(static_cast<int64_t>(mask));
  const __m512i limits = _mm512_set1_epi64(static_cast<int64_t>(largest));
  __mmask8 above = 0;
  for (size_t i = 0; i < out.size(); i += 8 * kLanes) {
    __m512i state[kLanes];
    for (__m512i& lane : state) {
      lane = _mm512_xor_si512(_mm512_shuffle_epi8(counter, big_endian), rounds[0]);
      counter = _mm512_add_epi32(counter, four);
    }
    for (int round = 1; round < 10; ++round) {
      for (__m512i& lane : state) lane = _mm512_aesenc_epi128(lane, rounds[round]);
    }
    for (int lane = 0; lane < kLanes; ++lane) {
      const __m512i words = _mm512_and_si512(_mm512_aesenclast_epi128(state[lane], rounds[10]), masks);
      above |= _mm512_cmpgt_epu64_mask(words, limits);
      _mm512_storeu_si512(out.data() + i + 8 * lane, words);
    }
  }
  return above != 0;
}

}  // namespace

UniformStream VectorUniformStream() {
  static const bool supported = __builtin_cpu_supports("vaes") && __builtin_cpu_supports("avx512f") &&
                                __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                                __builtin_cpu_supports("avx512vl");
  return supported ? VaesUniformStream : nullptr;
}
#else
UniformStream VectorUniformStream() {
  return nullptr;
}
#endif

}  // namespace keymemrt::lattice
