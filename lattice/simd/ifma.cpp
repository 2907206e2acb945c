// SPDX-License-Identifier: Apache-2.0
//
// Kernels with AVX-512 IFMA for moduli below 2^50; larger ones are left to avx512.cpp.
//
// vpmadd52luq / vpmadd52huq multiply the low 52 bits of their operands and add the low / high 52 bits of the product.
// So all arithmetic is modulo 2^52, and what is above bit 52 of a word does no harm until the word is compared: words
// are masked only there. -q stands for 2^52 - q.
#include <immintrin.h>

#include "lattice/simd/kernel_sets.h"
#include "lattice/simd/vector_avx512.inl"
#include "lattice/simd/vector_ntt.inl"
#include "lattice/simd/vector_word.inl"

namespace keymemrt::lattice {

namespace {

using Isa = Avx512;
using V = Isa::V;

constexpr size_t kLanes = Isa::kLanes;
constexpr uint64_t kMask52 = (uint64_t{1} << 52) - 1;

bool FitsIfma(const Modulus& q) {
  return q.bits() <= 50;
}

KMRT_INLINE V MulAddLow(V sum, V x, V y) {
  return _mm512_madd52lo_epu64(sum, x, y);
}
KMRT_INLINE V MulAddHigh(V sum, V x, V y) {
  return _mm512_madd52hi_epu64(sum, x, y);
}
KMRT_INLINE V Zero() {
  return _mm512_setzero_si512();
}

// A factor and floor(factor * 2^52 / q).
struct Factor {
  V w, shoup;
};
KMRT_INLINE Factor SetFactor(uint64_t w, const Modulus& q) {
  return {Isa::Set1(w), Isa::Set1(q.Shoup(w) >> 12)};
}

// sum + x*f modulo 2^52, where x*f stands for a representative in [0, 2q) of the product modulo q; any x < 2^52.
KMRT_INLINE V MulAddFactor(V sum, V x, const Factor& f, V minus_q) {
  const V quotient = MulAddHigh(Zero(), x, f.shoup);
  return MulAddLow(MulAddLow(sum, x, f.w), quotient, minus_q);
}

// floor(2^(51+k) / q) where 2^(k-1) <= q < 2^k; 2^52 - 1 if that is 2^52.
uint64_t ScaledInverse(const Modulus& q) {
  const uint128_t ratio = static_cast<uint128_t>(q.ratio_high()) << 64 | q.ratio_low();
  const uint64_t inverse = static_cast<uint64_t>(ratio >> (77 - q.bits()));
  return inverse > kMask52 ? kMask52 : inverse;
}

struct Bounds {
  V q, two_q, minus_q, mask;
  explicit KMRT_INLINE Bounds(const Modulus& modulus)
      : q(Isa::Set1(modulus.value())),
        two_q(Isa::Set1(2 * modulus.value())),
        minus_q(Isa::Set1((uint64_t{1} << 52) - modulus.value())),
        mask(Isa::Set1(kMask52)) {}
  KMRT_INLINE V Clean(V x) const { return Isa::And(x, mask); }
  KMRT_INLINE V From2q(V x) const { return Isa::ReduceOnce(x, q); }
  KMRT_INLINE V From4q(V x) const { return From2q(Isa::ReduceOnce(x, two_q)); }
};

// What both arithmetics of vector_ntt.inl share.
struct IfmaNtt {
  using Isa = Avx512;
  using Twiddle = Factor;
  static constexpr int kRadixLog = 4;
  static constexpr int kPairs = 4;

  const uint64_t* roots;
  const uint64_t* shoup;
  uint64_t last[4];  // inverse: 1/n and roots[1]/n, each with its quotient
  Bounds bounds;

  IfmaNtt(const NttTable& table, const uint64_t* roots, const uint64_t* shoup)
      : roots(roots), shoup(shoup), bounds(table.modulus()) {
    const Modulus& q = table.modulus();
    last[0] = table.inverse_n();
    last[1] = table.inverse_n_shoup() >> 12;
    last[2] = q.MulShoup(roots[1], table.inverse_n(), table.inverse_n_shoup());
    last[3] = q.Shoup(last[2]) >> 12;
  }

  KMRT_INLINE Factor Broadcast(const uint64_t* w, const uint64_t* w_shoup) const {
    return {Isa::Set1(*w), Isa::Set1(*w_shoup)};
  }
  KMRT_INLINE V MulClean(V x, const Factor& f) const {
    return bounds.Clean(MulAddFactor(Zero(), x, f, bounds.minus_q));
  }
};

// q < 2^50: Harvey's bounds, 4q <= 2^52 forward and 2q back, kept by every butterfly.
struct WideNtt : IfmaNtt {
  using IfmaNtt::IfmaNtt;

  KMRT_INLINE void Forward(V& x, V& y, const Factor& t) const {
    const V u = Isa::ReduceOnce(x, bounds.two_q);
    const V v = MulClean(y, t);
    x = Isa::Add(u, v);
    y = Isa::Add(Isa::Sub(u, v), bounds.two_q);
  }
  template <int H>
  KMRT_INLINE void ForwardWithin(V& x, V& y, const uint64_t* w, const uint64_t* w_shoup) const {
    Forward(x, y, {Isa::LoadRepeated<H>(w), Isa::LoadRepeated<H>(w_shoup)});
  }
  KMRT_INLINE V ForwardFinish(V x) const { return bounds.From4q(x); }

  template <int Level>
  KMRT_INLINE void Inverse(V& x, V& y, const Factor& t) const {
    const V difference = Isa::Add(Isa::Sub(x, y), bounds.two_q);
    x = Isa::ReduceOnce(Isa::Add(x, y), bounds.two_q);
    y = MulClean(difference, t);
  }
  template <int H>
  KMRT_INLINE void InverseWithin(V& x, V& y, const uint64_t* w, const uint64_t* w_shoup) const {
    Inverse<0>(x, y, {Isa::LoadRepeated<H>(w), Isa::LoadRepeated<H>(w_shoup)});
  }
  KMRT_INLINE void InverseAcross(V& x, V& y, const Factor& t) const { Inverse<0>(x, y, t); }
  KMRT_INLINE V InverseRelax(V x) const { return x; }
  template <int Level>
  KMRT_INLINE void InverseLast(V& x, V& y, const Factor& sum, const Factor& difference) const {
    const V s = Isa::Add(x, y);
    const V d = Isa::Add(Isa::Sub(x, y), bounds.two_q);
    x = bounds.From2q(MulClean(s, sum));
    y = bounds.From2q(MulClean(d, difference));
  }
};

// q < 2^46: all words stay below 64q <= 2^52 without reductions between butterflies.
//
// The passes within a pair, which have most of the twiddles, make the quotients themselves and so read half the memory:
// half = floor(w * 2^51 / q) - e with e in {0, 1}, and 2 * floor(y*half / 2^52) falls short of y*w/q by less than
// 4y/2^52 + 2 < 6, so that the product is in [0, 6q) where a loaded quotient gives [0, 2q).
//
// Forward, a word grows by 2q in each of at most 14 passes and by 6q in each of three: below q + 28q + 18q = 47q.
// Back, sums double. Within a pair: inputs < q, then < 6q, 12q, 24q, and < 48q after the last, relaxed to < 2q. In a
// stage: below 2q * 2^Level before the (Level+1)-th pass, 32q after the fourth, relaxed to < 2q.
struct NarrowNtt : IfmaNtt {
  V one_shoup;  // floor(2^52 / q)
  V mu;         // floor(2^(51+k) / q) < 2^52, where 2^(k-1) < q < 2^k
  V six_q, minus_two_q;
  int shift;  // 52 - k: w << shift is below 2^52

  NarrowNtt(const NttTable& table, const uint64_t* roots, const uint64_t* shoup) : IfmaNtt(table, roots, shoup) {
    const Modulus& q = table.modulus();
    one_shoup = Isa::Set1(q.ratio_high() >> 12);
    mu = Isa::Set1(ScaledInverse(q));
    six_q = Isa::Set1(6 * q.value());
    minus_two_q = Isa::Set1((uint64_t{1} << 52) - 2 * q.value());
    shift = 52 - q.bits();
  }

  // x modulo q in [0, 2q), modulo 2^52.
  KMRT_INLINE V Relax(V x) const { return MulAddLow(x, MulAddHigh(Zero(), x, one_shoup), bounds.minus_q); }
  // sum + x*w modulo 2^52, where x*w stands for a representative in [0, 6q).
  KMRT_INLINE V MulAddRough(V sum, V x, V w) const {
    const V half = MulAddHigh(Zero(), Isa::ShiftLeft(w, shift), mu);
    return MulAddLow(MulAddLow(sum, x, w), MulAddHigh(Zero(), x, half), minus_two_q);
  }

  KMRT_INLINE void Forward(V& x, V& y, const Factor& t) const {
    const V twice = Isa::Add(Isa::Add(x, x), bounds.two_q);
    x = MulAddFactor(x, y, t, bounds.minus_q);  // x + v
    y = Isa::Sub(twice, x);                     // x - v + 2q
  }
  template <int H>
  KMRT_INLINE void ForwardWithin(V& x, V& y, const uint64_t* w, const uint64_t*) const {
    const V twice = Isa::Add(Isa::Add(x, x), six_q);
    x = MulAddRough(x, y, Isa::LoadRepeated<H>(w));
    y = Isa::Sub(twice, x);
  }
  KMRT_INLINE V ForwardFinish(V x) const { return bounds.From2q(bounds.Clean(Relax(x))); }

  template <int H>
  KMRT_INLINE void InverseWithin(V& x, V& y, const uint64_t* w, const uint64_t*) const {
    // Inputs are below q, 6q, 12q for H = 1, 2, 4.
    const V difference = Isa::Add(Isa::Sub(x, y), H == 4 ? Isa::ShiftLeft(six_q, 1) : six_q);
    x = Isa::Add(x, y);
    y = MulAddRough(Zero(), difference, Isa::LoadRepeated<H>(w));
  }
  KMRT_INLINE void InverseAcross(V& x, V& y, const Factor& t) const {
    const V difference = Isa::Add(Isa::Sub(x, y), Isa::ShiftLeft(six_q, 2));
    x = Isa::Add(x, y);
    y = MulAddFactor(Zero(), difference, t, bounds.minus_q);
  }
  template <int Level>
  KMRT_INLINE void Inverse(V& x, V& y, const Factor& t) const {
    const V difference = Isa::Add(Isa::Sub(x, y), Isa::ShiftLeft(bounds.two_q, Level));
    x = Isa::Add(x, y);
    y = MulAddFactor(Zero(), difference, t, bounds.minus_q);
  }
  KMRT_INLINE V InverseRelax(V x) const { return Relax(x); }
  template <int Level>
  KMRT_INLINE void InverseLast(V& x, V& y, const Factor& sum, const Factor& difference) const {
    const V s = Isa::Add(x, y);
    const V d = Isa::Add(Isa::Sub(x, y), Isa::ShiftLeft(bounds.two_q, Level));
    x = bounds.From2q(MulClean(s, sum));
    y = bounds.From2q(MulClean(d, difference));
  }
};

constexpr int kNarrowBits = 46;

void NttForward(uint64_t* x, const NttTable& table) {
  if (!FitsIfma(table.modulus()) || table.log_n() < kLeastVectorLogN) return kAvx512Kernels.ntt_forward(x, table);
  if (table.modulus().bits() <= kNarrowBits) {
    VectorNtt<NarrowNtt>::RunForward(NarrowNtt(table, table.roots(), table.roots_shoup52()), x, table.log_n());
  } else {
    VectorNtt<WideNtt>::RunForward(WideNtt(table, table.roots(), table.roots_shoup52()), x, table.log_n());
  }
}

void NttInverse(uint64_t* x, const NttTable& table) {
  if (!FitsIfma(table.modulus()) || table.log_n() < kLeastVectorLogN) return kAvx512Kernels.ntt_inverse(x, table);
  const uint64_t* const roots = table.inverse_roots();
  const uint64_t* const shoup = table.inverse_roots_shoup52();
  if (table.modulus().bits() <= kNarrowBits) {
    VectorNtt<NarrowNtt>::RunInverse(NarrowNtt(table, roots, shoup), x, table.log_n());
  } else {
    VectorNtt<WideNtt>::RunInverse(WideNtt(table, roots, shoup), x, table.log_n());
  }
}

// a*b mod q for a, b < q, in [0, 3q). With 2^(k-1) <= q < 2^k: p = floor(a*b / 2^(k-1)) < 2^(k+1) <= 2^51,
// mu = floor(2^(51+k) / q), t = floor(p*mu / 2^52); t falls short of a*b/q by less than 1 (cutting p) + 1 (cutting mu)
// + 1.
struct Product {
  V mu;
  int shift;
  explicit KMRT_INLINE Product(const Modulus& q) : mu(Isa::Set1(ScaledInverse(q))), shift(q.bits() - 1) {}
  KMRT_INLINE V MulLazy(V a, V b, const Bounds& bounds) const {
    const V high = MulAddHigh(Zero(), a, b);
    const V low = MulAddLow(Zero(), a, b);
    const V p = Isa::Or(Isa::ShiftLeft(high, 52 - shift), Isa::ShiftRight(low, shift));
    return bounds.Clean(MulAddLow(low, MulAddHigh(Zero(), p, mu), bounds.minus_q));
  }
};

void Mul(uint64_t* out, const uint64_t* a, const uint64_t* b, size_t n, const Modulus& modulus) {
  if (!FitsIfma(modulus)) return kAvx512Kernels.mul(out, a, b, n, modulus);
  const Bounds bounds(modulus);
  const Product product(modulus);
  for (size_t j = 0; j < n; j += kLanes) {
    Isa::Store(out + j, bounds.From4q(product.MulLazy(Isa::Load(a + j), Isa::Load(b + j), bounds)));
  }
}

void MulAdd(uint64_t* out, const uint64_t* a, const uint64_t* b, size_t n, const Modulus& modulus) {
  if (!FitsIfma(modulus)) return kAvx512Kernels.mul_add(out, a, b, n, modulus);
  const Bounds bounds(modulus);
  const Product product(modulus);
  for (size_t j = 0; j < n; j += kLanes) {
    const V r = product.MulLazy(Isa::Load(a + j), Isa::Load(b + j), bounds);  // < 3q
    Isa::Store(out + j, bounds.From4q(Isa::Add(r, Isa::Load(out + j))));
  }
}

void MulScalar(uint64_t* out, const uint64_t* a, uint64_t w, size_t n, const Modulus& modulus) {
  if (!FitsIfma(modulus)) return kAvx512Kernels.mul_scalar(out, a, w, n, modulus);
  const Bounds bounds(modulus);
  const Factor f = SetFactor(w, modulus);
  for (size_t j = 0; j < n; j += kLanes) {
    const V r = bounds.Clean(MulAddFactor(Zero(), Isa::Load(a + j), f, bounds.minus_q));
    Isa::Store(out + j, bounds.From2q(r));
  }
}

void MulScalarAdd(uint64_t* out, const uint64_t* a, uint64_t w, size_t n, const Modulus& modulus) {
  if (!FitsIfma(modulus)) return kAvx512Kernels.mul_scalar_add(out, a, w, n, modulus);
  const Bounds bounds(modulus);
  const Factor f = SetFactor(w, modulus);
  for (size_t j = 0; j < n; j += kLanes) {
    const V r = bounds.Clean(MulAddFactor(Isa::Load(out + j), Isa::Load(a + j), f, bounds.minus_q));  // < 3q
    Isa::Store(out + j, bounds.From4q(r));
  }
}

void SubMulScalar(uint64_t* out, const uint64_t* a, const uint64_t* b, uint64_t w, size_t n, const Modulus& modulus) {
  if (!FitsIfma(modulus)) return kAvx512Kernels.sub_mul_scalar(out, a, b, w, n, modulus);
  const Bounds bounds(modulus);
  const Factor f = SetFactor(w, modulus);
  for (size_t j = 0; j < n; j += kLanes) {
    const V x = Isa::Sub(Isa::Add(Isa::Load(a + j), bounds.q), Isa::Load(b + j));
    Isa::Store(out + j, bounds.From2q(bounds.Clean(MulAddFactor(Zero(), x, f, bounds.minus_q))));
  }
}

void Reduce(uint64_t* out, const uint64_t* a, size_t n, const Modulus& q) {
  kAvx512Kernels.reduce(out, a, n, q);
}

void ReduceCentered(uint64_t* out, const uint64_t* a, size_t n, const Modulus& from, const Modulus& q) {
  kAvx512Kernels.reduce_centered(out, a, n, from, q);
}

struct SumConstants {
  Bounds bounds;
  Factor one, radix, radix_squared;  // radix: 2^52
};

// How large a sum of products x*y is, y < q: which parts of the products there are.
enum class SumSize {
  kSmall,   // x < 2^52, the sum below 2^104
  kMedium,  // the sum below 2^104
  kLarge,
};

// top * 2^104 + high * 2^52 + low; only kLarge has a top.
template <SumSize Size>
struct WideSum {
  V low, high, top;

  KMRT_INLINE void AddProduct(V x, V y) {
    low = MulAddLow(low, x, y);
    high = MulAddHigh(high, x, y);
    if constexpr (Size != SumSize::kSmall) {
      const V x_top = Isa::ShiftRight(x, 52);
      high = MulAddLow(high, x_top, y);
      if constexpr (Size == SumSize::kLarge) top = MulAddHigh(top, x_top, y);
    }
  }
  KMRT_INLINE V Reduce(const SumConstants& constants) const {
    const Bounds& bounds = constants.bounds;
    const V carried_high = Isa::Add(high, Isa::ShiftRight(low, 52));
    if constexpr (Size != SumSize::kLarge) {
      // Both quotients at once; the remainder is below 4q <= 2^52.
      const V high_quotient = MulAddHigh(Zero(), carried_high, constants.radix.shoup);
      const V quotient = MulAddHigh(high_quotient, low, constants.one.shoup);
      const V sum = MulAddLow(low, carried_high, constants.radix.w);
      return bounds.From4q(bounds.Clean(MulAddLow(sum, quotient, bounds.minus_q)));
    } else {
      const V carried_top = Isa::Add(top, Isa::ShiftRight(carried_high, 52));
      V r = MulAddFactor(Zero(), carried_top, constants.radix_squared, bounds.minus_q);
      // r < 4q <= 2^52, rest < 2q
      r = bounds.Clean(MulAddFactor(r, carried_high, constants.radix, bounds.minus_q));
      const V rest = bounds.Clean(MulAddFactor(Zero(), low, constants.one, bounds.minus_q));
      return bounds.From4q(Isa::Add(Isa::ReduceOnce(r, bounds.two_q), rest));
    }
  }
};

// out[j] = sum of a[i][j] * factor(i, j), and of u[j] * factor(count, j) unless u is null
template <size_t Column, SumSize Size, class Factors>
KMRT_INLINE void SumColumn(uint64_t* out, const uint64_t* const* a, const uint8_t* u, Factors factor, size_t count,
                           size_t j, const SumConstants& constants) {
  WideSum<Size> sum[Column];
  for (size_t c = 0; c < Column; ++c) sum[c] = {Zero(), Zero(), Zero()};
  if (u != nullptr) {
#pragma GCC unroll 4
    for (size_t c = 0; c < Column; ++c) {
      const V x = Isa::LoadBytes(u + j + c * kLanes);
      const V y = factor(count, j);
      sum[c].low = MulAddLow(Zero(), x, y);
      sum[c].high = MulAddHigh(Zero(), x, y);
    }
  }
  for (size_t i = 0; i < count; ++i) {
#pragma GCC unroll 4
    for (size_t c = 0; c < Column; ++c) {
      const size_t at = j + c * kLanes;
      sum[c].AddProduct(Isa::Load(a[i] + at), factor(i, at));
    }
  }
#pragma GCC unroll 4
  for (size_t c = 0; c < Column; ++c) Isa::Store(out + j + c * kLanes, sum[c].Reduce(constants));
}

// 2^11 terms of 52 bits, twice in `high`, fit a word.
constexpr size_t kMaxTerms = 2047;

template <SumSize Size, class Factors>
KMRT_INLINE void SumProductsOf(uint64_t* out, const uint64_t* const* a, const uint8_t* u, Factors factor, size_t count,
                               size_t n, const Modulus& modulus) {
  const uint64_t radix = modulus.Reduce(uint64_t{1} << 52);
  const SumConstants constants = {Bounds(modulus), SetFactor(1, modulus), SetFactor(radix, modulus),
                                  SetFactor(modulus.Mul(radix, radix), modulus)};
  constexpr size_t kColumn = 4;
  size_t j = 0;
  for (; j + kColumn * kLanes <= n; j += kColumn * kLanes) {
    SumColumn<kColumn, Size>(out, a, u, factor, count, j, constants);
  }
  for (; j < n; j += kLanes) SumColumn<1, Size>(out, a, u, factor, count, j, constants);
}

// REQUIRES: a[i][j] < 2^bits, bits >= 8.
template <class Factors>
KMRT_INLINE void SumProducts(uint64_t* out, const uint64_t* const* a, int bits, const uint8_t* u, Factors factor,
                             size_t count, size_t n, const Modulus& q) {
  const bool large = bits + q.bits() + (64 - __builtin_clzll(count + 1)) > 104;
  if (large) {
    SumProductsOf<SumSize::kLarge>(out, a, u, factor, count, n, q);
  } else if (bits > 52) {
    SumProductsOf<SumSize::kMedium>(out, a, u, factor, count, n, q);
  } else {
    SumProductsOf<SumSize::kSmall>(out, a, u, factor, count, n, q);
  }
}

void Dot(uint64_t* out, const uint64_t* const* in, int bits, const uint8_t* u, const uint64_t* w, size_t count,
         size_t n, const Modulus& modulus) {
  if (!FitsIfma(modulus) || count > kMaxTerms) return kAvx512Kernels.dot(out, in, bits, u, w, count, n, modulus);
  SumProducts(out, in, bits, u, [w](size_t i, size_t) { return Isa::Set1(w[i]); }, count, n, modulus);
}

void InnerProduct(uint64_t* out, const uint64_t* const* a, const uint64_t* const* b, size_t count, size_t n,
                  const Modulus& modulus) {
  if (!FitsIfma(modulus) || count > kMaxTerms) return kAvx512Kernels.inner_product(out, a, b, count, n, modulus);
  const int bits = modulus.bits() < 8 ? 8 : modulus.bits();
  SumProducts(out, a, bits, nullptr, [b](size_t i, size_t j) { return Isa::Load(b[i] + j); }, count, n, modulus);
}

using Word = WordKernels<Avx512, 4>;

}  // namespace

const Kernels kIfmaKernels = {
    .name = "ifma",
    .ntt_forward = NttForward,
    .ntt_inverse = NttInverse,
    .add = Word::Add,
    .sub = Word::Sub,
    .negate = Word::Negate,
    .mul = Mul,
    .mul_add = MulAdd,
    .mul_scalar = MulScalar,
    .mul_scalar_add = MulScalarAdd,
    .sub_mul_scalar = SubMulScalar,
    .reduce = Reduce,
    .reduce_centered = ReduceCentered,
    .dot = Dot,
    .permute = Avx512::Permute,
    .inner_product = InnerProduct,
};

}  // namespace keymemrt::lattice
