// SPDX-License-Identifier: Apache-2.0
//
// 64-bit modular arithmetic over vectors, for avx2.cpp and avx512.cpp (see vector_ntt.inl): moduli up to 61 bits, with
// 32x32-bit products. The high word of a product is taken up to 2 too small, which moves Harvey's bound of 2q to 4q.
namespace keymemrt::lattice {
namespace {

template <class Isa>
struct WordMath {
  using V = typename Isa::V;

  // floor(x*y / 2^64) - e with e in {0, 1, 2}: the product of the low halves and the carries below bit 64 are left out.
  // y_high = y >> 32 in the low half of every lane.
  static KMRT_INLINE V MulHighLazy(V x, V y, V y_high) {
    const V x_high = Isa::ShiftRight(x, 32);
    const V high = Isa::Mul32(x_high, y_high);
    const V cross1 = Isa::ShiftRight(Isa::Mul32(x_high, y), 32);
    const V cross2 = Isa::ShiftRight(Isa::Mul32(x, y_high), 32);
    return Isa::Add(Isa::Add(cross1, cross2), high);
  }

  // A factor and floor(factor * 2^64 / q).
  struct Factor {
    V w, shoup, shoup_high;
  };
  static KMRT_INLINE Factor SetFactor(uint64_t w, uint64_t shoup) {
    return {Isa::Set1(w), Isa::Set1(shoup), Isa::Set1(shoup >> 32)};
  }
  // x*f mod q for any x, in [0, 4q).
  static KMRT_INLINE V MulLazy(V x, const Factor& f, V q) {
    const V quotient = MulHighLazy(x, f.shoup, f.shoup_high);
    return Isa::Sub(Isa::Mul64(x, f.w), Isa::Mul64(quotient, q));
  }
};

// The arithmetic of vector_ntt.inl for any q < 2^61. Words between passes: below 8q < 2^64 forward, below 4q back.
template <class IsaT, int RadixLog>
struct WordNtt {
  using Isa = IsaT;
  using V = typename Isa::V;
  using Math = WordMath<Isa>;
  using Twiddle = typename Math::Factor;
  static constexpr int kRadixLog = RadixLog;
  static constexpr int kPairs = Isa::kLanes == 8 ? 4 : 1;

  const uint64_t* roots;
  const uint64_t* shoup;
  uint64_t last[4];  // inverse: 1/n and roots[1]/n, each with its quotient
  V q, two_q, four_q;

  KMRT_INLINE Twiddle Broadcast(const uint64_t* w, const uint64_t* w_shoup) const {
    return {Isa::Set1(*w), Isa::Set1(*w_shoup), Isa::Set1High(w_shoup)};
  }
  template <int H>
  KMRT_INLINE Twiddle Repeat(const uint64_t* w, const uint64_t* w_shoup) const {
    const V quotient = Isa::template LoadRepeated<H>(w_shoup);
    return {Isa::template LoadRepeated<H>(w), quotient, Isa::ShiftRight(quotient, 32)};
  }

  KMRT_INLINE void Forward(V& x, V& y, const Twiddle& t) const {
    const V u = Isa::ReduceOnce(x, four_q);  // < 4q
    const V v = Math::MulLazy(y, t, q);      // < 4q
    x = Isa::Add(u, v);                      // < 8q
    y = Isa::Add(Isa::Sub(u, v), four_q);    // < 8q
  }
  template <int H>
  KMRT_INLINE void ForwardWithin(V& x, V& y, const uint64_t* w, const uint64_t* w_shoup) const {
    Forward(x, y, Repeat<H>(w, w_shoup));
  }
  KMRT_INLINE V ForwardFinish(V x) const {
    return Isa::ReduceOnce(Isa::ReduceOnce(Isa::ReduceOnce(x, four_q), two_q), q);
  }
  template <int Level>
  KMRT_INLINE void Inverse(V& x, V& y, const Twiddle& t) const {
    const V sum = Isa::Add(x, y);                           // < 8q
    const V difference = Isa::Add(Isa::Sub(x, y), four_q);  // < 8q
    x = Isa::ReduceOnce(sum, four_q);
    y = Math::MulLazy(difference, t, q);
  }
  template <int H>
  KMRT_INLINE void InverseWithin(V& x, V& y, const uint64_t* w, const uint64_t* w_shoup) const {
    Inverse<0>(x, y, Repeat<H>(w, w_shoup));
  }
  KMRT_INLINE void InverseAcross(V& x, V& y, const Twiddle& t) const { Inverse<0>(x, y, t); }
  KMRT_INLINE V InverseRelax(V x) const { return x; }
  template <int Level>
  KMRT_INLINE void InverseLast(V& x, V& y, const Twiddle& sum, const Twiddle& difference) const {
    const V s = Isa::Add(x, y);
    const V d = Isa::Add(Isa::Sub(x, y), four_q);
    x = Isa::ReduceOnce(Isa::ReduceOnce(Math::MulLazy(s, sum, q), two_q), q);
    y = Isa::ReduceOnce(Isa::ReduceOnce(Math::MulLazy(d, difference, q), two_q), q);
  }
};

template <class Isa, int RadixLog>
struct WordKernels {
  using V = typename Isa::V;
  using Math = WordMath<Isa>;
  using Ntt = WordNtt<Isa, RadixLog>;
  using Factor = typename Math::Factor;
  static constexpr size_t kLanes = Isa::kLanes;

  static KMRT_INLINE Ntt MakeNtt(const NttTable& table, const uint64_t* roots, const uint64_t* shoup) {
    const Modulus& q = table.modulus();
    const uint64_t last = q.MulShoup(roots[1], table.inverse_n(), table.inverse_n_shoup());
    return {roots,
            shoup,
            {table.inverse_n(), table.inverse_n_shoup(), last, q.Shoup(last)},
            Isa::Set1(q.value()),
            Isa::Set1(2 * q.value()),
            Isa::Set1(4 * q.value())};
  }
  static void NttForward(uint64_t* x, const NttTable& table) {
    if (table.log_n() < kLeastVectorLogN) return kScalarKernels.ntt_forward(x, table);
    VectorNtt<Ntt>::RunForward(MakeNtt(table, table.roots(), table.roots_shoup()), x, table.log_n());
  }
  static void NttInverse(uint64_t* x, const NttTable& table) {
    if (table.log_n() < kLeastVectorLogN) return kScalarKernels.ntt_inverse(x, table);
    VectorNtt<Ntt>::RunInverse(MakeNtt(table, table.inverse_roots(), table.inverse_roots_shoup()), x, table.log_n());
  }

  // The vectors of multiples of q that results are brought below q with.
  struct Bounds {
    V q, two_q, four_q;
    explicit KMRT_INLINE Bounds(const Modulus& modulus)
        : q(Isa::Set1(modulus.value())),
          two_q(Isa::Set1(2 * modulus.value())),
          four_q(Isa::Set1(4 * modulus.value())) {}
    KMRT_INLINE V From4q(V x) const { return Isa::ReduceOnce(Isa::ReduceOnce(x, two_q), q); }
    KMRT_INLINE V From8q(V x) const { return From4q(Isa::ReduceOnce(x, four_q)); }
  };

  // a*b mod q for a, b < q, in [0, 6q). With 2^(k-1) <= q < 2^k: p = floor(a*b / 2^(k-1)) < 2^(k+1),
  // mu = floor(2^(63+k) / q) (2^64 - 1 for a power of two) and t = floor(p*mu / 2^64), taken up to 2 too small. t falls
  // short of a*b/q by less than 1 (cutting p) + 1/2 (cutting mu; p < 2^62) + 1 (floor) + 2.
  struct Product {
    V mu, mu_high;
    int shift;
    explicit KMRT_INLINE Product(const Modulus& q) : shift(q.bits() - 1) {
      const uint128_t ratio = static_cast<uint128_t>(q.ratio_high()) << 64 | q.ratio_low();
      const uint128_t wide = ratio >> (65 - q.bits());
      const uint64_t word = wide >> 64 != 0 ? ~uint64_t{0} : static_cast<uint64_t>(wide);
      mu = Isa::Set1(word);
      mu_high = Isa::Set1(word >> 32);
    }
    KMRT_INLINE V MulLazy(V a, V b, V q) const {
      const V a_high = Isa::ShiftRight(a, 32);
      const V b_high = Isa::ShiftRight(b, 32);
      const V low_low = Isa::Mul32(a, b);
      // a_high, b_high < 2^29: the sum is below 2^63.
      const V middle = Isa::Add(Isa::Add(Isa::Mul32(a, b_high), Isa::Mul32(a_high, b)), Isa::ShiftRight(low_low, 32));
      const V high = Isa::Add(Isa::Mul32(a_high, b_high), Isa::ShiftRight(middle, 32));
      const V low = Isa::BlendHalves(low_low, Isa::ShiftLeft(middle, 32));
      const V p = Isa::Or(Isa::ShiftLeft(high, 64 - shift), Isa::ShiftRight(low, shift));
      return Isa::Sub(low, Isa::Mul64(Math::MulHighLazy(p, mu, mu_high), q));
    }
  };

  static void Add(uint64_t* out, const uint64_t* a, const uint64_t* b, size_t n, const Modulus& modulus) {
    const V q = Isa::Set1(modulus.value());
    for (size_t j = 0; j < n; j += kLanes) {
      Isa::Store(out + j, Isa::ReduceOnce(Isa::Add(Isa::Load(a + j), Isa::Load(b + j)), q));
    }
  }

  static void Sub(uint64_t* out, const uint64_t* a, const uint64_t* b, size_t n, const Modulus& modulus) {
    const V q = Isa::Set1(modulus.value());
    for (size_t j = 0; j < n; j += kLanes) {
      const V x = Isa::Add(Isa::Load(a + j), q);
      Isa::Store(out + j, Isa::ReduceOnce(Isa::Sub(x, Isa::Load(b + j)), q));
    }
  }

  static void Negate(uint64_t* out, const uint64_t* a, size_t n, const Modulus& modulus) {
    const V q = Isa::Set1(modulus.value());
    for (size_t j = 0; j < n; j += kLanes) Isa::Store(out + j, Isa::ReduceOnce(Isa::Sub(q, Isa::Load(a + j)), q));
  }

  static void Mul(uint64_t* out, const uint64_t* a, const uint64_t* b, size_t n, const Modulus& modulus) {
    const Bounds bounds(modulus);
    const Product product(modulus);
    for (size_t j = 0; j < n; j += kLanes) {
      Isa::Store(out + j, bounds.From8q(product.MulLazy(Isa::Load(a + j), Isa::Load(b + j), bounds.q)));
    }
  }

  static void MulAdd(uint64_t* out, const uint64_t* a, const uint64_t* b, size_t n, const Modulus& modulus) {
    const Bounds bounds(modulus);
    const Product product(modulus);
    for (size_t j = 0; j < n; j += kLanes) {
      const V r = product.MulLazy(Isa::Load(a + j), Isa::Load(b + j), bounds.q);  // < 6q
      Isa::Store(out + j, bounds.From8q(Isa::Add(r, Isa::Load(out + j))));
    }
  }

  static void MulScalar(uint64_t* out, const uint64_t* a, uint64_t w, size_t n, const Modulus& modulus) {
    const Bounds bounds(modulus);
    const Factor f = Math::SetFactor(w, modulus.Shoup(w));
    for (size_t j = 0; j < n; j += kLanes) {
      Isa::Store(out + j, bounds.From4q(Math::MulLazy(Isa::Load(a + j), f, bounds.q)));
    }
  }

  static void MulScalarAdd(uint64_t* out, const uint64_t* a, uint64_t w, size_t n, const Modulus& modulus) {
    const Bounds bounds(modulus);
    const Factor f = Math::SetFactor(w, modulus.Shoup(w));
    for (size_t j = 0; j < n; j += kLanes) {
      const V r = Isa::Add(Math::MulLazy(Isa::Load(a + j), f, bounds.q), Isa::Load(out + j));  // < 5q
      Isa::Store(out + j, bounds.From8q(r));
    }
  }

  static void SubMulScalar(uint64_t* out, const uint64_t* a, const uint64_t* b, uint64_t w, size_t n,
                           const Modulus& modulus) {
    const Bounds bounds(modulus);
    const Factor f = Math::SetFactor(w, modulus.Shoup(w));
    for (size_t j = 0; j < n; j += kLanes) {
      const V x = Isa::Sub(Isa::Add(Isa::Load(a + j), bounds.q), Isa::Load(b + j));
      Isa::Store(out + j, bounds.From4q(Math::MulLazy(x, f, bounds.q)));
    }
  }

  static void Reduce(uint64_t* out, const uint64_t* a, size_t n, const Modulus& modulus) {
    const Bounds bounds(modulus);
    const Factor one = Math::SetFactor(1, modulus.ratio_high());
    for (size_t j = 0; j < n; j += kLanes) {
      Isa::Store(out + j, bounds.From4q(Remainder(Isa::Load(a + j), one, bounds.q)));
    }
  }

  static void ReduceCentered(uint64_t* out, const uint64_t* a, size_t n, const Modulus& from, const Modulus& modulus) {
    const Bounds bounds(modulus);
    const Factor one = Math::SetFactor(1, modulus.ratio_high());
    const V half = Isa::Set1(from.value() / 2);
    if (from.value() / 2 < modulus.value()) {  // the representative is above -q and below q: primes of about one size
      const V shift = Isa::Set1(modulus.value() - from.value());  // modulo 2^64
      for (size_t j = 0; j < n; j += kLanes) {
        const V x = Isa::Load(a + j);
        Isa::Store(out + j, Isa::Add(x, Isa::SelectIfGreater(x, half, shift)));
      }
      return;
    }
    const V minus_from = Isa::Set1(modulus.Negate(modulus.Reduce(from.value())));
    for (size_t j = 0; j < n; j += kLanes) {
      const V x = Isa::Load(a + j);
      const V r = Remainder(x, one, bounds.q);                                   // < 4q
      const V shifted = Isa::Add(r, Isa::SelectIfGreater(x, half, minus_from));  // < 5q
      Isa::Store(out + j, bounds.From8q(shifted));
    }
  }

  static void Dot(uint64_t* out, const uint64_t* const* in, int bits, const uint8_t* u, const uint64_t* w, size_t count,
                  size_t n, const Modulus& modulus) {
    SumProducts(out, in, bits, u, [w](size_t i, size_t) { return Isa::Set1(w[i]); }, count, n, modulus);
  }

  static void InnerProduct(uint64_t* out, const uint64_t* const* a, const uint64_t* const* b, size_t count, size_t n,
                           const Modulus& modulus) {
    SumProducts(
        out, a, modulus.bits(), nullptr, [b](size_t i, size_t j) { return Isa::Load(b[i] + j); }, count, n, modulus);
  }

  static constexpr Kernels Table(const char* name) {
    return {
        .name = name,
        .ntt_forward = NttForward,
        .ntt_inverse = NttInverse,
        .add = Add,
        .sub = Sub,
        .negate = Negate,
        .mul = Mul,
        .mul_add = MulAdd,
        .mul_scalar = MulScalar,
        .mul_scalar_add = MulScalarAdd,
        .sub_mul_scalar = SubMulScalar,
        .reduce = Reduce,
        .reduce_centered = ReduceCentered,
        .dot = Dot,
        .permute = Isa::Permute,
        .inner_product = InnerProduct,
    };
  }

 private:
  // x mod q for any x, in [0, 4q).
  static KMRT_INLINE V Remainder(V x, const Factor& one, V q) {
    return Isa::Sub(x, Isa::Mul64(Math::MulHighLazy(x, one.shoup, one.shoup_high), q));
  }

  // high * 2^2Half + middle * 2^Half + low: a sum of products of words by halves, whose upper ones are below 2^30.
  template <int Half>
  struct WideSum {
    // Products between two carries: with 30 bits 7, then low < 7 * 2^60 + 2^30 and middle < 14 * 2^60 + 2^30; with 31
    // bits 4, then low <= 4*(2^31-1)^2 + 2^31 and middle <= 8*(2^31-1)*(2^30-1) + 2^31. To middle, low >> Half < 2^33
    // is added: it stays below 2^64.
    static constexpr size_t kBatch = Half == 30 ? 7 : 4;
    // Products that high has room for: 15 * (2^30-1)^2 and what is carried, below 2^34 every time, are below 2^64.
    static constexpr size_t kRoom = 15;

    V low, middle, high;

    KMRT_INLINE void AddProduct(V x, V y, V mask) {
      const V x_low = Isa::And(x, mask), x_high = Isa::ShiftRight(x, Half);
      const V y_low = Isa::And(y, mask), y_high = Isa::ShiftRight(y, Half);
      low = Isa::Add(low, Isa::Mul32(x_low, y_low));
      middle = Isa::Add(Isa::Add(middle, Isa::Mul32(x_low, y_high)), Isa::Mul32(x_high, y_low));
      high = Isa::Add(high, Isa::Mul32(x_high, y_high));
    }
    // After it low and middle are below 2^Half.
    KMRT_INLINE void Carry(V mask) {
      middle = Isa::Add(middle, Isa::ShiftRight(low, Half));
      high = Isa::Add(high, Isa::ShiftRight(middle, Half));
      low = Isa::And(low, mask);
      middle = Isa::And(middle, mask);
    }
  };

  struct SumConstants {
    Bounds bounds;
    Factor one, radix;  // radix: 2^2Half
  };

  // out[j] = sum of a[i][j] * factor(i, j), a[i][j] < 2^bits, and of u[j] * factor(count, j) unless u is null
  template <class Factors>
  static KMRT_INLINE void SumProducts(uint64_t* out, const uint64_t* const* a, int bits, const uint8_t* u,
                                      Factors factor, size_t count, size_t n, const Modulus& q) {
    if (bits > 60 || q.bits() > 60) {
      SumProductsOf<31, false>(out, a, u, factor, count, n, q);
    } else if (q.bits() < 59) {
      SumProductsOf<30, false>(out, a, u, factor, count, n, q);
    } else {
      SumProductsOf<30, true>(out, a, u, factor, count, n, q);
    }
  }

  // Near: 2^2Half <= 4q.
  template <int Half, bool Near, class Factors>
  static KMRT_INLINE void SumProductsOf(uint64_t* out, const uint64_t* const* a, const uint8_t* u, Factors factor,
                                        size_t count, size_t n, const Modulus& modulus) {
    const uint64_t radix = modulus.Reduce(uint64_t{1} << (2 * Half));
    const SumConstants constants = {Bounds(modulus), Math::SetFactor(1, modulus.ratio_high()),
                                    Math::SetFactor(radix, modulus.Shoup(radix))};
    // Columns of several vectors: a common factor is prepared once for all of them.
    constexpr size_t kColumn = kLanes == 8 ? 4 : 1;
    size_t j = 0;
    for (; j + kColumn * kLanes <= n; j += kColumn * kLanes) {
      SumColumn<kColumn, Half, Near>(out, a, u, factor, count, j, constants);
    }
    for (; j < n; j += kLanes) SumColumn<1, Half, Near>(out, a, u, factor, count, j, constants);
  }

  template <size_t Column, int Half, bool Near, class Factors>
  static KMRT_INLINE void SumColumn(uint64_t* out, const uint64_t* const* a, const uint8_t* u, Factors factor,
                                    size_t count, size_t j, const SumConstants& constants) {
    using Sum = WideSum<Half>;
    const V q = constants.bounds.q;
    const V mask = Isa::Set1((uint64_t{1} << Half) - 1);
    Sum sum[Column];
    for (size_t c = 0; c < Column; ++c) sum[c] = {Isa::Set1(0), Isa::Set1(0), Isa::Set1(0)};
    if (u != nullptr) {  // its words are small: the terms fit, and are carried when the first products are
      const V y = factor(count, j);
#pragma GCC unroll 4
      for (size_t c = 0; c < Column; ++c) {
        const V x = Isa::LoadBytes(u + j + c * kLanes);
        sum[c].low = Isa::Mul32(x, Isa::And(y, mask));
        sum[c].middle = Isa::Mul32(x, Isa::ShiftRight(y, Half));
        if constexpr (Sum::kBatch == 4) sum[c].Carry(mask);
      }
    }
    size_t room = Sum::kRoom;
    for (size_t i = 0;;) {
      const size_t batch = count - i < Sum::kBatch ? count - i : Sum::kBatch;
      if (batch > room) {
#pragma GCC unroll 4
        for (size_t c = 0; c < Column; ++c) {
          sum[c].high = Isa::ReduceOnce(Remainder(sum[c].high, constants.one, q), constants.bounds.two_q);
        }
        room = Sum::kRoom - 4;  // 2q < 2^62
      }
      room -= batch;
      for (const size_t end = i + batch; i < end; ++i) {
#pragma GCC unroll 4
        for (size_t c = 0; c < Column; ++c) {
          const size_t at = j + c * kLanes;
          sum[c].AddProduct(Isa::Load(a[i] + at), factor(i, at), mask);
        }
      }
#pragma GCC unroll 4
      for (size_t c = 0; c < Column; ++c) sum[c].Carry(mask);
      if (i == count) break;
    }
#pragma GCC unroll 4
    for (size_t c = 0; c < Column; ++c) {
      const V rest = Isa::Or(Isa::ShiftLeft(sum[c].middle, Half), sum[c].low);
      const V r =
          Isa::Add(Math::MulLazy(sum[c].high, constants.radix, q), Near ? rest : Remainder(rest, constants.one, q));
      Isa::Store(out + j + c * kLanes, constants.bounds.From8q(r));
    }
  }
};

}  // namespace
}  // namespace keymemrt::lattice
