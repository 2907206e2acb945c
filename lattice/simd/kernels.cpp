// SPDX-License-Identifier: Apache-2.0
//
// Which kernel table this process uses. Compiled for the baseline CPU, like everything but the tables themselves.
#include "lattice/simd/kernels.h"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/status.h"
#include "lattice/simd/kernel_sets.h"

namespace keymemrt::lattice {

namespace {

constexpr std::string_view kNames[] = {"scalar", "avx2", "avx512", "ifma"};

std::vector<const Kernels*> Detect() {
  std::vector<const Kernels*> tables = {&kScalarKernels};
#ifdef KMRT_X86_KERNELS
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2")) tables.push_back(&kAvx2Kernels);
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    tables.push_back(&kAvx512Kernels);
    if (__builtin_cpu_supports("avx512ifma")) tables.push_back(&kIfmaKernels);
  }
#endif
  return tables;
}

}  // namespace

Result<const Kernels*> ChooseKernels(std::string_view forced, std::span<const Kernels* const> supported) {
  if (forced.empty()) return supported.back();
  std::string names;
  for (const Kernels* kernels : supported) {
    if (forced == kernels->name) return kernels;
    if (!names.empty()) names += ", ";
    names += kernels->name;
  }
  for (const std::string_view name : kNames) {
    if (forced == name) {
      return InvalidArgument("KEYMEMRT_KERNELS={}: this CPU does not have these instructions; it can run {}", forced,
                             names);
    }
  }
  return InvalidArgument("KEYMEMRT_KERNELS={}: no such kernels; this CPU can run {}", forced, names);
}

std::span<const Kernels* const> SupportedKernels() {
  static const std::vector<const Kernels*> tables = Detect();
  return tables;
}

const Kernels& ActiveKernels() {
  static const Kernels& active = [&]() -> const Kernels& {
    const char* forced = std::getenv("KEYMEMRT_KERNELS");
    const Result<const Kernels*> chosen = ChooseKernels(forced == nullptr ? "" : forced, SupportedKernels());
    if (!chosen.ok()) {
      std::fprintf(stderr, "keymemrt: %s\n", chosen.status().message().c_str());
      std::exit(ExitCode(chosen.status().code()));
    }
    return **chosen;
  }();
  return active;
}

}  // namespace keymemrt::lattice
