// SPDX-License-Identifier: Apache-2.0
#include "lattice/evaluator/encryptor.h"

#include "lattice/evaluator/basis.h"
#include "lattice/keys/small.h"
#include "lattice/keys/uniform.h"
#include "lattice/sampling/csprng.h"

namespace keymemrt::lattice {

Result<Ciphertext> Encrypt(const Context& context, SlotPool& pool, const PublicKey& key, const Plaintext& plaintext) {
  const scheme::Parameters& parameters = context.parameters();
  const Kernels& kernels = context.kernels();
  const size_t n = context.n();
  const int level = plaintext.level, q_count = parameters.q_count(), p_count = parameters.p_count();

  KMRT_ASSIGN_OR_RETURN(Csprng random, Csprng::FromSystem());
  SmallPoly v(n), e[2] = {SmallPoly(n), SmallPoly(n)};
  SampleTernary(random, v.coefficients());
  for (SmallPoly& error : e) SampleGaussian(random, error.coefficients());
  const UniformExpander uniform(key.seed, kPublicKeyName);

  SecretSlot v_ntt(pool), small(pool);
  const Slot a = pool.Take(MemoryClass::kScratch);
  // v * (b, a) + e modulo P, in coefficients: what is to be rounded away.
  std::vector<SecretSlot> special[2];
  for (int i = 0; i < p_count; ++i) {
    const int limb = q_count + i;
    const Modulus& p = context.modulus(limb);
    SmallToNtt(context, v.coefficients(), limb, v_ntt.data());
    uniform.Fill(0, limb, p, {a.data(), n});
    for (int part = 0; part < 2; ++part) {
      special[part].emplace_back(pool);
      uint64_t* out = special[part].back().data();
      kernels.mul(out, v_ntt.data(), part == 0 ? key.b.limb(limb) : a.data(), n, p);
      kernels.ntt_inverse(out, context.ntt(limb));
      SmallToResidues(context, e[part].coefficients(), limb, small.data());
      kernels.add(out, out, small.data(), n, p);
    }
  }
  const BaseConversion& mod_down = context.ModDown(level);
  std::vector<ConvertedBasis> rounded;
  for (std::vector<SecretSlot>& limbs : special) {
    std::vector<uint64_t*> words;
    for (const SecretSlot& limb : limbs) words.push_back(limb.data());
    rounded.emplace_back(context, pool, mod_down, std::move(words));
    rounded.back().ScaleResidues();
  }

  Ciphertext result{{}, level, plaintext.scale};
  for (int part = 0; part < 2; ++part) result.parts.emplace_back(pool, MemoryClass::kCiphertexts, level + 1);
  SecretSlot rest(pool);
  for (int limb = 0; limb <= level; ++limb) {
    const Modulus& q = context.modulus(limb);
    const uint64_t p_inverse = mod_down.product_inverse[static_cast<size_t>(limb)];
    SmallToNtt(context, v.coefficients(), limb, v_ntt.data());
    uniform.Fill(0, limb, q, {a.data(), n});
    for (int part = 0; part < 2; ++part) {
      // (v*pk + e - [v*pk + e]_P) / P: the two small terms share one transform.
      rounded[static_cast<size_t>(part)].Convert(limb, rest.data());
      SmallToResidues(context, e[part].coefficients(), limb, small.data());
      kernels.sub(rest.data(), rest.data(), small.data(), n, q);
      kernels.ntt_forward(rest.data(), context.ntt(limb));
      uint64_t* out = result.parts[static_cast<size_t>(part)].limb(limb);
      kernels.mul(out, v_ntt.data(), part == 0 ? key.b.limb(limb) : a.data(), n, q);
      kernels.sub_mul_scalar(out, out, rest.data(), p_inverse, n, q);
    }
    uint64_t* out = result.parts[0].limb(limb);
    kernels.add(out, out, plaintext.poly.limb(limb), n, q);
  }
  return result;
}

Result<Plaintext> Decrypt(const Context& context, SlotPool& pool, const SecretKey& key, const Ciphertext& ciphertext) {
  if (ciphertext.parts.size() != 2 && ciphertext.parts.size() != 3) {
    return InvalidArgument("decrypt: the ciphertext has {} parts, 2 or 3 expected", ciphertext.parts.size());
  }
  const Kernels& kernels = context.kernels();
  const size_t n = context.n();
  Plaintext plaintext{Poly(pool, MemoryClass::kPlaintexts, ciphertext.level + 1), ciphertext.level, ciphertext.scale};
  SecretSlot s(pool);
  for (int limb = 0; limb <= ciphertext.level; ++limb) {
    const Modulus& q = context.modulus(limb);
    SmallToNtt(context, key.coefficients(), limb, s.data());
    uint64_t* out = plaintext.poly.limb(limb);
    // c0 + s*(c1 + s*c2)
    const size_t last = ciphertext.parts.size() - 1;
    kernels.mul(out, ciphertext.parts[last].limb(limb), s.data(), n, q);
    for (size_t part = last - 1; part > 0; --part) {
      kernels.add(out, out, ciphertext.parts[part].limb(limb), n, q);
      kernels.mul(out, out, s.data(), n, q);
    }
    kernels.add(out, out, ciphertext.parts[0].limb(limb), n, q);
  }
  return plaintext;
}

}  // namespace keymemrt::lattice
