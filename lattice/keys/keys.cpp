// SPDX-License-Identifier: Apache-2.0
#include "lattice/keys/keys.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "lattice/keys/small.h"
#include "lattice/keys/uniform.h"
#include "lattice/sampling/csprng.h"

namespace keymemrt::lattice {

namespace {

// g^-1 mod 2N, N a power of two and g odd: each Newton step doubles the number of right bits, from three.
uint64_t InverseGalois(uint64_t g, uint64_t two_n) {
  uint64_t x = g;
  for (int bits = 3; bits < 64; bits *= 2) x *= 2 - g * x;
  return x & (two_n - 1);
}

Status CheckKey(const scheme::Parameters& parameters, const scheme::KeyId& key, int level) {
  if (level < 0 || level > parameters.max_level()) {
    return InvalidArgument("key {}: there is no level {}, 0 to {} expected", key.ToString(), level,
                           parameters.max_level());
  }
  const bool relinearization = key.kind == scheme::KeyKind::kRelinearization;
  if (relinearization ? key.galois_element != 0
                      : key.galois_element % 2 == 0 || key.galois_element >= 2 * parameters.n()) {
    return InvalidArgument("key {}: {} is no Galois element of N={}", key.ToString(), key.galois_element,
                           parameters.n());
  }
  return Status();
}

}  // namespace

Result<SecretKey> SecretKey::Generate(const scheme::Parameters& parameters) {
  KMRT_ASSIGN_OR_RETURN(Csprng random, Csprng::FromSystem());
  SecretKey key(std::vector<int8_t>(parameters.n()));
  SampleTernary(random, key.coefficients_);
  return key;
}

Result<SecretKey> SecretKey::FromCoefficients(const scheme::Parameters& parameters, std::vector<int8_t> coefficients) {
  SecretKey key(std::move(coefficients));
  if (key.coefficients_.size() != parameters.n()) {
    return Corrupt("the secret key has {} coefficients, N = {} expected", key.coefficients_.size(), parameters.n());
  }
  if (std::any_of(key.coefficients_.begin(), key.coefficients_.end(), [](int8_t x) { return x < -1 || x > 1; })) {
    return Corrupt("the secret key has a coefficient outside -1, 0, 1");
  }
  return key;
}

SecretKey::~SecretKey() {
  if (!coefficients_.empty()) OPENSSL_cleanse(coefficients_.data(), coefficients_.size());
}

Result<Seed> RandomSeed() {
  Seed seed;
  KMRT_RETURN_IF_ERROR(SystemEntropy(seed));
  return seed;
}

Result<PublicKey> GeneratePublicKey(const Context& context, SlotPool& pool, const SecretKey& secret) {
  const Kernels& kernels = context.kernels();
  const size_t n = context.n();
  KMRT_ASSIGN_OR_RETURN(Csprng random, Csprng::FromSystem());
  PublicKey key;
  KMRT_ASSIGN_OR_RETURN(key.seed, RandomSeed());
  key.b = Poly(pool, MemoryClass::kKeys, context.parameters().limb_count());
  const UniformExpander uniform(key.seed, kPublicKeyName);
  SmallPoly error(n);
  SampleGaussian(random, error.coefficients());
  SecretSlot s(pool), e(pool);
  for (int limb = 0; limb < context.parameters().limb_count(); ++limb) {
    const Modulus& q = context.modulus(limb);
    uint64_t* b = key.b.limb(limb);
    uniform.Fill(0, limb, q, {b, n});
    SmallToNtt(context, secret.coefficients(), limb, s.data());
    SmallToNtt(context, error.coefficients(), limb, e.data());
    kernels.mul(s.data(), s.data(), b, n, q);
    kernels.sub(b, e.data(), s.data(), n, q);
  }
  return key;
}

Status GenerateSwitchingKey(const Context& context, SlotPool& pool, const SecretKey& secret, const Seed& a_seed,
                            const scheme::KeyId& key, int level, const ChunkSink& sink) {
  const scheme::Parameters& parameters = context.parameters();
  KMRT_RETURN_IF_ERROR(CheckKey(parameters, key, level));
  const Kernels& kernels = context.kernels();
  const size_t n = context.n();
  const UniformExpander uniform(a_seed, key);
  const BaseConversion& mod_down = context.ModDown(parameters.max_level());

  struct Chunk {
    int digit, limb;
  };
  std::vector<Chunk> chunks(static_cast<size_t>(parameters.ChunkCount(level)));
  KMRT_ASSIGN_OR_RETURN(Csprng random, Csprng::FromSystem());
  std::vector<SmallPoly> errors;
  for (int digit = 0; digit < parameters.DigitCount(level); ++digit) {
    errors.emplace_back(n);
    SampleGaussian(random, errors.back().coefficients());
    for (int limb = 0; limb < parameters.limb_count(); ++limb) {
      if (limb > level && limb < parameters.q_count()) continue;
      chunks[static_cast<size_t>(parameters.ChunkIndex(digit, limb))] = {digit, limb};
    }
  }

  // w and u of the limb at hand, made once for a run of chunks of one limb.
  SecretSlot w_slot(pool), u_slot(pool), e(pool);
  const uint64_t* w = w_slot.data();
  const uint64_t* u = u_slot.data();
  int current_limb = -1;
  const Slot index_slot = pool.Take(MemoryClass::kScratch);
  uint32_t* index = reinterpret_cast<uint32_t*>(index_slot.data());
  if (key.kind != scheme::KeyKind::kRelinearization) {
    context.WritePermutation(InverseGalois(key.galois_element, 2 * n), index);
  }
  const auto prepare = [&](int limb) {
    SmallToNtt(context, secret.coefficients(), limb, w_slot.data());
    if (key.kind == scheme::KeyKind::kRelinearization) {
      std::copy_n(w_slot.data(), n, u_slot.data());
      kernels.mul(w_slot.data(), w_slot.data(), w_slot.data(), n, context.modulus(limb));
    } else {
      kernels.permute(u_slot.data(), w_slot.data(), index, n);
    }
    current_limb = limb;
  };

  Slot b_slot = pool.Take(MemoryClass::kScratch);
  uint64_t* b = b_slot.data();
  for (const auto& [digit, limb] : chunks) {
    if (limb != current_limb) prepare(limb);
    const Modulus& q = context.modulus(limb);
    SmallToNtt(context, errors[static_cast<size_t>(digit)].coefficients(), limb, e.data());
    if (limb >= parameters.DigitBegin(digit) && limb < parameters.DigitEnd(digit, parameters.max_level())) {
      kernels.mul_scalar_add(e.data(), w, mod_down.product[static_cast<size_t>(limb)], n, q);
    }
    uniform.Fill(digit, limb, q, {b, n});
    kernels.mul(b, b, u, n, q);
    kernels.sub(b, e.data(), b, n, q);
    KMRT_RETURN_IF_ERROR(sink(digit, limb, {b, n}));
  }
  return Status();
}

}  // namespace keymemrt::lattice
