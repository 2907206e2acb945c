// SPDX-License-Identifier: Apache-2.0
//
// The constants of the negacyclic number-theoretic transform of one prime: x -> x(psi^(2*brv(i)+1)), i = 0..N-1, where
// psi is the least primitive 2N-th root of unity modulo q (so that tables are the same on every machine) and brv
// reverses log2(N) bits. Forward: natural order of coefficients in, bit-reversed order of evaluations out; inverse:
// back, with the factor 1/N folded in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "lattice/arith/modulus.h"

namespace keymemrt::lattice {

class NttTable {
 public:
  // REQUIRES: n a power of two in [8, 2^17], modulus prime and = 1 mod 2n.
  NttTable(int log_n, const Modulus& modulus);

  // The table of the subring of degree n' = 2^log_n, that of polynomials in X^(n/n'): its psi is this one's to the
  // power n/n', its twiddles are the first n' of these (shared, not copied). Evaluation k of a polynomial f(X^(n/n'))
  // in the ring is evaluation floor(k n'/n) of f in the subring. REQUIRES: 3 <= log_n <= this->log_n().
  NttTable Subring(int log_n) const;

  int log_n() const { return log_n_; }
  size_t n() const { return size_t{1} << log_n_; }
  const Modulus& modulus() const { return modulus_; }
  uint64_t psi() const { return psi_; }

  // Twiddles in the order in which the passes use them: index k = m+i for block i of the pass with m blocks, holding
  // psi^brv(k), for the inverse psi^-brv(k); index 0 is not used by any pass. Arrays of n words, 64-byte aligned.
  // *_shoup: floor(w * 2^64 / q); *_shoup52: floor(w * 2^52 / q) for the 52-bit multiplier of AVX-512 IFMA, null unless
  // q < 2^50.
  const uint64_t* roots() const { return roots_; }
  const uint64_t* roots_shoup() const { return roots_shoup_; }
  const uint64_t* roots_shoup52() const { return roots_shoup52_; }
  const uint64_t* inverse_roots() const { return inverse_roots_; }
  const uint64_t* inverse_roots_shoup() const { return inverse_roots_shoup_; }
  const uint64_t* inverse_roots_shoup52() const { return inverse_roots_shoup52_; }
  uint64_t inverse_n() const { return inverse_n_; }
  uint64_t inverse_n_shoup() const { return inverse_n_shoup_; }

 private:
  int log_n_;
  Modulus modulus_;
  uint64_t psi_;
  std::shared_ptr<uint64_t[]> storage_;  // all arrays; shared by copies, which are never written again
  const uint64_t *roots_, *roots_shoup_, *roots_shoup52_ = nullptr;
  const uint64_t *inverse_roots_, *inverse_roots_shoup_, *inverse_roots_shoup52_ = nullptr;
  uint64_t inverse_n_, inverse_n_shoup_;
};

}  // namespace keymemrt::lattice
