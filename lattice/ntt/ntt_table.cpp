// SPDX-License-Identifier: Apache-2.0
//
// Twiddle factors: n divisions per prime; everything else follows from psi^n = -1.
#include "lattice/ntt/ntt_table.h"

#include <sys/mman.h>

#include <cassert>
#include <cstdlib>
#include <new>

namespace keymemrt::lattice {

namespace {

// Uninitialised words, in huge pages where they fill one and the system gives them: a transform streams its tables, and
// the hardware's prefetching stops at the end of a page.
std::shared_ptr<uint64_t[]> AllocateWords(size_t words) {
  constexpr size_t kHugePage = size_t{1} << 21;
  const size_t bytes = words * sizeof(uint64_t);
  const std::align_val_t alignment{bytes >= kHugePage ? kHugePage : 64};
  uint64_t* const data = static_cast<uint64_t*>(operator new(bytes, alignment));
  if (bytes >= kHugePage) madvise(data, bytes, MADV_HUGEPAGE);  // advice: a refusal costs speed only
  return std::shared_ptr<uint64_t[]>(data, [alignment](uint64_t* p) { operator delete(p, alignment); });
}

// The least element of order 2n.
uint64_t LeastRoot(const Modulus& modulus, size_t n) {
  const uint64_t q = modulus.value();
  // Every g that is not a square gives an element of order exactly 2n; one of the first few is none (the least
  // non-residue of a prime below 2^61 is under 200), so this ends unless q is no such prime.
  uint64_t root = 0;
  for (uint64_t g = 2; root == 0; ++g) {
    if (g == 1000) std::abort();  // contract violated: q not prime or not = 1 mod 2n
    const uint64_t candidate = modulus.Pow(g, (q - 1) / (2 * n));
    if (modulus.Pow(candidate, n) == q - 1) root = candidate;
  }
  // The others are its odd powers.
  const uint64_t square = modulus.Mul(root, root);
  const uint64_t square_shoup = modulus.Shoup(square);
  uint64_t least = root;
  for (size_t i = 1; i < n; ++i) {
    root = modulus.MulShoup(root, square, square_shoup);
    if (root < least) least = root;
  }
  return least;
}

size_t ReverseBits(size_t x, int bits) {
  size_t reversed = 0;
  for (int i = 0; i < bits; ++i) reversed |= ((x >> i) & 1) << (bits - 1 - i);
  return reversed;
}

}  // namespace

NttTable::NttTable(int log_n, const Modulus& modulus) : log_n_(log_n), modulus_(modulus) {
  const uint64_t q = modulus.value();
  const size_t n = this->n();
  assert(log_n >= 3 && log_n <= 17 && q % (2 * n) == 1);
  psi_ = LeastRoot(modulus, n);
  inverse_n_ = modulus.Inverse(n % q);
  inverse_n_shoup_ = modulus.Shoup(inverse_n_);

  const bool has_shoup52 = q < uint64_t{1} << 50;
  storage_ = AllocateWords((has_shoup52 ? 6 : 4) * n);
  // What one transform uses side by side: roots, shoup52 and their inverses where there are any, then shoup.
  uint64_t* const roots = storage_.get();
  uint64_t* const inverse_roots = roots + n;
  uint64_t* const roots_shoup52 = roots + 2 * n;
  uint64_t* const inverse_roots_shoup52 = roots + 3 * n;
  uint64_t* const roots_shoup = roots + (has_shoup52 ? 4 : 2) * n;
  uint64_t* const inverse_roots_shoup = roots_shoup + n;
  roots_ = roots;
  roots_shoup_ = roots_shoup;
  inverse_roots_ = inverse_roots;
  inverse_roots_shoup_ = inverse_roots_shoup;

  const uint64_t psi_shoup = modulus.Shoup(psi_);
  uint64_t power = 1;
  for (size_t e = 0; e < n; ++e) {
    const size_t k = ReverseBits(e, log_n);
    roots[k] = power;
    roots_shoup[k] = modulus.Shoup(power);
    power = modulus.MulShoup(power, psi_, psi_shoup);
  }
  // psi^-e = -psi^(n-e); n - brv(m+i) = brv(m + (m-1-i)), so the inverses of a pass are its negated twiddles backwards.
  // As q does not divide w*2^64 (q odd, 0 < w < q), floor((q-w)*2^64/q) = 2^64 - 1 - floor(w*2^64/q).
  inverse_roots[0] = roots[0];
  inverse_roots_shoup[0] = roots_shoup[0];
  for (size_t m = 1; m < n; m *= 2) {
    for (size_t i = 0; i < m; ++i) {
      const size_t mirrored = m + (m - 1 - i);
      inverse_roots[m + i] = q - roots[mirrored];
      inverse_roots_shoup[m + i] = ~roots_shoup[mirrored];
    }
  }
  if (has_shoup52) {
    for (size_t k = 0; k < n; ++k) {
      roots_shoup52[k] = roots_shoup[k] >> 12;
      inverse_roots_shoup52[k] = inverse_roots_shoup[k] >> 12;
    }
    roots_shoup52_ = roots_shoup52;
    inverse_roots_shoup52_ = inverse_roots_shoup52;
  }
}

NttTable NttTable::Subring(int log_n) const {
  assert(log_n >= 3 && log_n <= log_n_);
  NttTable table = *this;
  table.log_n_ = log_n;
  table.psi_ = modulus_.Pow(psi_, uint64_t{1} << (log_n_ - log_n));
  table.inverse_n_ = modulus_.Mul(inverse_n_, modulus_.Reduce(uint64_t{1} << (log_n_ - log_n)));
  table.inverse_n_shoup_ = modulus_.Shoup(table.inverse_n_);
  return table;
}

}  // namespace keymemrt::lattice
