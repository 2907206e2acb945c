// SPDX-License-Identifier: Apache-2.0
//
// Evaluation encoding (batching): N integers modulo a prime t = 1 mod 2N as the values of a polynomial modulo t at the
// primitive 2N-th roots of unity (Smart, Vercauteren, "Fully homomorphic SIMD operations", 2014). Sums and products of
// plaintexts are slot by slot, modulo t and exact. Page: docs/encodings/evaluation.md.
//
// The slots are a matrix of two rows of N/2, stored row by row: slot (r, j) is the value at psi^(5^j) for r = 0 and at
// psi^(-5^j) for r = 1, psi the root of the NTT modulo t. So X -> X^(5^k) rotates both rows left by k, and X ->
// X^(2N-1) swaps them: the Galois elements of a CKKS rotation and conjugation.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lattice/encoding/integer_plaintext.h"
#include "lattice/ntt/ntt_table.h"

namespace keymemrt::lattice {

class EvaluationEncoding {
 public:
  using Cleartext = std::vector<uint64_t>;
  using Encoded = Plaintext;

  // Coefficients are the symmetric representatives modulo t times `scale`, a whole number: 1 for an exact factor, far
  // above the noise for what is encrypted. Context and pool must outlive the encoding. kInvalidArgument: t not a prime
  // = 1 mod 2N below 2^61; no such level; scale not whole; t/2*scale not below Q_level/2.
  static Result<EvaluationEncoding> Create(const Context& context, SlotPool& pool, uint64_t t, int level, double scale);

  uint64_t t() const { return ntt_.modulus().value(); }

  // At most N integers in [0, t); the slots after the last one are zero.
  Result<Plaintext> Encode(const std::vector<uint64_t>& slots) const;
  // N integers in [0, t): every coefficient over the plaintext's own scale (products of scales included), rounded to
  // the nearest integer, modulo t. Exact as long as noise stays below half of that scale and no coefficient reached
  // Q_level/2.
  Result<std::vector<uint64_t>> Decode(const Plaintext& plaintext) const;
  std::string Domain() const;
  double ErrorBound(const std::vector<uint64_t>&) const { return 0; }

 private:
  EvaluationEncoding(const Context& context, SlotPool& pool, uint64_t t, int level, double scale);

  const Context* context_;
  SlotPool* pool_;
  NttTable ntt_;
  std::vector<uint32_t> position_;  // of slot i in the order of the NTT
  int level_;
  double scale_;
};

}  // namespace keymemrt::lattice
