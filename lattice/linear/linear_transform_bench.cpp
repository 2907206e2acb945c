// SPDX-License-Identifier: Apache-2.0
//
// A linear transform of 128 or 16 dense diagonals in each form, on the parameter sets A1, M and C of
// bench/parameter_sets.h, top level: linear_transform_<diagonals>/<form>/<set>/top. Diagonals are encoded on the fly,
// in the time; linear_transform_encode is that part of 128 alone, modulo QP. Counters: key_bytes (what the form's keys
// take in a store at this level), key_switches, keys, slot_bytes (the most memory beside keys and operand). Each result
// is checked against doubles before it is timed.
//
//   linear_transform_bench [--threads=N] [flags of Google Benchmark]
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "bench/parameter_sets.h"
#include "lattice/evaluator/encryptor.h"
#include "lattice/keys/keys.h"
#include "lattice/keys/memory_keys.h"
#include "lattice/linear/linear_transform.h"
#include "lattice/ring/test_parameters.h"

namespace keymemrt::lattice {
namespace {

using circuit::LinearTransformForm;
using circuit::LinearTransformPlan;

constexpr size_t kDiagonals = 128;  // at most

int threads = 1;  // of --threads

template <typename T>
T Need(Result<T> result) {
  if (!result.ok()) {
    fmt::print(stderr, "linear_transform_bench: {}\n", result.status().message());
    std::exit(1);
  }
  return std::move(result).value();
}
void Need(const Status& status) {
  if (status.ok()) return;
  fmt::print(stderr, "linear_transform_bench: {}\n", status.message());
  std::exit(1);
}

scheme::Parameters MakeParameters(const bench::ParameterSet& set) {
  std::vector<int> q(static_cast<size_t>(set.q_count), set.q_bits);
  q[0] = set.first_q_bits;
  return TestParameters(set.log_n, q, std::vector<int>(static_cast<size_t>(set.p_count), set.p_bits), set.q_bits);
}

struct Bed {
  explicit Bed(const bench::ParameterSet& parameter_set)
      : set(parameter_set),
        context(MakeParameters(set)),
        pool(context.n()),
        workers(threads),
        work{context, pool, &workers},
        encoder(context),
        secret(Need(SecretKey::Generate(context.parameters()))),
        public_key(Need(GeneratePublicKey(context, pool, secret))),
        keys(context, pool, Need(RandomSeed())) {
    const size_t slots = context.parameters().slots();
    for (size_t i = 0; i < slots; ++i) values.push_back(bench::SlotValue(i, slots));
    // Different rows without 128 of them in memory: rotations of one.
    for (size_t i = 0; i < slots + kDiagonals; ++i) row.push_back(std::cos(static_cast<double>(i)) / 16);
  }
  std::span<const double> Row(size_t r) const { return std::span<const double>(row).subspan(r, values.size()); }
  double Expected(size_t slot, size_t diagonals) const {
    double sum = 0;
    for (size_t r = 0; r < diagonals; ++r) sum += row[r + slot] * values[(slot + r) % values.size()];
    return sum;
  }

  const bench::ParameterSet& set;
  Context context;
  SlotPool pool;
  ThreadPool workers;
  Workspace work;
  Encoder encoder;
  SecretKey secret;
  PublicKey public_key;
  MemoryKeys keys;
  std::set<int64_t> made;
  std::vector<double> values, row;
};

// Benchmarks are registered set by set, so one bed at a time is kept.
Bed& BedOf(const bench::ParameterSet& set) {
  static std::unique_ptr<Bed> bed;
  if (!bed || &bed->set != &set) {
    bed.reset();
    bed = std::make_unique<Bed>(set);
  }
  return *bed;
}

void Apply(benchmark::State& state, Bed& bed, LinearTransformForm form, size_t diagonals) {
  std::vector<int64_t> indices(diagonals);
  std::iota(indices.begin(), indices.end(), 0);
  const scheme::Parameters& parameters = bed.context.parameters();
  const int level = parameters.max_level();
  const LinearTransformPlan plan =
      Need(LinearTransformPlan::Make(indices, static_cast<int64_t>(parameters.slots()), form));
  for (const int64_t shift : plan.keys) {
    if (!bed.made.insert(shift).second) continue;
    Need(bed.keys.Generate(bed.secret, {scheme::KeyKind::kRotation, parameters.GaloisElement(shift)}, level));
  }
  const double scale = parameters.default_scale();
  const Ciphertext x = Need(
      Encrypt(bed.context, bed.pool, bed.public_key, Need(bed.encoder.Encode(bed.values, scale, level, bed.pool))));
  const Diagonals rows = [&](size_t row) -> Result<std::span<const double>> { return bed.Row(row); };
  const auto run = [&] { return Need(ApplyLinearTransform(bed.work, bed.encoder, plan, x, rows, scale, bed.keys)); };
  bed.pool.ResetPeaks();
  const uint64_t before = bed.pool.peak_total_bytes();
  const Ciphertext y = run();
  const uint64_t peak = bed.pool.peak_total_bytes() - before;
  const std::vector<double> slots = bed.encoder.Decode(Need(Decrypt(bed.context, bed.pool, bed.secret, y)), bed.pool);
  for (size_t i = 0; i < slots.size(); i += 97) {
    if (!(std::abs(slots[i] - bed.Expected(i, diagonals)) <= bench::kTolerance)) {
      state.SkipWithError(fmt::format("slot {} is {}, expected {}", i, slots[i], bed.Expected(i, diagonals)).c_str());
      return;
    }
  }
  for (auto _ : state) benchmark::DoNotOptimize(run());
  state.counters["keys"] = static_cast<double>(plan.keys.size());
  state.counters["key_switches"] = plan.key_switches();
  state.counters["mod_ups"] = plan.mod_ups;
  state.counters["mod_downs"] = plan.mod_downs;
  state.counters["key_bytes"] = static_cast<double>(plan.keys.size()) *
                                static_cast<double>(parameters.ChunkCount(level)) *
                                static_cast<double>(parameters.chunk_bytes());
  state.counters["slot_bytes"] = static_cast<double>(peak);
}

void Encode(benchmark::State& state, Bed& bed) {
  const scheme::Parameters& parameters = bed.context.parameters();
  const Slot out = bed.pool.Take(MemoryClass::kScratch), scratch = bed.pool.Take(MemoryClass::kScratch);
  for (auto _ : state) {
    for (size_t r = 0; r < kDiagonals; ++r) {
      const RoundedCoefficients rounded =
          Need(bed.encoder.Round(bed.Row(r), parameters.default_scale(), parameters.max_level(), bed.pool));
      for (int limb = 0; limb < parameters.limb_count(); ++limb) {
        bed.encoder.WriteLimb(rounded, limb, out.data(), scratch.data());
      }
    }
    benchmark::DoNotOptimize(out.data());
  }
}

int Main(int argc, char** argv) {
  threads = bench::TakeThreads(argc, argv);
  if (threads == 0) {
    std::fprintf(stderr, "linear_transform_bench: --threads=N: a number from 1 to 1024 expected\n");
    return 2;
  }
  for (const bench::ParameterSet& set : bench::kParameterSets) {
    const std::string name = set.name;
    if (name != "A1" && name != "M" && name != "C") continue;
    for (const size_t diagonals : {kDiagonals, size_t{16}}) {
      for (const LinearTransformForm form : circuit::kLinearTransformForms) {
        benchmark::RegisterBenchmark(
            fmt::format("linear_transform_{}/{}/{}/top", diagonals, ToString(form), name).c_str(),
            [=, &set](benchmark::State& state) { Apply(state, BedOf(set), form, diagonals); })
            ->Unit(benchmark::kMillisecond);
      }
    }
    benchmark::RegisterBenchmark(fmt::format("linear_transform_encode/{}/top", name).c_str(),
                                 [&set](benchmark::State& state) { Encode(state, BedOf(set)); })
        ->Unit(benchmark::kMillisecond);
  }
  benchmark::AddCustomContext("threads", std::to_string(threads));
  benchmark::AddCustomContext("kernels", ActiveKernels().name);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

}  // namespace
}  // namespace keymemrt::lattice

int main(int argc, char** argv) {
  return keymemrt::lattice::Main(argc, argv);
}
