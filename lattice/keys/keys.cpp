// SPDX-License-Identifier: Apache-2.0
#include "lattice/keys/keys.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <cmath>

#include "lattice/keys/small.h"
#include "lattice/keys/uniform.h"
#include "lattice/sampling/csprng.h"

namespace keymemrt::lattice {

namespace {

// Whether so many nonzero coefficients can come from the distribution. Uniform: 2N/3, and a deviation of sqrt(2N)/3
// that no honest secret exceeds tenfold.
bool IsLikelyWeight(const scheme::SecretDistribution& distribution, size_t n, ptrdiff_t weight) {
  if (distribution.sparse()) return weight == distribution.hamming_weight;
  const double x = static_cast<double>(n);
  return std::abs(static_cast<double>(weight) - 2 * x / 3) <= 10 * std::sqrt(2 * x) / 3;
}

}  // namespace

Result<SecretKey> SecretKey::Generate(const scheme::Parameters& parameters,
                                      const scheme::SecretDistribution& distribution) {
  const int weight = distribution.hamming_weight;
  if (weight < 0 || static_cast<size_t>(weight) > parameters.n()) {
    return InvalidArgument("a secret of weight {}: 1 to N = {} expected", weight, parameters.n());
  }
  KMRT_ASSIGN_OR_RETURN(Csprng random, Csprng::FromSystem());
  SecretKey key(std::vector<int8_t>(parameters.n()), distribution);
  if (distribution.sparse()) {
    SampleSparseTernary(random, weight, key.coefficients_);
  } else {
    SampleTernary(random, key.coefficients_);
  }
  return key;
}

Result<SecretKey> SecretKey::FromCoefficients(const scheme::Parameters& parameters, std::vector<int8_t> coefficients,
                                              const scheme::SecretDistribution& distribution) {
  SecretKey key(std::move(coefficients), distribution);
  const std::vector<int8_t>& x = key.coefficients_;
  if (x.size() != parameters.n()) {
    return Corrupt("the secret key has {} coefficients, N = {} expected", x.size(), parameters.n());
  }
  if (std::any_of(x.begin(), x.end(), [](int8_t c) { return c < -1 || c > 1; })) {
    return Corrupt("the secret key has a coefficient outside -1, 0, 1");
  }
  const ptrdiff_t weight = std::count_if(x.begin(), x.end(), [](int8_t c) { return c != 0; });
  if (!IsLikelyWeight(distribution, x.size(), weight)) {
    return Corrupt("the secret key is not {}: the number of coefficients that are not zero is wrong",
                   distribution.ToString());
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
  KMRT_RETURN_IF_ERROR(
      scheme::CheckKeySecurity(context.parameters(), context.parameters().max_level(), secret.distribution()));
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

}  // namespace keymemrt::lattice
