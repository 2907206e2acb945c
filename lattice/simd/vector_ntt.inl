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
//   Isa                      the vector type and its instructions
//   kRadixLog                log2 of the largest radix that fits the registers
//   Twiddle                  a vector of factors and their quotients; Broadcast(w, shoup), Gather<H>(w, shoup):
//   2*kLanes/(2H)
//                            consecutive factors, each for H lanes
//   Forward(x, y, t)         x, y = x + t*y, x - t*y, words within the bound of the forward transform
//   ForwardFinish(x)         from there to [0, q)
//   Inverse<Level>(x, y, t)  x, y = x + y, t*(x - y), the (Level+1)-th in a row since InverseRelax
//   InverseRelax(x)          a sum back to the bound at which a stage starts
//   InverseFinish(x, t)      t*x in [0, q), for a sum or difference of words at the last level
//   InverseLast<Level>(x, y, t_sum, t_difference)
//   word pointers `roots`, `shoup` of the direction, and n and log_n of the transform
namespace keymemrt::lattice {
namespace {

template <class A>
struct VectorNtt {
  using Isa = typename A::Isa;
  using V = typename Isa::V;
  static constexpr int kLanes = Isa::kLanes;
  static constexpr int kPairLog = kLanes == 8 ? 4 : 3;  // log2 of the words of a pair of vectors

  // Passes for the next stage when `passes` are left before those within pairs: as few stages as can be, of even size.
  static constexpr int StagePasses(int passes) {
    const int stages = (passes + A::kRadixLog - 1) / A::kRadixLog;
    return passes / stages;
  }

  template <int R>
  static void ForwardStage(const A& a, uint64_t* x, int log_size, size_t k) {
    const size_t stride = size_t{1} << (log_size - R);
    for (size_t j = 0; j < stride; j += kLanes) {
      V v[1 << R];
#pragma GCC unroll 16
      for (int i = 0; i < 1 << R; ++i) v[i] = Isa::Load(x + j + static_cast<size_t>(i) * stride);
#pragma GCC unroll 4
      for (int level = 0; level < R; ++level) {
        const int half = 1 << (R - 1 - level);
#pragma GCC unroll 8
        for (int group = 0; group < 1 << level; ++group) {
          const size_t index = (k << level) + static_cast<size_t>(group);
          const typename A::Twiddle t = a.Broadcast(a.roots + index, a.shoup + index);
#pragma GCC unroll 8
          for (int i = 0; i < half; ++i) a.Forward(v[2 * group * half + i], v[(2 * group + 1) * half + i], t);
        }
      }
#pragma GCC unroll 16
      for (int i = 0; i < 1 << R; ++i) Isa::Store(x + j + static_cast<size_t>(i) * stride, v[i]);
    }
  }

  template <int H>
  static KMRT_INLINE void ForwardWithin(const A& a, V& x, V& y, size_t k) {
    Isa::template Exchange<H>(x, y);
    const size_t index = k * (kLanes / H);
    a.Forward(x, y, a.template Gather<H>(a.roots + index, a.shoup + index));
  }

  // The last passes, of `count` pairs from twiddle k on.
  static void ForwardPairs(const A& a, uint64_t* x, size_t count, size_t k) {
    for (size_t i = 0; i < count; ++i, ++k, x += 2 * kLanes) {
      V u = Isa::Load(x);
      V v = Isa::Load(x + kLanes);
      a.Forward(u, v, a.Broadcast(a.roots + k, a.shoup + k));
      if constexpr (kLanes == 8) ForwardWithin<4>(a, u, v, k);
      ForwardWithin<2>(a, u, v, k);
      ForwardWithin<1>(a, u, v, k);
      u = a.ForwardFinish(u);
      v = a.ForwardFinish(v);
      Isa::Interleave(u, v);
      Isa::Store(x, u);
      Isa::Store(x + kLanes, v);
    }
  }

  static void Forward(const A& a, uint64_t* x, int log_size, size_t k) {
    const int r = StagePasses(log_size - kPairLog);
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
  static void InverseStage(const A& a, uint64_t* x, int log_size, size_t k) {
    const size_t stride = size_t{1} << (log_size - R);
    for (size_t j = 0; j < stride; j += kLanes) {
      V v[1 << R];
#pragma GCC unroll 16
      for (int i = 0; i < 1 << R; ++i) v[i] = Isa::Load(x + j + static_cast<size_t>(i) * stride);
      InverseLevels<R, Last, 0>(a, v, k);
#pragma GCC unroll 16
      for (int i = 0; i < 1 << R; ++i) Isa::Store(x + j + static_cast<size_t>(i) * stride, v[i]);
    }
  }

  template <int R, bool Last, int Level>
  static KMRT_INLINE void InverseLevels(const A& a, V* v, size_t k) {
    constexpr int kHalf = 1 << Level;
    if constexpr (Level < R - 1) {
#pragma GCC unroll 8
      for (int group = 0; group < 1 << (R - 1 - Level); ++group) {
        const size_t index = (k << (R - 1 - Level)) + static_cast<size_t>(group);
        const typename A::Twiddle t = a.Broadcast(a.roots + index, a.shoup + index);
#pragma GCC unroll 8
        for (int i = 0; i < kHalf; ++i) {
          a.template Inverse<Level>(v[2 * group * kHalf + i], v[(2 * group + 1) * kHalf + i], t);
        }
      }
      InverseLevels<R, Last, Level + 1>(a, v, k);
    } else if constexpr (Last) {
      const typename A::Twiddle sum = a.Broadcast(a.last, a.last + 1);
      const typename A::Twiddle difference = a.Broadcast(a.last + 2, a.last + 3);
#pragma GCC unroll 8
      for (int i = 0; i < kHalf; ++i) a.template InverseLast<Level>(v[i], v[kHalf + i], sum, difference);
    } else {
      const typename A::Twiddle t = a.Broadcast(a.roots + k, a.shoup + k);
#pragma GCC unroll 8
      for (int i = 0; i < kHalf; ++i) {
        a.template Inverse<Level>(v[i], v[kHalf + i], t);
        v[i] = a.InverseRelax(v[i]);
      }
    }
  }

  template <int H, int Level>
  static KMRT_INLINE void InverseWithin(const A& a, V& x, V& y, size_t k) {
    const size_t index = k * (kLanes / H);
    a.template Inverse<Level>(x, y, a.template Gather<H>(a.roots + index, a.shoup + index));
    Isa::template Exchange<H>(x, y);
  }

  static void InversePairs(const A& a, uint64_t* x, size_t count, size_t k) {
    for (size_t i = 0; i < count; ++i, ++k, x += 2 * kLanes) {
      V u = Isa::Load(x);
      V v = Isa::Load(x + kLanes);
      Isa::Deinterleave(u, v);
      InverseWithin<1, 0>(a, u, v, k);
      InverseWithin<2, 1>(a, u, v, k);
      if constexpr (kLanes == 8) InverseWithin<4, 2>(a, u, v, k);
      a.template Inverse<kPairLog - 1>(u, v, a.Broadcast(a.roots + k, a.shoup + k));
      Isa::Store(x, a.InverseRelax(u));
      Isa::Store(x + kLanes, v);
    }
  }

  template <bool Last>
  static void Inverse(const A& a, uint64_t* x, int log_size, size_t k) {
    const int r = StagePasses(log_size - kPairLog);
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

// Smaller transforms are left to the scalar kernels.
constexpr int kLeastVectorLogN = 5;

}  // namespace
}  // namespace keymemrt::lattice
