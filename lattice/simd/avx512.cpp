// SPDX-License-Identifier: Apache-2.0
//
// Kernels with AVX-512 F, DQ and VL, for moduli up to 61 bits.
#include <immintrin.h>

#include "lattice/simd/kernel_sets.h"
#include "lattice/simd/vector_avx512.inl"
#include "lattice/simd/vector_ntt.inl"
#include "lattice/simd/vector_word.inl"

namespace keymemrt::lattice {

const Kernels kAvx512Kernels = WordKernels<Avx512, 4>::Table("avx512");

}  // namespace keymemrt::lattice
