// SPDX-License-Identifier: Apache-2.0
//
// Secret key, public key, and the making of switching keys, chunk by chunk (switching_key.cpp).
#pragma once

#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "base/slot_pool.h"
#include "base/status.h"
#include "base/thread_pool.h"
#include "lattice/keys/key_source.h"
#include "lattice/ring/context.h"
#include "lattice/ring/poly.h"
#include "scheme/parameters.h"
#include "scheme/security.h"

namespace keymemrt::lattice {

// Ternary coefficients in {-1, 0, 1}, drawn as `distribution` says; wiped when it dies.
class SecretKey {
 public:
  // From the operating system's entropy. kInvalidArgument: a weight that is not between 1 and N.
  static Result<SecretKey> Generate(const scheme::Parameters& parameters,
                                    const scheme::SecretDistribution& distribution = {});
  // From stored coefficients. kCorrupt unless there are N of them, all in {-1, 0, 1}, and as many are not zero as the
  // distribution says: a sparse secret must not pass for a uniform one, whose keys may be larger.
  static Result<SecretKey> FromCoefficients(const scheme::Parameters& parameters, std::vector<int8_t> coefficients,
                                            const scheme::SecretDistribution& distribution = {});
  SecretKey(SecretKey&& other) noexcept
      : coefficients_(std::move(other.coefficients_)), distribution_(other.distribution_) {}
  SecretKey& operator=(SecretKey&& other) noexcept {  // the swapped-out secret is wiped with `other`
    coefficients_.swap(other.coefficients_);
    std::swap(distribution_, other.distribution_);
    return *this;
  }
  ~SecretKey();

  std::span<const int8_t> coefficients() const { return coefficients_; }
  const scheme::SecretDistribution& distribution() const { return distribution_; }

 private:
  SecretKey(std::vector<int8_t> coefficients, const scheme::SecretDistribution& distribution)
      : coefficients_(std::move(coefficients)), distribution_(distribution) {}
  std::vector<int8_t> coefficients_;
  scheme::SecretDistribution distribution_;
};

// An encryption of zero under s: b = -a*s + e over the full basis Q*P, NTT form; a from the seed. With P on board an
// encryption can be made modulo Q*P and divided by P, which leaves a rounding instead of the noise v*e (as Lattigo
// does).
struct PublicKey {
  Seed seed;
  Poly b;
};
// kInvalidArgument when log2(QP) is above the security bound for the secret's distribution (scheme/security.h).
Result<PublicKey> GeneratePublicKey(const Context& context, SlotPool& pool, const SecretKey& secret);

// A fresh random seed from the operating system.
Result<Seed> RandomSeed();

// Takes chunk (digit, limb) of a key; called in ChunkIndex order, one call at a time.
using ChunkSink = std::function<Status(int digit, int limb, std::span<const uint64_t> b)>;

// Makes the switching key `key` for use at levels up to `level` and hands its chunks to `sink`:
//   b(d, t) = -a(d, t)*u + e_d + [t in digit d] * P * w  mod modulus(t)
// takes a polynomial times w to a pair under u. Digits, limbs and P are those of the key's shape (`context` may be the
// plain one or that of the shape).
//   relinearization:       w = s^2, u = s
//   rotation, conjugation: w = s, u = s(X^(1/g)): the evaluator switches first and applies X -> X^g to the result, two
//                          polynomials modulo Q, where permuting every digit would be DigitCount polynomials modulo
//                          Q*P.
// The errors e_d are pseudo-random in (u, a_seed, key, d): whoever makes a key again, after an interruption, for
// another level or on other threads, gets the same b under the same a, bit for bit; so the public a never meets two
// different b. That holds per secret and parameter set: never use `a_seed` with another.
//
// Several `threads` make chunks at a time; `sink` is called from any of them and must not use that pool. Memory: a
// slot, four more per thread, N bytes per digit. kInvalidArgument: no such key or level in these parameters, or
// log2(Q_level*P) above the security bound for the distribution of u (scheme/security.h); else what `sink` ends in, at
// once.
Status GenerateSwitchingKey(const Context& context, SlotPool& pool, const SecretKey& secret, const Seed& a_seed,
                            const scheme::KeyId& key, int level, const ChunkSink& sink, ThreadPool* threads = nullptr);

// The same for a secret switch: w = `from`, u = `to`. The name `key` belongs to this pair of secrets.
Status GenerateSecretSwitchingKey(const Context& context, SlotPool& pool, const SecretKey& from, const SecretKey& to,
                                  const Seed& a_seed, const scheme::KeyId& key, int level, const ChunkSink& sink,
                                  ThreadPool* threads = nullptr);

}  // namespace keymemrt::lattice
