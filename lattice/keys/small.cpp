// SPDX-License-Identifier: Apache-2.0
#include "lattice/keys/small.h"

#include <openssl/crypto.h>

#include "lattice/arith/cpu_clones.h"

namespace keymemrt::lattice {

namespace {

KMRT_CPU_CLONES void AddModulusToNegative(const int8_t* small, size_t n, uint64_t q, uint64_t* out) {
  for (size_t i = 0; i < n; ++i) {
    const int64_t x = small[i];
    out[i] = static_cast<uint64_t>(x) + (q & static_cast<uint64_t>(x >> 63));
  }
}

}  // namespace

SecretSlot::~SecretSlot() {
  if (slot_) OPENSSL_cleanse(slot_.data(), slot_.words().size_bytes());
}

void SmallToResidues(const Context& context, std::span<const int8_t> small, int limb, uint64_t* out) {
  AddModulusToNegative(small.data(), small.size(), context.modulus(limb).value(), out);
}

void SmallToNtt(const Context& context, std::span<const int8_t> small, int limb, uint64_t* out) {
  SmallToResidues(context, small, limb, out);
  context.kernels().ntt_forward(out, context.ntt(limb));
}

}  // namespace keymemrt::lattice
