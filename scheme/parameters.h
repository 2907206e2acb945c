// SPDX-License-Identifier: Apache-2.0
//
// A CKKS parameter set, checked and immutable: what compiler, engine, key store and planner agree on.
//
// Notation: N = 2^log_n; Q = q_0 * ... * q_L the ciphertext modulus (level l keeps q_0..q_l); P = p_0 * ... * p_(K-1) the
// special modulus of hybrid key switching. The *full basis* numbers all limbs: limb t is q_t for t <= L and p_(t-L-1)
// above. A digit is a run of `digit_size` consecutive Q limbs.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace keymemrt::scheme {

// What a person or a module attribute writes down.
struct ParameterLiteral {
  int log_n = 0;
  std::vector<uint64_t> q;         // base prime first
  std::vector<uint64_t> p;         // special primes
  int log_default_scale = 0;       // log2 of the scale of inputs and outputs
  // Coefficients of the secret that are not zero; 0: uniform ternary (SecretDistribution).
  int secret_weight = 0;
  // Of the ephemeral secret to which bootstrapping switches for its lowest level (sparse-secret encapsulation, eprint
  // 2022/024); 0: there is none.
  int ephemeral_weight = 0;

  bool operator==(const ParameterLiteral&) const = default;
};

enum class Security {
  k128Bit,    // refuse parameters above the bound of MaxLogQP
  kInsecure,  // accept them (tests, experiments); whoever uses them must say so
};

// What a key does. The secret of the polynomial it applies to is s with: rotation, conjugation: s(X^g); relinearization:
// s^2; secret switch: another secret, from which the polynomial goes to s.
enum class KeyKind : uint8_t { kRotation = 0, kConjugation = 1, kRelinearization = 2, kSecretSwitch = 3 };

// The special modulus that a key was made for. A *plain* key is made over P; a prefix of it serves every lower level. A
// key of a shape is made for `level` and below over another special modulus P', the product of the first `specials` of
//   p_0, ..., p_(K-1), q_(level+1), ..., q_L:
// primes of Q that are gone at `level` make digits larger and so fewer; far down, fewer primes than P has are enough. It
// is a plain key of the parameter set Parameters::At(shape).
struct KeyShape {
  int level = -1;    // -1: plain
  int specials = 0;  // at least 1, or 0 for plain

  bool plain() const { return level < 0; }
  auto operator<=>(const KeyShape&) const = default;
  std::string ToString() const;  // "level 6 with 5 special primes", "plain"
};

// A key's name within one key set. `galois_element`: of rotation and conjugation; of a secret switch, a number by which
// the key set knows the pair of secrets; 0 for relinearization.
struct KeyId {
  KeyKind kind = KeyKind::kRotation;
  uint64_t galois_element = 0;
  KeyShape shape = {};

  auto operator<=>(const KeyId&) const = default;
  // "rotation-25" (the Galois element), "relinearization", "rotation-25-l6p5" (level 6, five special primes).
  std::string ToString() const;
};

// The largest log2(QP) at 128-bit classical security with a uniform ternary secret and error deviation 3.2; sources and
// other secrets: scheme/security.h. REQUIRES: 10 <= log_n <= 17.
int MaxLogQP(int log_n);

class Parameters {
 public:
  // Checks: 10 <= log_n <= 17; at least one q and one p; every modulus an odd prime = 1 mod 2N, below 2^61, no two equal;
  // default scale in [1, 60] bits; weights 0..N; P at least as large as some one-limb digit; with k128Bit, LogQP() <=
  // MaxLogQP for the secret's distribution.
  // Errors (kInvalidArgument) name the modulus and what is wrong with it.
  static Result<Parameters> Create(const ParameterLiteral& literal, Security security);

  // The parameter set of keys of `shape`: Q' = q_0..q_(shape.level) and P' as KeyShape says. Its digits, chunks and limbs
  // are those of such a key; ciphertexts at shape.level and below are the same in both sets. The shape that this set
  // already has: a copy. kInvalidArgument: no such shape (also: this set has another one and is not plain), P' smaller
  // than a limb of Q', or log2(Q'P') above the bound.
  Result<Parameters> At(const KeyShape& shape) const;

  const ParameterLiteral& literal() const { return literal_; }
  // What was asked of Create: whether insecure keys may be made.
  Security security() const { return security_; }
  // Of the set's keys: plain unless it comes from At.
  const KeyShape& shape() const { return shape_; }
  int log_n() const { return literal_.log_n; }
  size_t n() const { return size_t{1} << literal_.log_n; }
  size_t slots() const { return n() / 2; }
  int max_level() const { return static_cast<int>(literal_.q.size()) - 1; }
  int q_count() const { return static_cast<int>(literal_.q.size()); }
  int p_count() const { return static_cast<int>(literal_.p.size()); }
  int limb_count() const { return q_count() + p_count(); }
  double default_scale() const;

  // Modulus of limb t of the full basis.
  uint64_t modulus(int limb) const;

  // log2(Q_level * P) and log2(Q_level), exact to double precision.
  double LogQP(int level) const;
  double LogQ(int level) const;
  // Whether log2(Q*P) is within the 128-bit bound of the secret's distribution.
  bool Is128BitSecure() const;

  // --- The gadget of hybrid key switching (Han, Ki, "Better bootstrapping for approximate homomorphic encryption", 2020).
  // Limbs per digit: the largest number for which every digit's product is at most P (within half a bit), so that the
  // noise of a key switch stays at the size of a rounding.
  int digit_size() const { return digit_size_; }
  // Digits of a ciphertext at `level`: ceil((level+1) / digit_size).
  int DigitCount(int level) const { return (level + digit_size_) / digit_size_; }
  // Q limbs [first, last) of digit d at `level`.
  int DigitBegin(int digit) const { return digit * digit_size_; }
  int DigitEnd(int digit, int level) const { return std::min((digit + 1) * digit_size_, level + 1); }
  // Chunks (digit, limb) of a key as used at `level`: DigitCount * (level + 1 + K).
  int ChunkCount(int level) const { return DigitCount(level) * (level + 1 + p_count()); }
  uint64_t chunk_bytes() const { return n() * sizeof(uint64_t); }

  // Position of chunk (digit, limb of the full basis) in a key stored so that the key of every lower level is a prefix:
  // chunks are ordered by the lowest level that needs them, then by limb, then by digit.
  // ChunkIndex(d, t) < ChunkCount(level) exactly when the key at `level` needs the chunk.
  int ChunkIndex(int digit, int limb) const { return chunk_index_[static_cast<size_t>(digit * limb_count() + limb)]; }

  // The Galois element 5^shift mod 2N of a left rotation by `shift` slots (any sign; taken modulo N/2), and 2N-1, that of
  // conjugation.
  uint64_t GaloisElement(int64_t shift) const;
  uint64_t ConjugationElement() const { return 2 * n() - 1; }

  // The names of keys of this set's shape.
  KeyId RotationKey(int64_t shift) const { return {KeyKind::kRotation, GaloisElement(shift), shape_}; }
  KeyId ConjugationKey() const { return {KeyKind::kConjugation, ConjugationElement(), shape_}; }
  KeyId RelinearizationKey() const { return {KeyKind::kRelinearization, 0, shape_}; }
  KeyId SecretSwitchKey(uint64_t number) const { return {KeyKind::kSecretSwitch, number, shape_}; }

  // Identifies the parameter set in files: equal exactly when the literals are (a 64-bit hash of all fields).
  uint64_t fingerprint() const { return fingerprint_; }
  // "N=2^13, log2(QP)=217, 6+2 limbs, 3 digits": for people.
  std::string Describe() const;

 private:
  Parameters(ParameterLiteral literal, Security security, const KeyShape& shape);
  // What remains to be checked of primes that are fine one by one.
  static Result<Parameters> Assemble(ParameterLiteral literal, Security security, const KeyShape& shape);

  ParameterLiteral literal_;
  Security security_;
  KeyShape shape_;
  int digit_size_ = 1;
  std::vector<int> chunk_index_;
  uint64_t fingerprint_ = 0;
};

// Deterministic for all 64-bit n (Miller-Rabin with the first twelve primes as bases).
bool IsPrime(uint64_t n);

// `count` primes = 1 mod 2N, the largest ones below 2^bits that are not in `taken`, in descending order.
// kInvalidArgument when there are not as many.
Result<std::vector<uint64_t>> FindNttPrimes(int bits, int log_n, size_t count, const std::vector<uint64_t>& taken = {});

}  // namespace keymemrt::scheme
