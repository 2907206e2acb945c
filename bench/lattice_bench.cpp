// SPDX-License-Identifier: Apache-2.0
//
// The engine's operations, one benchmark per <operation>/<parameter set>/<level>; openfhe/openfhe_bench.cpp measures
// OpenFHE by the same names. An operation leaves its operands as they are, and its result is checked against the
// cleartext before it is timed.
//
//   lattice_bench [--threads=N] [flags of Google Benchmark]
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "base/slot_pool.h"
#include "base/thread_pool.h"
#include "bench/parameter_sets.h"
#include "bench/set_up.h"
#include "bench/stored_keys.h"
#include "lattice/encoding/encoder.h"
#include "lattice/evaluator/encryptor.h"
#include "lattice/evaluator/evaluator.h"
#include "lattice/keys/keys.h"
#include "lattice/keys/memory_keys.h"
#include "lattice/keys/packing.h"
#include "lattice/keys/uniform.h"
#include "lattice/ring/context.h"
#include "runtime/io/direct_file.h"
#include "scheme/key_shape.h"
#include "scheme/parameters.h"

namespace keymemrt::bench {
namespace {

using lattice::Ciphertext;
using lattice::Plaintext;

int threads = 1;  // of --threads

// Context, keys and operands of one parameter set.
struct Bed {
  explicit Bed(const ParameterSet& parameter_set)
      : set(parameter_set),
        context(MakeParameters(set)),
        pool(context.n()),
        workers(threads),
        encoder(context),
        evaluator(context, pool, &workers),
        secret(Need(lattice::SecretKey::Generate(parameters()))),
        public_key(Need(lattice::GeneratePublicKey(context, pool, secret))),
        keys(context, pool, Need(lattice::RandomSeed())) {
    Need(keys.Generate(secret, {scheme::KeyKind::kRelinearization, 0}, parameters().max_level()));
    Need(keys.Generate(secret, rotation_key, parameters().max_level()));
    for (size_t i = 0; i < parameters().slots(); ++i) values.push_back(SlotValue(i, parameters().slots()));
  }

  const scheme::Parameters& parameters() const { return context.parameters(); }
  int Level(const OperandLevel& level) const { return level.Limbs(set) - 1; }
  Plaintext Encode(const OperandLevel& level) {
    return Need(encoder.Encode(values, parameters().default_scale(), Level(level), pool));
  }
  Ciphertext Encrypt(const OperandLevel& level) {
    return Need(lattice::Encrypt(context, pool, public_key, Encode(level)));
  }
  std::vector<double> Decrypt(const Ciphertext& a) {
    return encoder.Decode(Need(lattice::Decrypt(context, pool, secret, a)), pool);
  }

  const ParameterSet& set;
  lattice::Context context;
  SlotPool pool;
  ThreadPool workers;
  lattice::Encoder encoder;
  lattice::Evaluator evaluator;
  lattice::SecretKey secret;
  lattice::PublicKey public_key;
  lattice::MemoryKeys keys;
  const scheme::KeyId rotation_key{scheme::KeyKind::kRotation, parameters().GaloisElement(1)};
  std::vector<double> values;
};

// The bed of `set`. Benchmarks are registered set by set, so one bed at a time is kept.
Bed& BedOf(const ParameterSet& set) {
  static std::unique_ptr<Bed> bed;
  if (!bed || &bed->set != &set) {
    bed.reset();
    bed = std::make_unique<Bed>(set);
  }
  return *bed;
}

// Fails the benchmark unless slot i of the result is expected(i).
template <typename Expected>
bool Check(benchmark::State& state, const std::vector<double>& slots, const Expected& expected) {
  for (size_t i = 0; i < slots.size(); ++i) {
    if (!(std::abs(slots[i] - expected(i)) <= kTolerance)) {
      state.SkipWithError(fmt::format("slot {} is {}, expected {}", i, slots[i], expected(i)).c_str());
      return false;
    }
  }
  return true;
}

// What a key costs, beside the time: its bytes, their ratio to OpenFHE's full key (all digits and limbs, both halves),
// the transforms of a rotation.
void CountKey(benchmark::State& state, const Bed& bed, const scheme::Parameters& parameters, int level) {
  const scheme::KeyCost cost = scheme::CostOfKey(parameters, level);
  state.counters["key_bytes"] = static_cast<double>(cost.chunks) * static_cast<double>(parameters.chunk_bytes());
  state.counters["key_to_openfhe"] = cost.chunks / (2.0 * bed.set.openfhe_digits * bed.parameters().limb_count());
  state.counters["transforms"] = cost.transforms;
}

void Rotate(benchmark::State& state, Bed& bed, const OperandLevel& level) {
  const Ciphertext a = bed.Encrypt(level);
  const auto run = [&] { return Need(bed.evaluator.Rotate(a, 1, bed.keys)); };
  if (!Check(state, bed.Decrypt(run()), [&](size_t i) { return bed.values[(i + 1) % bed.values.size()]; })) return;
  CountKey(state, bed, bed.parameters(), bed.Level(level));
  for (auto _ : state) benchmark::DoNotOptimize(run());
}

// With a key of the best shape for this level.
void RotateShaped(benchmark::State& state, Bed& bed, const OperandLevel& level) {
  const scheme::KeyShape shape = Need(scheme::BestShape(bed.parameters(), bed.Level(level)));
  const scheme::Parameters& parameters = Need(bed.context.At(shape))->parameters();
  lattice::MemoryKeys keys(bed.context, bed.pool, Need(lattice::RandomSeed()));
  Need(keys.Generate(bed.secret, parameters.RotationKey(1), bed.Level(level)));
  const lattice::Evaluator evaluator = Need(bed.evaluator.At(shape));
  const Ciphertext a = bed.Encrypt(level);
  const auto run = [&] { return Need(evaluator.Rotate(a, 1, keys)); };
  if (!Check(state, bed.Decrypt(run()), [&](size_t i) { return bed.values[(i + 1) % bed.values.size()]; })) return;
  CountKey(state, bed, parameters, bed.Level(level));
  for (auto _ : state) benchmark::DoNotOptimize(run());
}

void RotateHoisted(benchmark::State& state, Bed& bed, const OperandLevel& level) {
  const Ciphertext a = bed.Encrypt(level);
  const lattice::Digits digits = Need(bed.evaluator.Decompose(a));
  const auto run = [&] { return Need(bed.evaluator.RotateHoisted(a, digits, 1, bed.keys)); };
  if (!Check(state, bed.Decrypt(run()), [&](size_t i) { return bed.values[(i + 1) % bed.values.size()]; })) return;
  for (auto _ : state) benchmark::DoNotOptimize(run());
}

// Checked by RotateHoisted.
void Decompose(benchmark::State& state, Bed& bed, const OperandLevel& level) {
  const Ciphertext a = bed.Encrypt(level);
  for (auto _ : state) benchmark::DoNotOptimize(Need(bed.evaluator.Decompose(a)));
}

// Checked by MulRelinRescale: at the lowest levels of small sets a product that is not rescaled fits no cleartext.
void MulRelin(benchmark::State& state, Bed& bed, const OperandLevel& level) {
  const Ciphertext a = bed.Encrypt(level), b = bed.Encrypt(level);
  for (auto _ : state) {
    benchmark::DoNotOptimize(Need(bed.evaluator.Relinearize(Need(bed.evaluator.Mul(a, b)), bed.keys)));
  }
}

void MulRelinRescale(benchmark::State& state, Bed& bed, const OperandLevel& level) {
  const Ciphertext a = bed.Encrypt(level), b = bed.Encrypt(level);
  const auto run = [&] {
    Ciphertext product = Need(bed.evaluator.Relinearize(Need(bed.evaluator.Mul(a, b)), bed.keys));
    return Need(bed.evaluator.Rescale(std::move(product)));
  };
  if (!Check(state, bed.Decrypt(run()), [&](size_t i) { return bed.values[i] * bed.values[i]; })) return;
  for (auto _ : state) benchmark::DoNotOptimize(run());
}

// Of a copy, as OpenFHE's Rescale is.
void Rescale(benchmark::State& state, Bed& bed, const OperandLevel& level) {
  const Ciphertext a = bed.Encrypt(level);
  for (auto _ : state) benchmark::DoNotOptimize(Need(bed.evaluator.Rescale(bed.evaluator.Copy(a))));
}

// body(limb) for the limbs of one polynomial; an iteration is one limb. q_0, of another size, is left out, so that sets
// B, M and C show the kernels of primes below 2^50 and set D those of large ones.
template <typename Body>
void PerLimb(benchmark::State& state, Bed& bed, const OperandLevel& level, const Body& body) {
  const int limbs = bed.Level(level);
  while (state.KeepRunningBatch(limbs)) {
    bed.workers.ParallelFor(limbs, [&](int i) { body(i + 1); });
  }
}

void Ntt(benchmark::State& state, Bed& bed, const OperandLevel& level) {
  Ciphertext a = bed.Encrypt(level);
  lattice::Poly& x = a.parts[0];  // any residues will do, so each batch transforms the last one's result
  PerLimb(state, bed, level, [&](int limb) { bed.context.kernels().ntt_forward(x.limb(limb), bed.context.ntt(limb)); });
}

void Intt(benchmark::State& state, Bed& bed, const OperandLevel& level) {
  Ciphertext a = bed.Encrypt(level);
  lattice::Poly& x = a.parts[0];
  PerLimb(state, bed, level, [&](int limb) { bed.context.kernels().ntt_inverse(x.limb(limb), bed.context.ntt(limb)); });
}

void ChunkRegenerate(benchmark::State& state, Bed& bed, const OperandLevel& level) {
  const lattice::UniformExpander expander(bed.keys.a_seed(), bed.rotation_key);
  lattice::Poly a(bed.pool, MemoryClass::kScratch, bed.parameters().limb_count());
  PerLimb(state, bed, level, [&](int limb) {
    expander.Fill(0, limb, bed.context.modulus(limb), {a.limb(limb), bed.context.n()});
  });
}

// From the form in which residues may be stored (lattice/keys/packing.h).
void UnpackLimb(benchmark::State& state, Bed& bed, const OperandLevel& level) {
  const Ciphertext a = bed.Encrypt(level);
  std::vector<std::vector<uint64_t>> packed;
  for (int limb = 0; limb <= bed.Level(level); ++limb) {
    const lattice::Modulus& q = bed.context.modulus(limb);
    packed.emplace_back(lattice::PackedWords(bed.context.n(), q.bits()));
    lattice::PackResidues({a.parts[1].limb(limb), bed.context.n()}, q, packed.back());
  }
  lattice::Poly x(bed.pool, MemoryClass::kScratch, bed.parameters().limb_count());
  PerLimb(state, bed, level, [&](int limb) {
    Need(lattice::UnpackResidues(packed[static_cast<size_t>(limb)], bed.context.modulus(limb),
                                 {x.limb(limb), bed.context.n()}));
  });
}

void Encode(benchmark::State& state, Bed& bed, const OperandLevel& level) {
  for (auto _ : state) benchmark::DoNotOptimize(bed.Encode(level));
}

void Encrypt(benchmark::State& state, Bed& bed, const OperandLevel& level) {
  const Plaintext plaintext = bed.Encode(level);
  for (auto _ : state) {
    benchmark::DoNotOptimize(Need(lattice::Encrypt(bed.context, bed.pool, bed.public_key, plaintext)));
  }
}

// With decoding, as in OpenFHE's Decrypt.
void Decrypt(benchmark::State& state, Bed& bed, const OperandLevel& level) {
  const Ciphertext a = bed.Encrypt(level);
  if (!Check(state, bed.Decrypt(a), [&](size_t i) { return bed.values[i]; })) return;
  for (auto _ : state) benchmark::DoNotOptimize(bed.Decrypt(a));
}

// One key, for use at this level and below, kept in memory. A seed of its own each time: no key may be made twice under
// one.
void KeygenRotation(benchmark::State& state, Bed& bed, const OperandLevel& level) {
  state.counters["key_bytes"] = static_cast<double>(bed.parameters().ChunkCount(bed.Level(level))) *
                                static_cast<double>(bed.parameters().chunk_bytes());
  for (auto _ : state) {
    lattice::MemoryKeys keys(bed.context, bed.pool, Need(lattice::RandomSeed()));
    Need(keys.Generate(bed.secret, bed.rotation_key, bed.Level(level), &bed.workers));
  }
}

// A whole rotation key from a key store into memory, checksums verified. The time is wall time: scripts/bench knows.
void KeyLoad(benchmark::State& state, Bed& bed, const OperandLevel& level, const std::string& directory) {
  const StoredKeys keys(directory, bed.context, bed.pool, bed.secret, bed.keys.a_seed(), {1}, bed.Level(level));
  const runtime::KeyStore& store = keys.store();
  std::vector<Slot> slots;
  for (int i = 0; i < store.chunk_count(0); ++i) slots.push_back(bed.pool.Take(MemoryClass::kKeys));
  for (auto _ : state) {
    runtime::ReadBatch batch;
    std::vector<runtime::ReadQueue::Wanted> wanted;
    for (int i = 0; i < store.chunk_count(0); ++i) {
      uint64_t* const slot = slots[static_cast<size_t>(i)].data();
      wanted.push_back(store.ReadOf(0, i, slot, 0, batch.Add([&store, i, slot] { return store.Finish(0, i, slot); })));
    }
    store.reads().Read(wanted);
    Need(batch.Wait());
  }
  state.SetLabel(keys.store().direct() ? "direct reads" : "reads through the page cache");
}

// The same file as `dd iflag=direct bs=1M` reads it: what key_load_cold is to be measured against.
void KeyFileDirect(benchmark::State& state, Bed& bed, const OperandLevel& level) {
  constexpr uint64_t kBlock = uint64_t{1} << 20;
  const StoredKeys keys(ColdDirectory(), bed.context, bed.pool, bed.secret, bed.keys.a_seed(), {1}, bed.Level(level));
  const runtime::KeyStore& store = keys.store();
  const auto file = Need(runtime::DirectFile::Open(store.directory() + "/" + store.manifest().keys[0].FileName()));
  const runtime::AlignedMemory memory(kBlock);
  for (auto _ : state) {
    for (uint64_t at = 0; at < file.size(); at += kBlock) {
      Need(file.Read(at, memory.bytes.first(std::min(kBlock, file.size() - at))));
    }
  }
  state.counters["bytes"] = static_cast<double>(file.size());
}

void KeyLoadWarm(benchmark::State& state, Bed& bed, const OperandLevel& level) {
  KeyLoad(state, bed, level, WarmDirectory());
}
void KeyLoadCold(benchmark::State& state, Bed& bed, const OperandLevel& level) {
  KeyLoad(state, bed, level, ColdDirectory());
}

void Register(const char* operation, const ParameterSet& set, const OperandLevel& level,
              void (*body)(benchmark::State&, Bed&, const OperandLevel&)) {
  benchmark::RegisterBenchmark(BenchmarkName(operation, set, level).c_str(), [=, &set,
                                                                              &level](benchmark::State& state) {
    body(state, BedOf(set), level);
  })->Unit(benchmark::kMillisecond);
}

int Main(int argc, char** argv) {
  threads = TakeThreads(argc, argv);
  if (threads == 0) {
    std::fprintf(stderr, "lattice_bench: --threads=N: a number from 1 to 1024 expected\n");
    return 2;
  }
  for (const ParameterSet& set : kParameterSets) {
    if (OnlyOpenFhe(set)) continue;
    for (const OperandLevel& level : kLevels) {
      Register("rotate", set, level, Rotate);
      Register("rotate_shaped", set, level, RotateShaped);
      Register("rotate_hoisted", set, level, RotateHoisted);
      Register("decompose", set, level, Decompose);
      Register("mul_relin", set, level, MulRelin);
      Register("mul_relin_rescale", set, level, MulRelinRescale);
      Register("rescale", set, level, Rescale);
      Register("ntt_limb", set, level, Ntt);
      Register("intt_limb", set, level, Intt);
      Register("encode", set, level, Encode);
      Register("encrypt", set, level, Encrypt);
      Register("decrypt", set, level, Decrypt);
      Register("keygen_rotation", set, level, KeygenRotation);
      Register("key_load_warm", set, level, KeyLoadWarm);
      Register("key_load_cold", set, level, KeyLoadCold);
      Register("key_file_direct", set, level, KeyFileDirect);
      Register("chunk_regenerate", set, level, ChunkRegenerate);
      Register("unpack_limb", set, level, UnpackLimb);
    }
  }
  benchmark::AddCustomContext("threads", std::to_string(threads));
  benchmark::AddCustomContext("kernels", lattice::ActiveKernels().name);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

}  // namespace
}  // namespace keymemrt::bench

int main(int argc, char** argv) {
  return keymemrt::bench::Main(argc, argv);
}
