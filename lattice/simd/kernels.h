// SPDX-License-Identifier: Apache-2.0
//
// The inner loops of the engine, one table of function pointers per instruction set. All tables give bit-identical
// results; the scalar one is the reference. Every array is one limb of n words (n a multiple of 8), 64-byte aligned,
// residues in [0, q) before and after unless stated. `out` may be the same array as an input, never a partial overlap.
//
// The table is chosen once by the CPU; the environment variable KEYMEMRT_KERNELS=scalar|avx2|avx512|ifma forces a lower
// one (an unknown or unsupported name is an error that ends the process with a message, never ignored).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "lattice/arith/modulus.h"
#include "lattice/ntt/ntt_table.h"

namespace keymemrt::lattice {

struct Kernels {
  const char* name;

  // Negacyclic NTT in place (ntt_table.h gives the order).
  void (*ntt_forward)(uint64_t* x, const NttTable& table);
  void (*ntt_inverse)(uint64_t* x, const NttTable& table);

  // out = a + b, a - b, -a, a * b, out + a * b (mod q), word by word.
  void (*add)(uint64_t* out, const uint64_t* a, const uint64_t* b, size_t n, const Modulus& q);
  void (*sub)(uint64_t* out, const uint64_t* a, const uint64_t* b, size_t n, const Modulus& q);
  void (*negate)(uint64_t* out, const uint64_t* a, size_t n, const Modulus& q);
  void (*mul)(uint64_t* out, const uint64_t* a, const uint64_t* b, size_t n, const Modulus& q);
  void (*mul_add)(uint64_t* out, const uint64_t* a, const uint64_t* b, size_t n, const Modulus& q);

  // out = w * a, out + w * a for one factor w < q.
  void (*mul_scalar)(uint64_t* out, const uint64_t* a, uint64_t w, size_t n, const Modulus& q);
  void (*mul_scalar_add)(uint64_t* out, const uint64_t* a, uint64_t w, size_t n, const Modulus& q);

  // out = w * (a - b): the tail of a rescale and of ModDown.
  void (*sub_mul_scalar)(uint64_t* out, const uint64_t* a, const uint64_t* b, uint64_t w, size_t n, const Modulus& q);

  // out = a mod q for words of any size.
  void (*reduce)(uint64_t* out, const uint64_t* a, size_t n, const Modulus& q);

  // out = a mod q where a holds residues modulo `from` (any two moduli) read as the symmetric representative in
  // (-from/2, from/2]: the base extension of one limb, rounding instead of flooring.
  void (*reduce_centered)(uint64_t* out, const uint64_t* a, size_t n, const Modulus& from, const Modulus& q);

  // Basis conversion to one output limb: out[j] = sum_i in[i][j] * w[i] + u[j] * w[count] mod q, where in[i] are
  // `count` limbs of words < 2^bits (residues of other moduli), 8 <= bits <= 61, and the count + 1 factors are < q.
  // (Halevi, Polyakov, Shoup, "An improved RNS variant of BFV", 2019, §2.2)
  void (*dot)(uint64_t* out, const uint64_t* const* in, int bits, const uint8_t* u, const uint64_t* w, size_t count,
              size_t n, const Modulus& q);

  // out[i] = in[index[i]]: an automorphism on evaluations. out != in.
  void (*permute)(uint64_t* out, const uint64_t* in, const uint32_t* index, size_t n);

  // Inner product of `count` limbs with as many, as of a key switch's digits with key chunks: out[j] =
  // sum_i a[i][j] * b[i][j] mod q. One reduction for the whole sum: with three digits two thirds of the time of one mul
  // and two mul_add.
  void (*inner_product)(uint64_t* out, const uint64_t* const* a, const uint64_t* const* b, size_t count, size_t n,
                        const Modulus& q);
};

// The table for this CPU (or the one that KEYMEMRT_KERNELS forces).
const Kernels& ActiveKernels();

// Every table that this CPU can run, the scalar one first: for tests and benchmarks.
std::span<const Kernels* const> SupportedKernels();

}  // namespace keymemrt::lattice
