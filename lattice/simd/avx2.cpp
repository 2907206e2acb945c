// SPDX-License-Identifier: Apache-2.0
//
// Kernels with AVX2, for moduli up to 61 bits.
#include <immintrin.h>

#include "lattice/simd/kernel_sets.h"
#include "lattice/simd/vector_ntt.inl"
#include "lattice/simd/vector_word.inl"

namespace keymemrt::lattice {

namespace {

struct Avx2 {
  using V = __m256i;
  static constexpr int kLanes = 4;

  static KMRT_INLINE V Load(const uint64_t* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
  static KMRT_INLINE V LoadBytes(const uint8_t* p) { return _mm256_cvtepu8_epi64(_mm_loadu_si32(p)); }
  static KMRT_INLINE void Store(uint64_t* p, V x) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), x); }
  static KMRT_INLINE V Set1(uint64_t x) { return _mm256_set1_epi64x(static_cast<long long>(x)); }
  // The high half of *p in both halves of every word.
  static KMRT_INLINE V Set1High(const uint64_t* p) {
    int high;
    __builtin_memcpy(&high, reinterpret_cast<const char*>(p) + 4, sizeof high);
    return _mm256_set1_epi32(high);
  }
  // kLanes/H consecutive words, each H times.
  template <int H>
  static KMRT_INLINE V LoadRepeated(const uint64_t* p) {
    if constexpr (H == 2) {
      const __m128i pair = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
      return _mm256_permute4x64_epi64(_mm256_castsi128_si256(pair), 0x50);
    } else {
      return Load(p);
    }
  }

  static KMRT_INLINE V Add(V x, V y) { return _mm256_add_epi64(x, y); }
  static KMRT_INLINE V Sub(V x, V y) { return _mm256_sub_epi64(x, y); }
  static KMRT_INLINE V And(V x, V y) { return _mm256_and_si256(x, y); }
  static KMRT_INLINE V Or(V x, V y) { return _mm256_or_si256(x, y); }
  static KMRT_INLINE V ShiftLeft(V x, int bits) { return _mm256_slli_epi64(x, bits); }
  static KMRT_INLINE V ShiftRight(V x, int bits) { return _mm256_srli_epi64(x, bits); }
  // Low 32 bits times low 32 bits; the low word of the product.
  static KMRT_INLINE V Mul32(V x, V y) { return _mm256_mul_epu32(x, y); }
  static KMRT_INLINE V Mul64(V x, V y) {
    const V cross = Add(Mul32(ShiftRight(x, 32), y), Mul32(x, ShiftRight(y, 32)));
    return Add(Mul32(x, y), ShiftLeft(cross, 32));
  }
  // The low half of x with the high half of y, in every word.
  static KMRT_INLINE V BlendHalves(V x, V y) { return _mm256_blend_epi32(x, y, 0xAA); }
  // x - bound unless that is negative. REQUIRES: x < 2^63 + bound, bound <= 2^63: the difference fits a signed word.
  static KMRT_INLINE V ReduceOnce(V x, V bound) {
    const __m256d difference = _mm256_castsi256_pd(Sub(x, bound));
    return _mm256_castpd_si256(_mm256_blendv_pd(difference, _mm256_castsi256_pd(x), difference));
  }
  // value where x > bound, else 0. REQUIRES: both below 2^63.
  static KMRT_INLINE V SelectIfGreater(V x, V bound, V value) { return And(_mm256_cmpgt_epi64(x, bound), value); }

  // Two vectors x, y hold 8 consecutive words in blocks of 4H, x the first and y the second half of each block.
  // Exchange<H>: the same for blocks of 2H; its own inverse.
  template <int H>
  static KMRT_INLINE void Exchange(V& x, V& y) {
    const V u = x;
    if constexpr (H == 2) {
      x = _mm256_permute2x128_si256(u, y, 0x20);
      y = _mm256_permute2x128_si256(u, y, 0x31);
    } else {
      x = _mm256_unpacklo_epi64(u, y);
      y = _mm256_unpackhi_epi64(u, y);
    }
  }
  // From blocks of 2 (x the even, y the odd words) to consecutive words, and back.
  static KMRT_INLINE void Interleave(V& x, V& y) {
    Exchange<1>(x, y);
    Exchange<2>(x, y);
  }
  static KMRT_INLINE void Deinterleave(V& x, V& y) {
    Exchange<2>(x, y);
    Exchange<1>(x, y);
  }

  // A gather is no faster than the loads it is made of.
  static void Permute(uint64_t* out, const uint64_t* in, const uint32_t* index, size_t n) {
    for (size_t j = 0; j < n; ++j) out[j] = in[index[j]];
  }
};

}  // namespace

const Kernels kAvx2Kernels = WordKernels<Avx2, 2>::Table("avx2");

}  // namespace keymemrt::lattice
