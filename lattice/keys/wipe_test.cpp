// SPDX-License-Identifier: Apache-2.0
//
// Secrets do not stay in memory: this program's operator delete looks at every block before it is freed.
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>

#include "lattice/keys/keys.h"
#include "lattice/keys/small.h"
#include "lattice/ring/test_parameters.h"
#include "lattice/sampling/csprng.h"

namespace {

// What to look for. Kept with its bits flipped, so that this copy is not found.
constexpr size_t kPattern = 64;
uint8_t flipped[kPattern];
std::atomic<bool> watching = false;
std::atomic<int> found = 0;

void Inspect(const void* block) {
  if (!watching || block == nullptr) return;
  uint8_t pattern[kPattern];
  for (size_t i = 0; i < kPattern; ++i) pattern[i] = static_cast<uint8_t>(~flipped[i]);
  if (memmem(block, malloc_usable_size(const_cast<void*>(block)), pattern, kPattern) != nullptr) ++found;
}

void Watch(const void* secret) {
  for (size_t i = 0; i < kPattern; ++i) flipped[i] = static_cast<uint8_t>(~static_cast<const uint8_t*>(secret)[i]);
  found = 0;
  watching = true;
}

int Found() {
  watching = false;
  return found;
}

void* Allocate(size_t bytes, size_t alignment) {
  void* block = nullptr;
  if (posix_memalign(&block, std::max(alignment, sizeof(void*)), bytes) != 0) throw std::bad_alloc();
  return block;
}

void Free(void* block) {
  Inspect(block);
  std::free(block);
}

}  // namespace

void* operator new(size_t bytes) {
  return Allocate(bytes, alignof(std::max_align_t));
}
void* operator new(size_t bytes, std::align_val_t alignment) {
  return Allocate(bytes, static_cast<size_t>(alignment));
}
void operator delete(void* block) noexcept {
  Free(block);
}
void operator delete(void* block, size_t) noexcept {
  Free(block);
}
void operator delete(void* block, std::align_val_t) noexcept {
  Free(block);
}
void operator delete(void* block, size_t, std::align_val_t) noexcept {
  Free(block);
}

namespace keymemrt::lattice {
namespace {

const scheme::Parameters& SmallParameters() {
  static const scheme::Parameters parameters = TestParameters(10, {40, 35, 35, 35}, {50, 50}, 35);
  return parameters;
}

TEST(Wipe, TheInspectionSeesWhatIsNotWiped) {
  auto secret = std::make_unique<std::vector<int8_t>>(1024, int8_t{0});
  for (size_t i = 0; i < secret->size(); ++i) (*secret)[i] = static_cast<int8_t>(i % 3) - 1;
  Watch(secret->data());
  secret.reset();
  EXPECT_EQ(Found(), 1);
}

TEST(Wipe, SecretKeysAreWipedHoweverTheyGo) {
  const auto generate = [] { return std::make_unique<SecretKey>(*SecretKey::Generate(SmallParameters())); };
  auto key = generate();
  Watch(key->coefficients().data());
  key.reset();
  EXPECT_EQ(Found(), 0);

  key = generate();
  Watch(key->coefficients().data());
  *key = *SecretKey::Generate(SmallParameters());  // replaced
  EXPECT_EQ(Found(), 0);

  std::vector<int8_t> coefficients(key->coefficients().begin(), key->coefficients().end());
  Watch(coefficients.data());
  coefficients.pop_back();
  EXPECT_FALSE(SecretKey::FromCoefficients(SmallParameters(), std::move(coefficients)).ok());  // refused
  EXPECT_EQ(Found(), 0);
}

TEST(Wipe, SampledPolynomialsAreWiped) {
  auto poly = std::make_unique<SmallPoly>(1024);
  Csprng random = *Csprng::FromSystem();
  SampleGaussian(random, poly->coefficients());
  Watch(poly->coefficients().data());
  poly.reset();
  EXPECT_EQ(Found(), 0);
}

// No block that key generation frees has a piece of the secret in it, coefficients or transformed; nor has a slot that
// it gave back, in which nothing but the last b and a permutation may be left.
TEST(Wipe, KeyGenerationLeavesNothingBehind) {
  const Context context(SmallParameters());
  const SecretKey secret = *SecretKey::Generate(SmallParameters()), other = *SecretKey::Generate(SmallParameters());
  ThreadPool workers(2);
  for (const scheme::KeyId& key : {SmallParameters().RotationKey(3), SmallParameters().RelinearizationKey(),
                                   SmallParameters().SecretSwitchKey(0)}) {
    SCOPED_TRACE(key.ToString());
    SlotPool pool(context.n());
    Watch(secret.coefficients().data());
    const ChunkSink sink = [](int, int, std::span<const uint64_t>) { return Status(); };
    const Status status =
        key.kind == scheme::KeyKind::kSecretSwitch
            ? GenerateSecretSwitchingKey(context, pool, other, secret, *RandomSeed(), key, 3, sink, &workers)
            : GenerateSwitchingKey(context, pool, secret, *RandomSeed(), key, 3, sink, &workers);
    ASSERT_TRUE(status.ok());
    EXPECT_EQ(Found(), 0);

    std::vector<Slot> slots;
    const size_t used = pool.peak_total_bytes() / pool.slot_bytes();
    while (pool.reserved_bytes() / pool.slot_bytes() > slots.size()) slots.push_back(pool.Take(MemoryClass::kScratch));
    const auto dirty = [](const Slot& slot) {
      return std::any_of(slot.words().begin(), slot.words().end(), [](uint64_t word) { return word != 0; });
    };
    EXPECT_GE(used, 4u);
    EXPECT_LE(std::count_if(slots.begin(), slots.end(), dirty), 3) << "two b and a permutation";
    std::vector<uint64_t> s(context.n());
    for (int limb = 0; limb < context.parameters().limb_count(); ++limb) {
      SmallToNtt(context, secret.coefficients(), limb, s.data());
      for (const Slot& slot : slots) EXPECT_FALSE(std::equal(s.begin(), s.end(), slot.data())) << limb;
    }
  }
}

}  // namespace
}  // namespace keymemrt::lattice
