// SPDX-License-Identifier: Apache-2.0
//
// Random bits for secrets: AES-128 in counter mode (OpenSSL) under a key from the operating system's entropy, and the
// distributions that CKKS draws from them.
//
// What holds in time: the Gaussian sampler runs the same instructions and touches the same addresses whatever it draws;
// the ternary sampler's time depends on how many candidates were rejected, which says nothing of those accepted. The sparse
// sampler writes to the addresses that it draws.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/status.h"

struct evp_cipher_ctx_st;  // OpenSSL's EVP_CIPHER_CTX

namespace keymemrt::lattice {

// Fills `out` from the operating system's entropy (getrandom).
Status SystemEntropy(std::span<uint8_t> out);

// AES-128-CTR over a 16-byte key and a 16-byte initial counter block: the raw keystream.
class AesCtr {
 public:
  AesCtr(const std::array<uint8_t, 16>& key, const std::array<uint8_t, 16>& counter);
  ~AesCtr();
  AesCtr(AesCtr&& other) noexcept : context_(std::exchange(other.context_, nullptr)) {}
  AesCtr& operator=(AesCtr&&) = delete;

  // Starts again at another counter block, under the same key.
  void Seek(const std::array<uint8_t, 16>& counter);
  // The next out.size() bytes of the keystream.
  void Keystream(std::span<uint8_t> out);

 private:
  evp_cipher_ctx_st* context_;
};

// A stream of secret random bits. Not thread-safe. Buffers are wiped.
class Csprng {
 public:
  static Result<Csprng> FromSystem();
  // A known stream, for tests.
  explicit Csprng(const std::array<uint8_t, 16>& key);

  void Fill(std::span<uint8_t> out) { stream_.Keystream(out); }

 private:
  AesCtr stream_;
};

// A secret vector of small coefficients; wiped when it dies.
class SmallPoly {
 public:
  explicit SmallPoly(size_t n) : coefficients_(n) {}
  SmallPoly(SmallPoly&&) = default;
  SmallPoly& operator=(SmallPoly&&) = delete;
  ~SmallPoly();

  std::span<int8_t> coefficients() { return coefficients_; }
  std::span<const int8_t> coefficients() const { return coefficients_; }

 private:
  std::vector<int8_t> coefficients_;
};

// out uniform in {-1, 0, 1}.
void SampleTernary(Csprng& random, std::span<int8_t> out);

// `weight` coefficients in {-1, 1}, the others 0: uniform among all such vectors. REQUIRES: 0 <= weight <= out.size(), a
// power of two up to 2^31.
void SampleSparseTernary(Csprng& random, int weight, std::span<int8_t> out);

// out from the discrete Gaussian of deviation kErrorDeviation on the integers, cut at six deviations:
// P(x) ~ exp(-x^2 / (2*3.2^2)), |x| <= 19. Inversion of a table of cumulative probabilities with 63 bits (Peikert, "An
// efficient and parallel Gaussian sampler for lattices", 2010): the magnitude is the number of table entries not above
// a random word, all of which are compared; a further bit is the sign. Statistical distance from the cut Gaussian below
// 2^-57.
inline constexpr double kErrorDeviation = 3.2;
inline constexpr int kErrorBound = 19;
void SampleGaussian(Csprng& random, std::span<int8_t> out);

}  // namespace keymemrt::lattice
