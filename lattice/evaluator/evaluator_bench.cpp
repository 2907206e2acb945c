// SPDX-License-Identifier: Apache-2.0
//
// Operations on the parameter sets of the OpenFHE baseline, named `<operation>/<set>/<level>` (top: all limbs live,
// half: half of them). The moduli are those of the baseline in number and bits, so P, too; limbs per digit follow from
// them. B, A and D exceed the 128-bit bound, as they do there. `--threads=N` (default 1) sets the workers of the
// evaluator.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "lattice/encoding/encoder.h"
#include "lattice/evaluator/encryptor.h"
#include "lattice/evaluator/evaluator.h"
#include "lattice/keys/memory_keys.h"
#include "lattice/keys/uniform.h"
#include "lattice/ring/test_parameters.h"

namespace keymemrt::lattice {
namespace {

using scheme::KeyId;
using scheme::KeyKind;

struct Set {
  const char* name;
  int log_n;
  std::vector<int> q, p;
  int log_scale;
};

std::vector<int> Bits(int first, int count, int others) {
  std::vector<int> bits(static_cast<size_t>(count), others);
  bits[0] = first;
  return bits;
}

const std::vector<Set>& Sets() {
  static const std::vector<Set> sets = {
      {"A1", 13, Bits(27, 6, 26), {60}, 26},
      {"B", 14, Bits(55, 11, 40), {60, 60, 60}, 40},
      {"M", 15, Bits(55, 12, 40), {60, 60, 60}, 40},
      {"C", 16, Bits(55, 12, 40), {60, 60, 60}, 40},
      {"D", 16, Bits(60, 26, 59), std::vector<int>(9, 60), 59},
  };
  return sets;
}

int threads = 1;

// One set's keys and operands; made at first use, one set at a time.
struct Fixture {
  explicit Fixture(const Set& set)
      : name(set.name),
        context(TestParameters(set.log_n, set.q, set.p, set.log_scale)),
        pool(context.n()),
        workers(threads),
        encoder(context),
        evaluator(context, pool, &workers),
        secret(*SecretKey::Generate(context.parameters())),
        public_key(*GeneratePublicKey(context, pool, secret)),
        keys(context, pool, *RandomSeed()) {
    const int top = context.parameters().max_level();
    Require(keys.Generate(secret, {KeyKind::kRotation, context.parameters().GaloisElement(1)}, top));
    Require(keys.Generate(secret, {KeyKind::kRelinearization, 0}, top));
    values.resize(context.parameters().slots());
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i % 17) / 17 - 0.5;
  }
  static void Require(const Status& status) {
    if (status.ok()) return;
    std::fprintf(stderr, "%s\n", status.message().c_str());
    std::abort();
  }
  Plaintext Encode(int level) { return *encoder.Encode(values, context.parameters().default_scale(), level, pool); }
  Ciphertext Encrypt(int level) { return *lattice::Encrypt(context, pool, public_key, Encode(level)); }

  std::string name;
  Context context;
  SlotPool pool;
  ThreadPool workers;
  Encoder encoder;
  Evaluator evaluator;
  SecretKey secret;
  PublicKey public_key;
  MemoryKeys keys;
  std::vector<double> values;
};

Fixture& Use(const Set& set) {
  static std::unique_ptr<Fixture> fixture;
  if (fixture == nullptr || fixture->name != set.name) {
    fixture = nullptr;
    fixture = std::make_unique<Fixture>(set);
  }
  return *fixture;
}

using Body = void (*)(benchmark::State&, Fixture&, int level);

void Rotate(benchmark::State& state, Fixture& f, int level) {
  const Ciphertext a = f.Encrypt(level);
  for (auto _ : state) benchmark::DoNotOptimize(f.evaluator.Rotate(a, 1, f.keys));
}
void RotateHoisted(benchmark::State& state, Fixture& f, int level) {
  const Ciphertext a = f.Encrypt(level);
  const Digits digits = *f.evaluator.Decompose(a);
  for (auto _ : state) benchmark::DoNotOptimize(f.evaluator.RotateHoisted(a, digits, 1, f.keys));
}
void Decompose(benchmark::State& state, Fixture& f, int level) {
  const Ciphertext a = f.Encrypt(level);
  for (auto _ : state) benchmark::DoNotOptimize(f.evaluator.Decompose(a));
}
void MulRelin(benchmark::State& state, Fixture& f, int level) {
  const Ciphertext a = f.Encrypt(level), b = f.Encrypt(level);
  for (auto _ : state) benchmark::DoNotOptimize(f.evaluator.Relinearize(*f.evaluator.Mul(a, b), f.keys));
}
void Rescale(benchmark::State& state, Fixture& f, int level) {
  const Ciphertext a = f.Encrypt(level);
  for (auto _ : state) {
    state.PauseTiming();
    Ciphertext copy = f.evaluator.Copy(a);
    state.ResumeTiming();
    benchmark::DoNotOptimize(f.evaluator.Rescale(std::move(copy)));
  }
}
void Encode(benchmark::State& state, Fixture& f, int level) {
  for (auto _ : state) benchmark::DoNotOptimize(f.Encode(level));
}
void Encrypt(benchmark::State& state, Fixture& f, int level) {
  const Plaintext plaintext = f.Encode(level);
  for (auto _ : state) benchmark::DoNotOptimize(Encrypt(f.context, f.pool, f.public_key, plaintext));
}
// With decoding, as in the baseline.
void Decrypt(benchmark::State& state, Fixture& f, int level) {
  const Ciphertext a = f.Encrypt(level);
  for (auto _ : state) benchmark::DoNotOptimize(f.encoder.Decode(*Decrypt(f.context, f.pool, f.secret, a), f.pool));
}
void KeygenRotation(benchmark::State& state, Fixture& f, int level) {
  const KeyId key{KeyKind::kRotation, f.context.parameters().GaloisElement(2)};
  for (auto _ : state) {
    const Seed seed = *RandomSeed();
    Fixture::Require(GenerateSwitchingKey(f.context, f.pool, f.secret, seed, key, level,
                                          [](int, int, std::span<const uint64_t>) { return Status(); }));
  }
}
void ChunkRegenerate(benchmark::State& state, Fixture& f, int level) {
  const UniformExpander uniform(f.keys.a_seed(), {KeyKind::kRotation, 5});
  const Slot slot = f.pool.Take(MemoryClass::kScratch);
  for (auto _ : state) {
    uniform.Fill(0, level, f.context.modulus(level), slot.words());
    benchmark::ClobberMemory();
  }
}

const std::pair<const char*, Body> kOperations[] = {
    {"rotate", Rotate},
    {"rotate_hoisted", RotateHoisted},
    {"decompose", Decompose},
    {"mul_relin", MulRelin},
    {"rescale", Rescale},
    {"encode", Encode},
    {"encrypt", Encrypt},
    {"decrypt", Decrypt},
    {"keygen_rotation", KeygenRotation},
    {"chunk_regenerate", ChunkRegenerate},
};

void Register() {
  for (const Set& set : Sets()) {
    const int limbs = static_cast<int>(set.q.size());
    for (const auto& [operation, body] : kOperations) {
      for (const auto& [level_name, level] : {std::pair{"top", limbs - 1}, std::pair{"half", limbs / 2 - 1}}) {
        benchmark::RegisterBenchmark(
            (std::string(operation) + "/" + set.name + "/" + level_name).c_str(),
            [&set, body = body, level = level](benchmark::State& state) { body(state, Use(set), level); })
            ->Unit(benchmark::kMillisecond);
      }
    }
  }
}

}  // namespace
}  // namespace keymemrt::lattice

int main(int argc, char** argv) {
  int kept = 1;
  for (int i = 1; i < argc; ++i) {
    if (std::strncmp(argv[i], "--threads=", 10) == 0) {
      keymemrt::lattice::threads = std::max(1, std::atoi(argv[i] + 10));
    } else {
      argv[kept++] = argv[i];
    }
  }
  benchmark::Initialize(&kept, argv);
  if (benchmark::ReportUnrecognizedArguments(kept, argv)) return 2;
  keymemrt::lattice::Register();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
