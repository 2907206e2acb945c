// SPDX-License-Identifier: Apache-2.0
//
// The NTT over vectors, for avx2.cpp, avx512.cpp and ifma.cpp: each includes this file for itself and gives it a vector
// type and an arithmetic. Everything here has internal linkage (kernel_sets.h says why).
//
// Passes are done log2(radix) at a time in registers, depth first, so that sub-blocks stay in the caches: a block of
// 2^s words whose twiddle is roots[k] is split by one stage into 2^r sub-blocks with twiddles roots[(k << r) + c]. The
// passes whose stride is a vector or less are done by permuting words within a pair of vectors.
//
// An arithmetic `A` has:
//   Isa                        the vector type and its instructions
//   kRadixLog                  log2 of the largest radix that fits the registers
//   kPairs                     pairs of vectors that go through the last passes side by side: 1, 2 or 4
//   roots, shoup               the twiddles of the direction and their quotients
//   last                       inverse: 1/n and roots[1]/n, each followed by its quotient
//   Twiddle, Broadcast         a vector of one factor and its quotient, and how to load it
//   Forward(x, y, t)           x, y = x + t*y, x - t*y
//   ForwardWithin<H>(x, y, w, shoup)  the same for kLanes/H factors from w on, each for H lanes
//   ForwardFinish(x)           to [0, q)
//   InverseWithin<H>(x, y, w, shoup)  x, y = x + y, t*(x - y), from H = 1 to kLanes/2
//   InverseAcross(x, y, t)     the same after these, at the end of the passes of a pair
//   Inverse<Level>(x, y, t)    the same, the (Level+1)-th in a row of a stage
//   InverseRelax(x)            a sum, at the end of a stage, to the bound at which the next starts
//   InverseLast<Level>(x, y, t_sum, t_difference)  x, y = t_sum*(x + y), t_difference*(x - y) in [0, q)
// It keeps words within its own bounds between these.
namespace keymemrt::lattice {
namespace {

template <class A>
struct VectorNtt {
  using Isa = typename A::Isa;
  using V = typename Isa::V;
  static constexpr int kLanes = Isa::kLanes;
  static constexpr int kPairLog = kLanes == 8 ? 4 : 3;  // log2 of the words of a pair of vectors

  // Passes of the next stage of a block: as many as the registers allow and not more than divide what is left into
  // equal parts; at most three in large blocks, where the sub-blocks of a larger radix would meet in the same sets of
  // the first-level cache (16 lines, 4 KiB apart, in 8 or 12 ways).
  static constexpr int StagePasses(int log_size) {
    const int passes = log_size - kPairLog;
    const int most = log_size > 12 && A::kRadixLog > 3 ? 3 : A::kRadixLog;
    const int stages = (passes + most - 1) / most;
    return passes / stages;
  }

  // The twiddles of a stage of R passes: entry 2^level + group. Copied so that a register addresses all of them.
  template <int R>
  struct StageTwiddles {
    uint64_t w[1 << R], shoup[1 << R];
    KMRT_INLINE StageTwiddles(const A& a, size_t k) {
#pragma GCC unroll 4
      for (int level = 0; level < R; ++level) {
        __builtin_memcpy(w + (1 << level), a.roots + (k << level), sizeof(uint64_t) << level);
        __builtin_memcpy(shoup + (1 << level), a.shoup + (k << level), sizeof(uint64_t) << level);
      }
      // Keeps the compiler from broadcasting all of them ahead of the loop, to no registers.
      asm volatile("" : : "r"(this) : "memory");
    }
    KMRT_INLINE typename A::Twiddle operator()(const A& a, int level, int group) const {
      const int index = (1 << level) + group;
      return a.Broadcast(w + index, shoup + index);
    }
  };

  template <int R>
  static void ForwardStage(const A& arithmetic, uint64_t* x, int log_size, size_t k) {
    const A a = arithmetic;  // a copy that stores cannot alias
    const StageTwiddles<R> twiddles(a, k);
    const size_t stride = size_t{1} << (log_size - R);
    for (uint64_t* const end = x + stride; x != end; x += kLanes) {
      V v[1 << R];
#pragma GCC unroll 16
      for (int i = 0; i < 1 << R; ++i) v[i] = Isa::Load(x + static_cast<size_t>(i) * stride);
      ForwardLevels<R, 0>(a, v, twiddles);
#pragma GCC unroll 16
      for (int i = 0; i < 1 << R; ++i) Isa::Store(x + static_cast<size_t>(i) * stride, v[i]);
    }
  }

  template <int R, int Level>
  static KMRT_INLINE void ForwardLevels(const A& a, V* v, const StageTwiddles<R>& twiddles) {
    constexpr int kHalf = 1 << (R - 1 - Level);
#pragma GCC unroll 8
    for (int group = 0; group < 1 << Level; ++group) {
      const typename A::Twiddle t = twiddles(a, Level, group);
#pragma GCC unroll 8
      for (int i = 0; i < kHalf; ++i) a.Forward(v[2 * group * kHalf + i], v[(2 * group + 1) * kHalf + i], t);
    }
    if constexpr (Level < R - 1) ForwardLevels<R, Level + 1>(a, v, twiddles);
  }

  static constexpr int kPairs = A::kPairs;

  // The pass with stride H < kLanes.
  template <int H>
  static KMRT_INLINE void ForwardWithin(const A& a, V* u, V* v, size_t k) {
    const uint64_t* const w = a.roots + k * (kLanes / H);
    const uint64_t* const shoup = a.shoup + k * (kLanes / H);
#pragma GCC unroll 4
    for (int g = 0; g < kPairs; ++g) {
      Isa::template Exchange<H>(u[g], v[g]);
      a.template ForwardWithin<H>(u[g], v[g], w + g * (kLanes / H), shoup + g * (kLanes / H));
    }
  }

  // The last passes, of `count` pairs from twiddle k on.
  static void ForwardPairs(const A& arithmetic, uint64_t* x, size_t count, size_t k) {
    const A a = arithmetic;
    for (const size_t end = k + count; k != end; k += kPairs, x += 2 * kLanes * kPairs) {
      V u[kPairs], v[kPairs];
#pragma GCC unroll 4
      for (int g = 0; g < kPairs; ++g) {
        u[g] = Isa::Load(x + 2 * kLanes * g);
        v[g] = Isa::Load(x + 2 * kLanes * g + kLanes);
        a.Forward(u[g], v[g], a.Broadcast(a.roots + k + g, a.shoup + k + g));
      }
      if constexpr (kLanes == 8) ForwardWithin<4>(a, u, v, k);
      ForwardWithin<2>(a, u, v, k);
      ForwardWithin<1>(a, u, v, k);
#pragma GCC unroll 4
      for (int g = 0; g < kPairs; ++g) {
        u[g] = a.ForwardFinish(u[g]);
        v[g] = a.ForwardFinish(v[g]);
        Isa::Interleave(u[g], v[g]);
        Isa::Store(x + 2 * kLanes * g, u[g]);
        Isa::Store(x + 2 * kLanes * g + kLanes, v[g]);
      }
    }
  }

  static void Forward(const A& a, uint64_t* x, int log_size, size_t k) {
    const int r = StagePasses(log_size);
    switch (r) {
      case 1:
        ForwardStage<1>(a, x, log_size, k);
        break;
      case 2:
        ForwardStage<2>(a, x, log_size, k);
        break;
      case 3:
        if constexpr (A::kRadixLog >= 3) ForwardStage<3>(a, x, log_size, k);
        break;
      case 4:
        if constexpr (A::kRadixLog >= 4) ForwardStage<4>(a, x, log_size, k);
        break;
    }
    const size_t count = size_t{1} << r;
    log_size -= r;
    k <<= r;
    if (log_size == kPairLog) {
      ForwardPairs(a, x, count, k);
    } else {
      for (size_t c = 0; c < count; ++c) Forward(a, x + (c << log_size), log_size, k + c);
    }
  }

  // `Last`: the whole transform's last stage, which multiplies by 1/n and reduces as well.
  template <int R, bool Last>
  static void InverseStage(const A& arithmetic, uint64_t* x, int log_size, size_t k) {
    const A a = arithmetic;
    const StageTwiddles<R> twiddles(a, k);
    const size_t stride = size_t{1} << (log_size - R);
    for (uint64_t* const end = x + stride; x != end; x += kLanes) {
      V v[1 << R];
#pragma GCC unroll 16
      for (int i = 0; i < 1 << R; ++i) v[i] = Isa::Load(x + static_cast<size_t>(i) * stride);
      InverseLevels<R, Last, 0>(a, v, twiddles);
#pragma GCC unroll 16
      for (int i = 0; i < 1 << R; ++i) Isa::Store(x + static_cast<size_t>(i) * stride, v[i]);
    }
  }

  template <int R, bool Last, int Level>
  static KMRT_INLINE void InverseLevels(const A& a, V* v, const StageTwiddles<R>& twiddles) {
    constexpr int kHalf = 1 << Level;
    if constexpr (Level < R - 1) {
#pragma GCC unroll 8
      for (int group = 0; group < 1 << (R - 1 - Level); ++group) {
        const typename A::Twiddle t = twiddles(a, R - 1 - Level, group);
#pragma GCC unroll 8
        for (int i = 0; i < kHalf; ++i) {
          a.template Inverse<Level>(v[2 * group * kHalf + i], v[(2 * group + 1) * kHalf + i], t);
        }
      }
      InverseLevels<R, Last, Level + 1>(a, v, twiddles);
    } else if constexpr (Last) {
      const typename A::Twiddle sum = a.Broadcast(a.last, a.last + 1);
      const typename A::Twiddle difference = a.Broadcast(a.last + 2, a.last + 3);
#pragma GCC unroll 8
      for (int i = 0; i < kHalf; ++i) a.template InverseLast<Level>(v[i], v[kHalf + i], sum, difference);
    } else {
      const typename A::Twiddle t = twiddles(a, 0, 0);
#pragma GCC unroll 8
      for (int i = 0; i < kHalf; ++i) {
        a.template Inverse<Level>(v[i], v[kHalf + i], t);
        v[i] = a.InverseRelax(v[i]);
      }
    }
  }

  template <int H>
  static KMRT_INLINE void InverseWithin(const A& a, V* u, V* v, size_t k) {
    const uint64_t* const w = a.roots + k * (kLanes / H);
    const uint64_t* const shoup = a.shoup + k * (kLanes / H);
#pragma GCC unroll 4
    for (int g = 0; g < kPairs; ++g) {
      a.template InverseWithin<H>(u[g], v[g], w + g * (kLanes / H), shoup + g * (kLanes / H));
      Isa::template Exchange<H>(u[g], v[g]);
    }
  }

  static void InversePairs(const A& arithmetic, uint64_t* x, size_t count, size_t k) {
    const A a = arithmetic;
    for (const size_t end = k + count; k != end; k += kPairs, x += 2 * kLanes * kPairs) {
      V u[kPairs], v[kPairs];
#pragma GCC unroll 4
      for (int g = 0; g < kPairs; ++g) {
        u[g] = Isa::Load(x + 2 * kLanes * g);
        v[g] = Isa::Load(x + 2 * kLanes * g + kLanes);
        Isa::Deinterleave(u[g], v[g]);
      }
      InverseWithin<1>(a, u, v, k);
      InverseWithin<2>(a, u, v, k);
      if constexpr (kLanes == 8) InverseWithin<4>(a, u, v, k);
#pragma GCC unroll 4
      for (int g = 0; g < kPairs; ++g) {
        a.InverseAcross(u[g], v[g], a.Broadcast(a.roots + k + g, a.shoup + k + g));
        Isa::Store(x + 2 * kLanes * g, a.InverseRelax(u[g]));
        Isa::Store(x + 2 * kLanes * g + kLanes, v[g]);
      }
    }
  }

  template <bool Last>
  static void Inverse(const A& a, uint64_t* x, int log_size, size_t k) {
    const int r = StagePasses(log_size);
    const size_t count = size_t{1} << r;
    const int log_part = log_size - r;
    if (log_part == kPairLog) {
      InversePairs(a, x, count, k << r);
    } else {
      for (size_t c = 0; c < count; ++c) Inverse<false>(a, x + (c << log_part), log_part, (k << r) + c);
    }
    switch (r) {
      case 1:
        InverseStage<1, Last>(a, x, log_size, k);
        break;
      case 2:
        InverseStage<2, Last>(a, x, log_size, k);
        break;
      case 3:
        if constexpr (A::kRadixLog >= 3) InverseStage<3, Last>(a, x, log_size, k);
        break;
      case 4:
        if constexpr (A::kRadixLog >= 4) InverseStage<4, Last>(a, x, log_size, k);
        break;
    }
  }

  static void RunForward(const A& a, uint64_t* x, int log_n) {
    Forward(a, x, log_n, 1);
  }
  static void RunInverse(const A& a, uint64_t* x, int log_n) {
    Inverse<true>(a, x, log_n, 1);
  }
};

// Smaller transforms are left to the scalar kernels. (From here on the last stage has at least two passes, so that
// pairs come in fours.)
constexpr int kLeastVectorLogN = 6;

}  // namespace
}  // namespace keymemrt::lattice
