// SPDX-License-Identifier: Apache-2.0
//
// Vectors of eight words with AVX-512 F, DQ and VL, for avx512.cpp and ifma.cpp (see vector_ntt.inl).
namespace keymemrt::lattice {
namespace {

struct Avx512 {
  using V = __m512i;
  static constexpr int kLanes = 8;

  static KMRT_INLINE V Load(const uint64_t* p) { return _mm512_loadu_si512(p); }
  static KMRT_INLINE V LoadBytes(const uint8_t* p) {
    return _mm512_cvtepu8_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
  }
  static KMRT_INLINE void Store(uint64_t* p, V x) { _mm512_storeu_si512(p, x); }
  static KMRT_INLINE V Set1(uint64_t x) { return _mm512_set1_epi64(static_cast<long long>(x)); }
  // The high half of *p in both halves of every word.
  static KMRT_INLINE V Set1High(const uint64_t* p) {
    int high;
    __builtin_memcpy(&high, reinterpret_cast<const char*>(p) + 4, sizeof high);
    return _mm512_set1_epi32(high);
  }
  // kLanes/H consecutive words, each H times.
  template <int H>
  static KMRT_INLINE V LoadRepeated(const uint64_t* p) {
    if constexpr (H == 4) {
      const __m128i pair = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
      return _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 0, 0, 0, 1, 1, 1, 1), _mm512_castsi128_si512(pair));
    } else if constexpr (H == 2) {
      const __m256i four = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
      return _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 0, 1, 1, 2, 2, 3, 3), _mm512_castsi256_si512(four));
    } else {
      return Load(p);
    }
  }

  static KMRT_INLINE V Add(V x, V y) { return _mm512_add_epi64(x, y); }
  static KMRT_INLINE V Sub(V x, V y) { return _mm512_sub_epi64(x, y); }
  static KMRT_INLINE V And(V x, V y) { return _mm512_and_si512(x, y); }
  static KMRT_INLINE V Or(V x, V y) { return _mm512_or_si512(x, y); }
  static KMRT_INLINE V ShiftLeft(V x, int bits) { return _mm512_slli_epi64(x, static_cast<unsigned>(bits)); }
  static KMRT_INLINE V ShiftRight(V x, int bits) { return _mm512_srli_epi64(x, static_cast<unsigned>(bits)); }
  // Low 32 bits times low 32 bits; the low word of the product.
  static KMRT_INLINE V Mul32(V x, V y) { return _mm512_mul_epu32(x, y); }
  static KMRT_INLINE V Mul64(V x, V y) { return _mm512_mullo_epi64(x, y); }
  // The low half of x with the high half of y, in every word: (y & ~mask) + (x & mask).
  static KMRT_INLINE V BlendHalves(V x, V y) { return _mm512_mask_blend_epi32(0xAAAA, x, y); }
  // x - bound unless that is negative. REQUIRES: bound <= 2^63.
  static KMRT_INLINE V ReduceOnce(V x, V bound) { return _mm512_min_epu64(x, _mm512_sub_epi64(x, bound)); }
  // value where x > bound, else 0.
  static KMRT_INLINE V SelectIfGreater(V x, V bound, V value) {
    return _mm512_maskz_mov_epi64(_mm512_cmpgt_epu64_mask(x, bound), value);
  }

  // Two vectors x, y hold 16 consecutive words in blocks of 4H, x the first and y the second half of each block.
  // Exchange<H>: the same for blocks of 2H; its own inverse.
  template <int H>
  static KMRT_INLINE void Exchange(V& x, V& y) {
    const V u = x;
    if constexpr (H == 4) {
      x = _mm512_shuffle_i64x2(u, y, 0x44);
      y = _mm512_shuffle_i64x2(u, y, 0xEE);
    } else if constexpr (H == 2) {
      x = _mm512_permutex2var_epi64(u, _mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13), y);
      y = _mm512_permutex2var_epi64(u, _mm512_setr_epi64(2, 3, 10, 11, 6, 7, 14, 15), y);
    } else {
      x = _mm512_unpacklo_epi64(u, y);
      y = _mm512_unpackhi_epi64(u, y);
    }
  }
  // From blocks of 2 (x the even, y the odd words) to consecutive words, and back.
  static KMRT_INLINE void Interleave(V& x, V& y) {
    const V u = x;
    x = _mm512_permutex2var_epi64(u, _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11), y);
    y = _mm512_permutex2var_epi64(u, _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15), y);
  }
  static KMRT_INLINE void Deinterleave(V& x, V& y) {
    const V u = x;
    x = _mm512_permutex2var_epi64(u, _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14), y);
    y = _mm512_permutex2var_epi64(u, _mm512_setr_epi64(1, 3, 5, 7, 9, 11, 13, 15), y);
  }

  // An automorphism maps every aligned group of eight evaluations (those whose exponents of psi agree modulo 2n/8) to
  // such a group, so a load and a permutation do it. Other indices are gathered.
  static void Permute(uint64_t* out, const uint64_t* in, const uint32_t* index, size_t n) {
    for (size_t j = 0; j < n; j += kLanes) {
      const __m256i wanted = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(index + j));
      const __m256i first = _mm256_set1_epi32(static_cast<int>(index[j] & ~7u));
      const __m256i within = _mm256_sub_epi32(wanted, first);
      if (_mm256_cmpgt_epu32_mask(within, _mm256_set1_epi32(7)) == 0) {
        Store(out + j, _mm512_permutexvar_epi64(_mm512_cvtepu32_epi64(within), Load(in + (index[j] & ~7u))));
      } else {
        for (size_t i = 0; i < kLanes; ++i) out[j + i] = in[index[j + i]];
      }
    }
  }
};

}  // namespace
}  // namespace keymemrt::lattice
