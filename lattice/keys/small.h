// SPDX-License-Identifier: Apache-2.0
//
// Secret polynomials on their way through the engine: small coefficients to NTT form, in slots that are wiped.
#pragma once

#include <span>

#include "base/slot_pool.h"
#include "lattice/keys/key_source.h"
#include "lattice/ring/context.h"

namespace keymemrt::lattice {

// A scratch slot for secrets: wiped before it goes back to the pool.
class SecretSlot {
 public:
  explicit SecretSlot(SlotPool& pool) : slot_(pool.Take(MemoryClass::kScratch)) {}
  SecretSlot(SecretSlot&&) = default;
  SecretSlot& operator=(SecretSlot&&) = delete;
  ~SecretSlot();

  uint64_t* data() const { return slot_.data(); }

 private:
  Slot slot_;
};

// The residues of small coefficients modulo `limb` of the full basis.
void SmallToResidues(const Context& context, std::span<const int8_t> small, int limb, uint64_t* out);
// The same in NTT form.
void SmallToNtt(const Context& context, std::span<const int8_t> small, int limb, uint64_t* out);

// Names the a half of a public key to UniformExpander: no Galois element is 0, so no switching key has this name.
inline constexpr scheme::KeyId kPublicKeyName{scheme::KeyKind::kRotation, 0};

}  // namespace keymemrt::lattice
