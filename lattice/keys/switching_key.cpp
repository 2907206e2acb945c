// SPDX-License-Identifier: Apache-2.0
//
// The making of switching keys (keys.h).
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <string_view>

#include "lattice/keys/keys.h"
#include "lattice/keys/small.h"
#include "lattice/keys/uniform.h"
#include "lattice/sampling/csprng.h"

namespace keymemrt::lattice {

namespace {

using scheme::KeyId;
using scheme::KeyKind;

// g^-1 mod 2N, N a power of two and g odd: each Newton step doubles the number of right bits, from three.
uint64_t InverseGalois(uint64_t g, uint64_t two_n) {
  uint64_t x = g;
  for (int bits = 3; bits < 64; bits *= 2) x *= 2 - g * x;
  return x & (two_n - 1);
}

bool IsGalois(KeyKind kind) {
  return kind == KeyKind::kRotation || kind == KeyKind::kConjugation;
}

Status CheckName(const scheme::Parameters& parameters, const KeyId& key, int level) {
  if (level < 0 || level > parameters.max_level()) {
    return InvalidArgument("key {}: there is no level {}, 0 to {} expected", key.ToString(), level,
                           parameters.max_level());
  }
  const uint64_t g = key.galois_element;
  const bool odd_below_2n = g % 2 == 1 && g < 2 * parameters.n();
  if (IsGalois(key.kind) ? !odd_below_2n : key.kind == KeyKind::kRelinearization && g != 0) {
    return InvalidArgument("key {}: {} is no Galois element of N={}", key.ToString(), g, parameters.n());
  }
  return Status();
}

// The stream of the errors of one digit. The secret is the key of a pseudo-random function (SHA-256, twice, so that its
// coefficients are hashed once), the names are its input; nothing but the secret makes it secret.
class ErrorStreams {
 public:
  ErrorStreams(const SecretKey& secret, const Seed& a_seed, const KeyId& key) {
    Append("KeyMemRT error key 1");
    Append(std::as_bytes(secret.coefficients()));
    uint8_t digest[SHA256_DIGEST_LENGTH];
    Hash(digest);
    Wipe();
    Append("KeyMemRT errors 1");
    Append(std::as_bytes(std::span<const uint8_t>(digest)));
    OPENSSL_cleanse(digest, sizeof digest);
    Append(std::as_bytes(std::span<const uint8_t>(a_seed)));
    for (const uint64_t number : {static_cast<uint64_t>(key.kind), key.galois_element,
                                  static_cast<uint64_t>(key.shape.level), static_cast<uint64_t>(key.shape.specials)}) {
      Append(number);
    }
  }
  ErrorStreams(const ErrorStreams&) = delete;
  ~ErrorStreams() { Wipe(); }

  Csprng OfDigit(int digit) {
    const size_t common = message_.size();
    Append(static_cast<uint64_t>(digit));
    uint8_t digest[SHA256_DIGEST_LENGTH];
    Hash(digest);
    message_.resize(common);
    std::array<uint8_t, 16> key;
    std::memcpy(key.data(), digest, key.size());
    Csprng stream(key);
    OPENSSL_cleanse(digest, sizeof digest);
    OPENSSL_cleanse(key.data(), key.size());
    return stream;
  }

 private:
  void Append(std::string_view text) { Append(std::as_bytes(std::span(text))); }
  void Append(uint64_t number) { Append(std::as_bytes(std::span(&number, 1))); }
  void Append(std::span<const std::byte> bytes) {
    // Into a new vector, so that no copy of the secret stays behind a reallocation.
    std::vector<std::byte> longer;
    longer.reserve(message_.size() + bytes.size() + sizeof(uint64_t));
    longer.insert(longer.end(), message_.begin(), message_.end());
    longer.insert(longer.end(), bytes.begin(), bytes.end());
    longer.swap(message_);
    if (!longer.empty()) OPENSSL_cleanse(longer.data(), longer.size());
  }
  void Hash(uint8_t* digest) const {
    SHA256(reinterpret_cast<const uint8_t*>(message_.data()), message_.size(), digest);
  }
  void Wipe() {
    if (!message_.empty()) OPENSSL_cleanse(message_.data(), message_.size());
    message_.clear();
  }

  std::vector<std::byte> message_;
};

// Lets callers 0, 1, 2, ... in one after the other, whoever comes first, until one fails.
class Turns {
 public:
  // Waits for the turn of `index`; runs `body` in it unless an earlier one failed. REQUIRES: whoever has an earlier
  // turn is on its way.
  template <typename Body>
  void Take(int index, const Body& body) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return next_ == index; });
    if (status_.ok()) {
      status_ = body();
      failed_.store(!status_.ok(), std::memory_order_relaxed);
    }
    ++next_;
    changed_.notify_all();
  }
  bool failed() const { return failed_.load(std::memory_order_relaxed); }
  Status TakeStatus() { return std::move(status_); }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int next_ = 0;
  std::atomic<bool> failed_ = false;
  Status status_;
};

// What one thread works with: w and u modulo the limb at hand, made once for a run of chunks of one limb.
struct Bench {
  explicit Bench(SlotPool& pool) : w(pool), u(pool), e(pool), b(pool.Take(MemoryClass::kScratch)) {}

  int limb = -1;
  SecretSlot w, u, e;
  Slot b;
};

class Generator {
 public:
  // `context`: of the key's shape. `from` is of interest for a secret switch only.
  Generator(const Context& context, SlotPool& pool, const SecretKey& from, const SecretKey& to, const Seed& a_seed,
            const KeyId& key, int level)
      : context_(context), pool_(pool), from_(from), to_(to), key_(key), uniform_(a_seed, key) {
    const scheme::Parameters& parameters = context.parameters();
    ErrorStreams streams(to, a_seed, key);
    chunks_.resize(static_cast<size_t>(parameters.ChunkCount(level)));
    for (int digit = 0; digit < parameters.DigitCount(level); ++digit) {
      errors_.emplace_back(context.n());
      Csprng stream = streams.OfDigit(digit);
      SampleGaussian(stream, errors_.back().coefficients());
      for (int limb = 0; limb < parameters.limb_count(); ++limb) {
        if (limb > level && limb < parameters.q_count()) continue;
        chunks_[static_cast<size_t>(parameters.ChunkIndex(digit, limb))] = {digit, limb};
      }
    }
    if (IsGalois(key.kind)) {
      permutation_ = pool.Take(MemoryClass::kScratch);
      context.WritePermutation(InverseGalois(key.galois_element, 2 * context.n()), permutation());
    }
  }

  Status Run(ThreadPool* threads, const ChunkSink& sink) {
    Turns turns;
    // Indices are handed out in order, so whoever waits for a turn waits for threads at work.
    ParallelFor(threads, static_cast<int>(chunks_.size()), [&](int i) {
      const Chunk chunk = chunks_[static_cast<size_t>(i)];
      std::unique_ptr<Bench> bench = TakeBench(chunk.limb);
      if (!turns.failed()) Make(chunk, *bench);
      turns.Take(i, [&] { return sink(chunk.digit, chunk.limb, {bench->b.data(), context_.n()}); });
      ReturnBench(std::move(bench));
    });
    return turns.TakeStatus();
  }

 private:
  struct Chunk {
    int digit, limb;
  };

  uint32_t* permutation() const { return reinterpret_cast<uint32_t*>(permutation_.data()); }

  // The one that was at this limb last, if it is free.
  std::unique_ptr<Bench> TakeBench(int limb) {
    const std::lock_guard lock(mutex_);
    if (benches_.empty()) return std::make_unique<Bench>(pool_);
    const auto same = std::find_if(benches_.begin(), benches_.end(), [&](const auto& b) { return b->limb == limb; });
    if (same != benches_.end()) std::iter_swap(same, benches_.end() - 1);
    std::unique_ptr<Bench> bench = std::move(benches_.back());
    benches_.pop_back();
    return bench;
  }
  void ReturnBench(std::unique_ptr<Bench> bench) {
    const std::lock_guard lock(mutex_);
    benches_.push_back(std::move(bench));
  }

  void Prepare(int limb, Bench& bench) const {
    const size_t n = context_.n();
    const Kernels& kernels = context_.kernels();
    bench.limb = limb;
    if (key_.kind == KeyKind::kSecretSwitch) {
      SmallToNtt(context_, from_.coefficients(), limb, bench.w.data());
      SmallToNtt(context_, to_.coefficients(), limb, bench.u.data());
      return;
    }
    SmallToNtt(context_, to_.coefficients(), limb, bench.w.data());
    if (IsGalois(key_.kind)) {
      kernels.permute(bench.u.data(), bench.w.data(), permutation(), n);
    } else {
      std::copy_n(bench.w.data(), n, bench.u.data());
      kernels.mul(bench.w.data(), bench.w.data(), bench.w.data(), n, context_.modulus(limb));
    }
  }

  void Make(const Chunk& chunk, Bench& bench) const {
    const auto [digit, limb] = chunk;
    const scheme::Parameters& parameters = context_.parameters();
    const size_t n = context_.n();
    const Kernels& kernels = context_.kernels();
    const Modulus& q = context_.modulus(limb);
    if (limb != bench.limb) Prepare(limb, bench);
    uint64_t* const e = bench.e.data();
    uint64_t* const b = bench.b.data();
    SmallToNtt(context_, errors_[static_cast<size_t>(digit)].coefficients(), limb, e);
    if (limb >= parameters.DigitBegin(digit) && limb < parameters.DigitEnd(digit, parameters.max_level())) {
      const uint64_t p = context_.ModDown(parameters.max_level()).product[static_cast<size_t>(limb)];
      kernels.mul_scalar_add(e, bench.w.data(), p, n, q);
    }
    uniform_.Fill(digit, limb, q, {b, n});
    kernels.mul(b, b, bench.u.data(), n, q);
    kernels.sub(b, e, b, n, q);
  }

  const Context& context_;
  SlotPool& pool_;
  const SecretKey& from_;
  const SecretKey& to_;
  const KeyId key_;
  const UniformExpander uniform_;
  std::vector<SmallPoly> errors_;  // by digit
  std::vector<Chunk> chunks_;      // by ChunkIndex
  Slot permutation_;               // of rotations and conjugation: X -> X^(1/g)
  std::mutex mutex_;
  std::vector<std::unique_ptr<Bench>> benches_;  // free
};

Status Generate(const Context& context, SlotPool& pool, const SecretKey& from, const SecretKey& to, const Seed& a_seed,
                const KeyId& key, int level, const ChunkSink& sink, ThreadPool* threads) {
  KMRT_ASSIGN_OR_RETURN(const Context* const shaped, context.At(key.shape));
  KMRT_RETURN_IF_ERROR(CheckName(shaped->parameters(), key, level));
  KMRT_RETURN_IF_ERROR(
      scheme::CheckKeySecurity(shaped->parameters(), level, to.distribution()).WithContext("key " + key.ToString()));
  return Generator(*shaped, pool, from, to, a_seed, key, level).Run(threads, sink);
}

}  // namespace

Status GenerateSwitchingKey(const Context& context, SlotPool& pool, const SecretKey& secret, const Seed& a_seed,
                            const KeyId& key, int level, const ChunkSink& sink, ThreadPool* threads) {
  if (key.kind == KeyKind::kSecretSwitch) {
    return InvalidArgument("key {}: a switch between secrets needs two of them", key.ToString());
  }
  return Generate(context, pool, secret, secret, a_seed, key, level, sink, threads);
}

Status GenerateSecretSwitchingKey(const Context& context, SlotPool& pool, const SecretKey& from, const SecretKey& to,
                                  const Seed& a_seed, const KeyId& key, int level, const ChunkSink& sink,
                                  ThreadPool* threads) {
  if (key.kind != KeyKind::kSecretSwitch) {
    return InvalidArgument("key {}: not a switch between secrets", key.ToString());
  }
  return Generate(context, pool, from, to, a_seed, key, level, sink, threads);
}

}  // namespace keymemrt::lattice
