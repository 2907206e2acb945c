// SPDX-License-Identifier: Apache-2.0
//
// Homomorphic operations. Arguments taken by value are consumed: move a ciphertext in when it is no longer needed and
// its memory is reused for the result. Levels and scales are tracked exactly; operands of different levels, or of
// scales that differ by more than 2^-30 of their size, are kInvalidArgument. Key-switching operations end in what the
// KeySource ends in.
//
// Thread-safe: one evaluator may serve several threads; each call uses the workers given at construction.
#pragma once

#include <complex>

#include "base/slot_pool.h"
#include "base/status.h"
#include "base/thread_pool.h"
#include "lattice/keys/key_source.h"
#include "lattice/ring/context.h"
#include "lattice/ring/poly.h"

namespace keymemrt::lattice {

class Evaluator {
 public:
  // `threads` may be null: everything runs on the caller. All three must outlive the evaluator.
  Evaluator(const Context& context, SlotPool& pool, ThreadPool* threads = nullptr);

  // An evaluator that does everything as this one does, but its key switches with keys of `shape`, on ciphertexts at
  // the shape's level and below. Cheap to make; lives no longer than the context. Errors: those of Parameters::At.
  Result<Evaluator> At(const scheme::KeyShape& shape) const;

  Result<Ciphertext> Add(Ciphertext a, const Ciphertext& b) const;
  Result<Ciphertext> Sub(Ciphertext a, const Ciphertext& b) const;
  Result<Ciphertext> Negate(Ciphertext a) const;
  Result<Ciphertext> AddPlain(Ciphertext a, const Plaintext& b) const;
  Result<Ciphertext> SubPlain(Ciphertext a, const Plaintext& b) const;
  // Scales multiply.
  Result<Ciphertext> MulPlain(const Ciphertext& a, const Plaintext& b) const;
  // acc += a * b; acc's scale must be the product of theirs.
  Status MulPlainAdd(Ciphertext& acc, const Ciphertext& a, const Plaintext& b) const;
  // Every slot times `constant`, at `scale`: the factor is the nearest Gaussian integer to constant * scale / a.scale,
  // exact at any size (a multiplication by i, or that of a scale by an integer, has no error at all). kInvalidArgument:
  // a scale that is not positive or a factor beyond 2^1000.
  Result<Ciphertext> MulScalar(Ciphertext a, std::complex<double> constant, double scale) const;
  // acc += a * constant, at acc's scale.
  Status MulScalarAdd(Ciphertext& acc, const Ciphertext& a, std::complex<double> constant) const;
  // `constant`, rounded at a's scale, added to every slot.
  Result<Ciphertext> AddScalar(Ciphertext a, std::complex<double> constant) const;
  // Three parts; scales multiply.
  Result<Ciphertext> Mul(const Ciphertext& a, const Ciphertext& b) const;
  Result<Ciphertext> Relinearize(Ciphertext a, KeySource& keys) const;

  // Divides by q_level, rounding; the level falls by one, the scale is divided by q_level exactly. kInvalidArgument at
  // level 0.
  Result<Ciphertext> Rescale(Ciphertext a) const;
  // Drops limbs; the scale stays.
  Result<Ciphertext> LevelReduce(Ciphertext a, int level) const;

  // From level 0 to `level`: the same integer polynomials, centred modulo q_0, modulo q_0..q_level. Decrypts to the
  // message plus a multiple of q_0 in every coefficient, which bootstrapping removes. At the same scale.
  Result<Ciphertext> ModRaise(const Ciphertext& a, int level) const;

  // Left rotation by `shift` slots of any sign, modulo N/2. Two parts. A shift of 0 is a copy and needs no key.
  Result<Ciphertext> Rotate(const Ciphertext& a, int64_t shift, KeySource& keys) const;
  // For RotateHoisted of an evaluator of the same key shape.
  Result<Digits> Decompose(const Ciphertext& a) const;
  // The same result as Rotate, bit for bit; `digits` = Decompose(a).
  Result<Ciphertext> RotateHoisted(const Ciphertext& a, const Digits& digits, int64_t shift, KeySource& keys) const;
  Result<Ciphertext> Conjugate(const Ciphertext& a, KeySource& keys) const;
  // The same message under the secret that secret switch `number` leads to. Two parts.
  Result<Ciphertext> SwitchSecret(const Ciphertext& a, uint64_t number, KeySource& keys) const;

  Ciphertext Copy(const Ciphertext& a) const { return Copy(a, a.level); }
  // Of the limbs of `level`: Copy and LevelReduce in one. REQUIRES: 0 <= level <= a.level.
  Ciphertext Copy(const Ciphertext& a, int level) const;

  // Slots of scratch (MemoryClass::kScratch) that one operation takes at most at `level`, beside operands and result:
  // for the memory model. Exact for Rotate on one worker, an upper bound else.
  int ScratchSlots(int level) const;

 private:
  Evaluator(const Context& context, const Context& key_context, SlotPool& pool, ThreadPool* threads);
  // body(part, limb, modulus) for every limb 0..level of every part, in parallel.
  template <typename Body>
  void ForEachLimb(size_t parts, int level, const Body& body) const;
  Ciphertext Fresh(size_t parts, int level, double scale) const;
  // The Gaussian integer `factor` modulo q_limb: at evaluations of the first half, where X^(N/2) is a root of -1, and
  // of the second, where it is the other.
  struct HalfFactors {
    uint64_t first, second;
  };
  HalfFactors Factors(std::complex<double> factor, int limb) const;
  Result<Ciphertext> Combine(const char* name, bool subtract, Ciphertext a, const Ciphertext& b) const;
  Result<Ciphertext> CombinePlain(const char* name, bool subtract, Ciphertext a, const Plaintext& b) const;
  // So many parts, at a level that the keys have.
  Status CheckSwitchable(const char* operation, const Ciphertext& a, size_t parts) const;
  // Key switch of parts[1], then the automorphism of `key`.
  Result<Ciphertext> ApplyGalois(const Ciphertext& a, const scheme::KeyId& key, KeySource& keys) const;
  template <typename DigitSource>
  Result<Ciphertext> Apply(const Ciphertext& a, const DigitSource& digits, const scheme::KeyId& key,
                           KeySource& keys) const;

  const Context& context_;
  const Context& key_context_;  // of the keys' shape: context_ itself when they are plain
  SlotPool& pool_;
  ThreadPool* threads_;
};

}  // namespace keymemrt::lattice
