// SPDX-License-Identifier: Apache-2.0
//
// What the tests of the evaluator share: a client and a server in one place, and KeySources that watch or restrict.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "lattice/encoding/encoder.h"
#include "lattice/evaluator/encryptor.h"
#include "lattice/evaluator/evaluator.h"
#include "lattice/keys/memory_keys.h"
#include "lattice/ring/test_parameters.h"

namespace keymemrt::lattice {

using scheme::KeyId;
using scheme::KeyKind;

inline std::vector<double> RandomValues(size_t count, uint64_t seed, double bound = 1) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> distribution(-bound, bound);
  std::vector<double> values(count);
  for (double& value : values) value = distribution(random);
  return values;
}

// Not-a-number counts as infinitely wrong.
inline double WorstError(const std::vector<double>& a, const std::vector<double>& b) {
  EXPECT_EQ(a.size(), b.size());
  double worst = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double error = std::abs(a[i] - b[i]);
    worst = std::isnan(error) ? std::numeric_limits<double>::infinity() : std::max(worst, error);
  }
  return worst;
}

inline std::vector<double> Rotated(const std::vector<double>& x, int64_t shift) {
  std::vector<double> result(x);
  const int64_t n = static_cast<int64_t>(x.size());
  std::rotate(result.begin(), result.begin() + ((shift % n) + n) % n, result.end());
  return result;
}

struct Engine {
  explicit Engine(scheme::Parameters parameters, int threads = 1, scheme::SecretDistribution distribution = {})
      : context(std::move(parameters)),
        pool(context.n()),
        workers(threads),
        encoder(context),
        evaluator(context, pool, &workers),
        secret(*SecretKey::Generate(context.parameters(), distribution)),
        public_key(*GeneratePublicKey(context, pool, secret)),
        keys(context, pool, *RandomSeed()) {}

  const scheme::Parameters& parameters() const { return context.parameters(); }
  KeyId RotationKey(int64_t shift) const { return {KeyKind::kRotation, parameters().GaloisElement(shift)}; }
  void MakeRotation(int64_t shift) {
    const Status status = keys.Generate(secret, RotationKey(shift), parameters().max_level());
    ASSERT_TRUE(status.ok()) << status.message();
  }
  void MakeRelinearization() {
    ASSERT_TRUE(keys.Generate(secret, {KeyKind::kRelinearization, 0}, parameters().max_level()).ok());
  }

  Plaintext Encode(const std::vector<double>& values, int level, double scale = 0) {
    return *encoder.Encode(values, scale == 0 ? parameters().default_scale() : scale, level, pool);
  }
  Ciphertext Encrypt(const std::vector<double>& values, int level, double scale = 0) {
    return *lattice::Encrypt(context, pool, public_key, Encode(values, level, scale));
  }
  std::vector<double> Decrypt(const Ciphertext& ciphertext) {
    return encoder.Decode(*lattice::Decrypt(context, pool, secret, ciphertext), pool);
  }

  Context context;
  SlotPool pool;
  ThreadPool workers;
  Encoder encoder;
  Evaluator evaluator;
  SecretKey secret;
  PublicKey public_key;
  MemoryKeys keys;
};

// The same limbs, bit for bit.
inline bool Equal(const Ciphertext& a, const Ciphertext& b, size_t n) {
  if (a.level != b.level || a.scale != b.scale || a.parts.size() != b.parts.size()) return false;
  for (size_t part = 0; part < a.parts.size(); ++part) {
    for (int limb = 0; limb <= a.level; ++limb) {
      if (!std::equal(a.parts[part].limb(limb), a.parts[part].limb(limb) + n, b.parts[part].limb(limb))) return false;
    }
  }
  return true;
}

// Hands over private copies of chunks, one at a time per thread, each destroyed (overwritten) at Done. Records what was
// asked for; fails on what the key of the level does not have, on a second request, and after `fail_after` chunks.
class StreamingKeys : public KeySource {
 public:
  StreamingKeys(const scheme::Parameters& parameters, KeySource& keys) : parameters_(parameters), keys_(keys) {}

  const Seed& a_seed() const override { return keys_.a_seed(); }
  Result<std::unique_ptr<KeyUse>> Acquire(const KeyId& key, int level) override {
    KMRT_ASSIGN_OR_RETURN(auto use, keys_.Acquire(key, level));
    return std::unique_ptr<KeyUse>(new Use(*this, std::move(use), level));
  }

  int fail_after = std::numeric_limits<int>::max();
  std::vector<std::pair<int, int>> asked;  // (limb, digit)
  size_t most_held = 0;

 private:
  class Use : public KeyUse {
   public:
    Use(StreamingKeys& owner, std::unique_ptr<KeyUse> use, int level)
        : owner_(owner), use_(std::move(use)), level_(level) {}
    ~Use() override { EXPECT_TRUE(held_.empty()); }

    Result<std::span<const uint64_t>> Chunk(int digit, int limb) override {
      const std::lock_guard lock(mutex_);
      if (static_cast<int>(owner_.asked.size()) >= owner_.fail_after) return Corrupt("chunk is damaged");
      const scheme::Parameters& parameters = owner_.parameters_;
      const bool live = limb <= level_ || limb >= parameters.q_count();
      if (!live || digit >= parameters.DigitCount(level_)) return Failed("not a chunk of level {}", level_);
      EXPECT_LT(parameters.ChunkIndex(digit, limb), parameters.ChunkCount(level_));
      if (!seen_.emplace(digit, limb).second) return Failed("chunk asked for twice");
      owner_.asked.emplace_back(limb, digit);
      KMRT_ASSIGN_OR_RETURN(const auto words, use_->Chunk(digit, limb));
      auto& copy = held_[{digit, limb}];
      copy.assign(words.begin(), words.end());
      owner_.most_held = std::max(owner_.most_held, held_.size());
      return std::span<const uint64_t>(copy);
    }
    void Done(int digit, int limb) override {
      const std::lock_guard lock(mutex_);
      const auto entry = held_.find({digit, limb});
      ASSERT_NE(entry, held_.end());
      std::fill(entry->second.begin(), entry->second.end(), 0xdead);
      held_.erase(entry);
    }

   private:
    StreamingKeys& owner_;
    std::unique_ptr<KeyUse> use_;
    int level_;
    std::mutex mutex_;
    std::set<std::pair<int, int>> seen_;
    std::map<std::pair<int, int>, std::vector<uint64_t>> held_;
  };

  const scheme::Parameters& parameters_;
  KeySource& keys_;
};

}  // namespace keymemrt::lattice
