// SPDX-License-Identifier: Apache-2.0
#include "lattice/sampling/csprng.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "lattice/arith/cpu_clones.h"

namespace keymemrt::lattice {

namespace {

// OpenSSL's AES fails only when memory is out or the library is broken; going on would mean predictable "randomness".
void Require(int ok) {
  if (ok == 1) return;
  std::fprintf(stderr, "keymemrt: OpenSSL's AES-128-CTR failed\n");
  std::abort();
}

const EVP_CIPHER* Aes128Ctr() {
  static EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-128-CTR", nullptr);
  Require(cipher != nullptr);
  return cipher;
}

// Entry k: 2^63 * P(|x| <= k), k = 0..kErrorBound-1.
const std::array<uint64_t, kErrorBound>& GaussianTable() {
  static const std::array<uint64_t, kErrorBound> table = [] {
    const auto weight = [](int x) {
      const long double deviations = static_cast<long double>(x) / static_cast<long double>(kErrorDeviation);
      return (x == 0 ? 1.0L : 2.0L) * std::exp(-deviations * deviations / 2);
    };
    long double total = 0;
    for (int x = kErrorBound; x >= 0; --x) total += weight(x);
    std::array<uint64_t, kErrorBound> cumulative;
    long double sum = 0;
    for (int x = 0; x < kErrorBound; ++x) {
      sum += weight(x);
      cumulative[static_cast<size_t>(x)] = static_cast<uint64_t>(std::ldexp(sum / total, 63));
    }
    return cumulative;
  }();
  return table;
}

// magnitudes[j] = how many table entries are not above words[j] >> 1.
constexpr size_t kGaussianBlock = 512;
KMRT_CPU_CLONES void CountEntries(const uint64_t* table, const uint64_t* words, uint64_t* magnitudes) {
  for (size_t j = 0; j < kGaussianBlock; ++j) {
    uint64_t magnitude = kErrorBound;
    // (word >> 1) - entry borrows exactly when the word is below the entry: its top bit.
    for (int k = 0; k < kErrorBound; ++k) magnitude -= ((words[j] >> 1) - table[k]) >> 63;
    magnitudes[j] = magnitude;
  }
}

}  // namespace

Status SystemEntropy(std::span<uint8_t> out) {
  size_t done = 0;
  while (done < out.size()) {
    const ssize_t got = getrandom(out.data() + done, out.size() - done, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return Failed("the system gave no random bytes: {}", std::strerror(errno));
    done += static_cast<size_t>(got);
  }
  return Status();
}

AesCtr::AesCtr(const std::array<uint8_t, 16>& key, const std::array<uint8_t, 16>& counter)
    : context_(EVP_CIPHER_CTX_new()) {
  Require(context_ != nullptr);
  Require(EVP_EncryptInit_ex(context_, Aes128Ctr(), nullptr, key.data(), counter.data()));
}

AesCtr::~AesCtr() {
  EVP_CIPHER_CTX_free(context_);
}  // wipes the key schedule

void AesCtr::Seek(const std::array<uint8_t, 16>& counter) {
  Require(EVP_EncryptInit_ex(context_, nullptr, nullptr, nullptr, counter.data()));
}

void AesCtr::Keystream(std::span<uint8_t> out) {
  std::memset(out.data(), 0, out.size());
  int written = 0;
  Require(EVP_EncryptUpdate(context_, out.data(), &written, out.data(), static_cast<int>(out.size())));
}

Csprng::Csprng(const std::array<uint8_t, 16>& key) : stream_(key, {}) {}

Result<Csprng> Csprng::FromSystem() {
  std::array<uint8_t, 16> key;
  KMRT_RETURN_IF_ERROR(SystemEntropy(key));
  Csprng random(key);
  OPENSSL_cleanse(key.data(), key.size());
  return random;
}

SmallPoly::~SmallPoly() {
  if (!coefficients_.empty()) OPENSSL_cleanse(coefficients_.data(), coefficients_.size());
}

void SampleTernary(Csprng& random, std::span<int8_t> out) {
  uint8_t bytes[1024];
  size_t have = 0;
  for (int8_t& coefficient : out) {
    uint8_t byte;
    do {
      if (have == 0) {
        random.Fill(bytes);
        have = sizeof(bytes);
      }
      byte = bytes[--have];
    } while (byte == 255);  // 255 = 3 * 85: the other bytes fall evenly
    coefficient = static_cast<int8_t>(byte % 3 - 1);
  }
  OPENSSL_cleanse(bytes, sizeof(bytes));
}

void SampleSparseTernary(Csprng& random, int weight, std::span<int8_t> out) {
  std::fill(out.begin(), out.end(), int8_t{0});
  uint32_t words[256];
  size_t have = 0;
  while (weight > 0) {
    if (have == 0) {
      random.Fill(std::span(reinterpret_cast<uint8_t*>(words), sizeof(words)));
      have = std::size(words);
    }
    const uint32_t word = words[--have];
    int8_t& coefficient = out[(word >> 1) & (out.size() - 1)];
    if (coefficient != 0) continue;
    coefficient = word & 1 ? 1 : -1;
    --weight;
  }
  OPENSSL_cleanse(words, sizeof(words));
}

void SampleGaussian(Csprng& random, std::span<int8_t> out) {
  const std::array<uint64_t, kErrorBound>& table = GaussianTable();
  uint64_t words[kGaussianBlock], magnitudes[kGaussianBlock];
  for (size_t begin = 0; begin < out.size(); begin += kGaussianBlock) {
    random.Fill(std::span(reinterpret_cast<uint8_t*>(words), sizeof(words)));
    CountEntries(table.data(), words, magnitudes);
    const size_t count = std::min(kGaussianBlock, out.size() - begin);
    for (size_t j = 0; j < count; ++j) {
      const int magnitude = static_cast<int>(magnitudes[j]), sign = -static_cast<int>(words[j] & 1);
      out[begin + j] = static_cast<int8_t>((magnitude ^ sign) - sign);
    }
  }
  OPENSSL_cleanse(words, sizeof(words));
  OPENSSL_cleanse(magnitudes, sizeof(magnitudes));
}

}  // namespace keymemrt::lattice
