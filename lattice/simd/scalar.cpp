// SPDX-License-Identifier: Apache-2.0
//
// The kernels in portable C++: the reference for the others, and the tail of what they do not do better.
#include <algorithm>

#include "lattice/simd/kernel_sets.h"

namespace keymemrt::lattice {

namespace {

// x - bound if that is not negative.
uint64_t SubtractOnce(uint64_t x, uint64_t bound) {
  return x >= bound ? x - bound : x;
}

// Cooley-Tukey passes with Harvey's butterfly: words stay below 4q < 2^63 between passes.
void NttForward(uint64_t* x, const NttTable& table) {
  const Modulus& q = table.modulus();
  const uint64_t two_q = 2 * q.value();
  const size_t n = table.n();
  for (size_t m = 1, stride = n / 2; m < n; m *= 2, stride /= 2) {
    for (size_t i = 0; i < m; ++i) {
      const uint64_t w = table.roots()[m + i];
      const uint64_t w_shoup = table.roots_shoup()[m + i];
      uint64_t* const block = x + 2 * i * stride;
      for (size_t j = 0; j < stride; ++j) {
        const uint64_t u = SubtractOnce(block[j], two_q);                  // < 2q
        const uint64_t v = q.MulShoupLazy(block[j + stride], w, w_shoup);  // < 2q
        block[j] = u + v;
        block[j + stride] = u - v + two_q;
      }
    }
  }
  for (size_t j = 0; j < n; ++j) x[j] = SubtractOnce(SubtractOnce(x[j], two_q), q.value());
}

// Gentleman-Sande passes: words stay below 2q between passes.
void NttInverse(uint64_t* x, const NttTable& table) {
  const Modulus& q = table.modulus();
  const uint64_t two_q = 2 * q.value();
  const size_t n = table.n();
  for (size_t m = n / 2, stride = 1; m >= 1; m /= 2, stride *= 2) {
    for (size_t i = 0; i < m; ++i) {
      const uint64_t w = table.inverse_roots()[m + i];
      const uint64_t w_shoup = table.inverse_roots_shoup()[m + i];
      uint64_t* const block = x + 2 * i * stride;
      for (size_t j = 0; j < stride; ++j) {
        const uint64_t u = block[j];
        const uint64_t v = block[j + stride];
        block[j] = SubtractOnce(u + v, two_q);
        block[j + stride] = q.MulShoupLazy(u - v + two_q, w, w_shoup);
      }
    }
  }
  for (size_t j = 0; j < n; ++j) x[j] = q.MulShoup(x[j], table.inverse_n(), table.inverse_n_shoup());
}

void Add(uint64_t* out, const uint64_t* a, const uint64_t* b, size_t n, const Modulus& q) {
  for (size_t j = 0; j < n; ++j) out[j] = q.Add(a[j], b[j]);
}

void Sub(uint64_t* out, const uint64_t* a, const uint64_t* b, size_t n, const Modulus& q) {
  for (size_t j = 0; j < n; ++j) out[j] = q.Sub(a[j], b[j]);
}

void Negate(uint64_t* out, const uint64_t* a, size_t n, const Modulus& q) {
  for (size_t j = 0; j < n; ++j) out[j] = q.Negate(a[j]);
}

void Mul(uint64_t* out, const uint64_t* a, const uint64_t* b, size_t n, const Modulus& q) {
  for (size_t j = 0; j < n; ++j) out[j] = q.Mul(a[j], b[j]);
}

void MulAdd(uint64_t* out, const uint64_t* a, const uint64_t* b, size_t n, const Modulus& q) {
  for (size_t j = 0; j < n; ++j) out[j] = q.Reduce128(static_cast<uint128_t>(a[j]) * b[j] + out[j]);
}

void MulScalar(uint64_t* out, const uint64_t* a, uint64_t w, size_t n, const Modulus& q) {
  const uint64_t w_shoup = q.Shoup(w);
  for (size_t j = 0; j < n; ++j) out[j] = q.MulShoup(a[j], w, w_shoup);
}

void MulScalarAdd(uint64_t* out, const uint64_t* a, uint64_t w, size_t n, const Modulus& q) {
  const uint64_t w_shoup = q.Shoup(w);
  for (size_t j = 0; j < n; ++j) out[j] = q.Add(out[j], q.MulShoup(a[j], w, w_shoup));
}

void SubMulScalar(uint64_t* out, const uint64_t* a, const uint64_t* b, uint64_t w, size_t n, const Modulus& q) {
  const uint64_t w_shoup = q.Shoup(w);
  for (size_t j = 0; j < n; ++j) out[j] = q.MulShoup(a[j] - b[j] + q.value(), w, w_shoup);
}

void Reduce(uint64_t* out, const uint64_t* a, size_t n, const Modulus& q) {
  for (size_t j = 0; j < n; ++j) out[j] = q.Reduce(a[j]);
}

void ReduceCentered(uint64_t* out, const uint64_t* a, size_t n, const Modulus& from, const Modulus& q) {
  const uint64_t half = from.value() / 2;
  const uint64_t from_mod_q = q.Reduce(from.value());
  for (size_t j = 0; j < n; ++j) {
    const uint64_t r = q.Reduce(a[j]);
    out[j] = a[j] > half ? q.Sub(r, from_mod_q) : r;
  }
}

// 32 products below 2^122, and a residue, stay below 2^128.
constexpr size_t kTerms = 32;

void Dot(uint64_t* out, const uint64_t* const* in, int, const uint8_t* u, const uint64_t* w, size_t count, size_t n,
         const Modulus& q) {
  for (size_t j = 0; j < n; ++j) {
    uint64_t sum = q.Mul(q.Reduce(u[j]), w[count]);
    for (size_t i = 0; i < count;) {
      uint128_t wide = sum;
      for (const size_t end = std::min(count, i + kTerms); i < end; ++i)
        wide += static_cast<uint128_t>(in[i][j]) * w[i];
      sum = q.Reduce128(wide);
    }
    out[j] = sum;
  }
}

void InnerProduct(uint64_t* out, const uint64_t* const* a, const uint64_t* const* b, size_t count, size_t n,
                  const Modulus& q) {
  for (size_t j = 0; j < n; ++j) {
    uint64_t sum = 0;
    for (size_t i = 0; i < count;) {
      uint128_t wide = sum;
      for (const size_t end = std::min(count, i + kTerms); i < end; ++i)
        wide += static_cast<uint128_t>(a[i][j]) * b[i][j];
      sum = q.Reduce128(wide);
    }
    out[j] = sum;
  }
}

void Permute(uint64_t* out, const uint64_t* in, const uint32_t* index, size_t n) {
  for (size_t j = 0; j < n; ++j) out[j] = in[index[j]];
}

}  // namespace

const Kernels kScalarKernels = {
    .name = "scalar",
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
    .permute = Permute,
    .inner_product = InnerProduct,
};

}  // namespace keymemrt::lattice
