// SPDX-License-Identifier: Apache-2.0
//
// Inside lattice/simd only: the kernel tables by name, and the choice among them.
//
// avx2.cpp, avx512.cpp and ifma.cpp are compiled for their instruction set. Everything they define has internal
// linkage, but for the table: an inline function shared with other translation units could reach a lesser CPU through
// the linker.
#pragma once

#include <span>
#include <string_view>

#include "lattice/simd/kernels.h"

// For what the vector files define: the optimiser's judgement fails on butterflies held in 16 registers.
#define KMRT_INLINE inline __attribute__((always_inline))

namespace keymemrt {
template <typename T>
class Result;
}

namespace keymemrt::lattice {

extern const Kernels kScalarKernels;
extern const Kernels kAvx2Kernels;    // AVX2
extern const Kernels kAvx512Kernels;  // AVX-512 F, DQ, VL
extern const Kernels kIfmaKernels;    // AVX-512 F, DQ, VL, IFMA

// The last (fastest) of `supported` when `forced` is empty, else the one of that name. kInvalidArgument when there is
// none: the message says whether the name is unknown or this CPU lacks the set, and lists what may be given.
Result<const Kernels*> ChooseKernels(std::string_view forced, std::span<const Kernels* const> supported);

}  // namespace keymemrt::lattice
