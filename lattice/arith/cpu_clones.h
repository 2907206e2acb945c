// SPDX-License-Identifier: Apache-2.0
//
// KMRT_CPU_CLONES before a function: the compiler makes a version for each generation of x86-64 and the loader picks
// the one of the CPU, for simple loops that gain from wide vectors but are not worth a kernel of lattice/simd. Integer
// code only, or in files compiled with -ffp-contract=off: a fused multiply-add would make results depend on the CPU.
#pragma once

// The loader's choice runs before ThreadSanitizer is ready; Clang has no such clones by architecture level.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_THREAD__)
#define KMRT_CPU_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define KMRT_CPU_CLONES
#endif
