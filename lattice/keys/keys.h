// SPDX-License-Identifier: Apache-2.0
//
// Secret key, public key, and the making of switching keys, chunk by chunk.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "base/slot_pool.h"
#include "base/status.h"
#include "lattice/keys/key_source.h"
#include "lattice/ring/context.h"
#include "lattice/ring/poly.h"
#include "scheme/parameters.h"

namespace keymemrt::lattice {

// Ternary coefficients in {-1, 0, 1}, uniform; wiped when it dies.
class SecretKey {
 public:
  // From the operating system's entropy.
  static Result<SecretKey> Generate(const scheme::Parameters& parameters);
  // From stored coefficients. kCorrupt unless there are N of them, all in {-1, 0, 1}.
  static Result<SecretKey> FromCoefficients(const scheme::Parameters& parameters, std::vector<int8_t> coefficients);
  SecretKey(SecretKey&& other) noexcept : coefficients_(std::move(other.coefficients_)) {}
  SecretKey& operator=(SecretKey&& other) noexcept {  // the swapped-out secret is wiped with `other`
    coefficients_.swap(other.coefficients_);
    return *this;
  }
  ~SecretKey();

  std::span<const int8_t> coefficients() const { return coefficients_; }

 private:
  explicit SecretKey(std::vector<int8_t> coefficients) : coefficients_(std::move(coefficients)) {}
  std::vector<int8_t> coefficients_;
};

// An encryption of zero under s: b = -a*s + e over the full basis Q*P, NTT form; a from the seed. With P on board an
// encryption can be made modulo Q*P and divided by P, which leaves a rounding instead of the noise v*e (as Lattigo
// does).
struct PublicKey {
  Seed seed;
  Poly b;
};
Result<PublicKey> GeneratePublicKey(const Context& context, SlotPool& pool, const SecretKey& secret);

// A fresh random seed from the operating system.
Result<Seed> RandomSeed();

// Makes the switching key `key` for use at levels up to `level` and hands its chunks, one at a time, to `sink` in
// ChunkIndex order (scheme/parameters.h): b(d, t) = -a*u + e_d + [t in digit d] * P * w mod modulus(t). It takes a
// polynomial times w to a pair under u.
//   relinearization:      w = s^2, u = s
//   rotation, conjugation: w = s, u = s(X^(1/g)): the evaluator switches first and applies X -> X^g to the result, two
//                          polynomials modulo Q, where permuting every digit would be DigitCount polynomials modulo
//                          Q*P.
// Errors e_d are drawn afresh from the operating system's entropy, so two runs never issue two different b under one a
// unless `a_seed` is used twice: never do. Memory: five slots and N bytes per digit. kInvalidArgument: no such key or
// level in these parameters; else what `sink` ends in.
using ChunkSink = std::function<Status(int digit, int limb, std::span<const uint64_t> b)>;
Status GenerateSwitchingKey(const Context& context, SlotPool& pool, const SecretKey& secret, const Seed& a_seed,
                            const scheme::KeyId& key, int level, const ChunkSink& sink);

}  // namespace keymemrt::lattice
