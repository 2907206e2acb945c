// SPDX-License-Identifier: Apache-2.0
//
// The operations of bench/lattice_bench.cpp, by the same names, measured with OpenFHE: CKKS, hybrid key switching,
// manual rescaling, uniform ternary secret, the same ring, moduli sizes and digits.
//
//   openfhe_bench [--threads=N] [flags of Google Benchmark]
#include <malloc.h>
#include <unistd.h>

#include <benchmark/benchmark.h>
#include <openfhe.h>
#include <ciphertext-ser.h>
#include <cryptocontext-ser.h>
#include <key/key-ser.h>
#include <scheme/ckksrns/ckksrns-ser.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "bench/parameter_sets.h"

namespace {

using keymemrt::bench::BenchmarkName;
using keymemrt::bench::kLevels;
using keymemrt::bench::kParameterSets;
using keymemrt::bench::kTolerance;
using keymemrt::bench::OperandLevel;
using keymemrt::bench::ParameterSet;
using keymemrt::bench::SlotValue;
using lbcrypto::DCRTPoly;

// Context, keys and operands of one parameter set.
struct Bed {
  explicit Bed(const ParameterSet& parameter_set) : set(parameter_set) {
    lbcrypto::CCParams<lbcrypto::CryptoContextCKKSRNS> parameters;
    parameters.SetSecurityLevel(lbcrypto::HEStd_NotSet);
    parameters.SetSecretKeyDist(lbcrypto::UNIFORM_TERNARY);
    parameters.SetRingDim(uint32_t{1} << set.log_n);
    parameters.SetMultiplicativeDepth(static_cast<uint32_t>(set.q_count - 1));
    parameters.SetFirstModSize(static_cast<uint32_t>(set.first_q_bits));
    parameters.SetScalingModSize(static_cast<uint32_t>(set.q_bits));
    parameters.SetScalingTechnique(lbcrypto::FIXEDMANUAL);
    parameters.SetKeySwitchTechnique(lbcrypto::HYBRID);
    parameters.SetNumLargeDigits(static_cast<uint32_t>(set.openfhe_digits));
    parameters.SetBatchSize(uint32_t{1} << (set.log_n - 1));
    context = lbcrypto::GenCryptoContext(parameters);
    for (const auto feature : {lbcrypto::PKE, lbcrypto::KEYSWITCH, lbcrypto::LEVELEDSHE}) context->Enable(feature);
    keys = context->KeyGen();
    context->EvalMultKeyGen(keys.secretKey);
    context->EvalRotateKeyGen(keys.secretKey, {1});
    const size_t slots = size_t{1} << (set.log_n - 1);
    for (size_t i = 0; i < slots; ++i) values.push_back(SlotValue(i, slots));
  }
  ~Bed() {
    lbcrypto::CryptoContextImpl<DCRTPoly>::ClearEvalMultKeys();
    lbcrypto::CryptoContextImpl<DCRTPoly>::ClearEvalAutomorphismKeys();
    lbcrypto::CryptoContextFactory<DCRTPoly>::ReleaseAllContexts();
  }
  Bed(const Bed&) = delete;
  Bed& operator=(const Bed&) = delete;

  lbcrypto::Plaintext Encode(const OperandLevel& level) const {
    return context->MakeCKKSPackedPlaintext(values, 1, static_cast<uint32_t>(set.q_count - level.Limbs(set)));
  }
  lbcrypto::Ciphertext<DCRTPoly> Encrypt(const OperandLevel& level) const {
    auto ciphertext = context->Encrypt(keys.publicKey, Encode(level));
    if (static_cast<int>(ciphertext->GetElements()[0].GetNumOfElements()) != level.Limbs(set)) {
      std::fprintf(stderr, "openfhe_bench: set %s has %zu limbs at level %s, not %d\n", set.name,
                   size_t{ciphertext->GetElements()[0].GetNumOfElements()}, level.name, level.Limbs(set));
      std::exit(1);
    }
    return ciphertext;
  }

  const ParameterSet& set;
  lbcrypto::CryptoContext<DCRTPoly> context;
  lbcrypto::KeyPair<DCRTPoly> keys;
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
bool Check(benchmark::State& state, const Bed& bed, const lbcrypto::Ciphertext<DCRTPoly>& result,
           const Expected& expected) {
  lbcrypto::Plaintext plaintext;
  bed.context->Decrypt(bed.keys.secretKey, result, &plaintext);
  const std::vector<double> slots = plaintext->GetRealPackedValue();
  for (size_t i = 0; i < bed.values.size(); ++i) {
    if (i >= slots.size() || !(std::abs(slots[i] - expected(i)) <= kTolerance)) {
      state.SkipWithError(("wrong result in slot " + std::to_string(i)).c_str());
      return false;
    }
  }
  return true;
}

void Rotate(benchmark::State& state, Bed& bed, const OperandLevel& level) {
  const auto a = bed.Encrypt(level);
  const auto rotated = [&](size_t i) { return bed.values[(i + 1) % bed.values.size()]; };
  if (!Check(state, bed, bed.context->EvalRotate(a, 1), rotated)) return;
  for (auto _ : state) benchmark::DoNotOptimize(bed.context->EvalRotate(a, 1));
}

void RotateHoisted(benchmark::State& state, Bed& bed, const OperandLevel& level) {
  const auto a = bed.Encrypt(level);
  const auto digits = bed.context->EvalFastRotationPrecompute(a);
  const auto rotated = [&](size_t i) { return bed.values[(i + 1) % bed.values.size()]; };
  if (!Check(state, bed, bed.context->EvalFastRotation(a, 1, digits), rotated)) return;
  for (auto _ : state) benchmark::DoNotOptimize(bed.context->EvalFastRotation(a, 1, digits));
}

void Decompose(benchmark::State& state, Bed& bed, const OperandLevel& level) {
  const auto a = bed.Encrypt(level);
  for (auto _ : state) benchmark::DoNotOptimize(bed.context->EvalFastRotationPrecompute(a));
}

void MulRelin(benchmark::State& state, Bed& bed, const OperandLevel& level) {
  const auto a = bed.Encrypt(level), b = bed.Encrypt(level);
  for (auto _ : state) benchmark::DoNotOptimize(bed.context->EvalMult(a, b));
}

void MulRelinRescale(benchmark::State& state, Bed& bed, const OperandLevel& level) {
  const auto a = bed.Encrypt(level), b = bed.Encrypt(level);
  const auto run = [&] {
    auto product = bed.context->EvalMult(a, b);
    bed.context->RescaleInPlace(product);
    return product;
  };
  if (!Check(state, bed, run(), [&](size_t i) { return bed.values[i] * bed.values[i]; })) return;
  for (auto _ : state) benchmark::DoNotOptimize(run());
}

void Rescale(benchmark::State& state, Bed& bed, const OperandLevel& level) {
  const auto a = bed.Encrypt(level);
  for (auto _ : state) benchmark::DoNotOptimize(bed.context->Rescale(a));
}

// All limbs of one polynomial; an iteration is one limb.
void Ntt(benchmark::State& state, Bed& bed, const OperandLevel& level, Format from) {
  DCRTPoly x = bed.Encrypt(level)->GetElements()[0];
  const auto limbs = static_cast<benchmark::IterationCount>(x.GetNumOfElements());
  while (state.KeepRunningBatch(limbs)) {
    x.OverrideFormat(from);  // any residues will do, so each batch transforms the last one's result
    x.SwitchFormat();
  }
}

void Encode(benchmark::State& state, Bed& bed, const OperandLevel& level) {
  for (auto _ : state) benchmark::DoNotOptimize(bed.Encode(level));
}

void Encrypt(benchmark::State& state, Bed& bed, const OperandLevel& level) {
  const auto plaintext = bed.Encode(level);
  for (auto _ : state) benchmark::DoNotOptimize(bed.context->Encrypt(bed.keys.publicKey, plaintext));
}

void Decrypt(benchmark::State& state, Bed& bed, const OperandLevel& level) {
  const auto a = bed.Encrypt(level);
  if (!Check(state, bed, a, [&](size_t i) { return bed.values[i]; })) return;
  for (auto _ : state) {
    lbcrypto::Plaintext plaintext;
    benchmark::DoNotOptimize(bed.context->Decrypt(bed.keys.secretKey, a, &plaintext));
  }
}

// A key of OpenFHE is of the top level.
void KeygenRotation(benchmark::State& state, Bed& bed, const OperandLevel&) {
  // Of the scheme, which does not keep it; of a rotation that has no key yet, or nothing would be done.
  const auto generate = [&] { return bed.context->GetScheme()->EvalAtIndexKeyGen(bed.keys.secretKey, {2}); };
  size_t limbs = 0;
  const auto made = generate();
  for (const auto& [index, key] : *made) {
    for (const auto& half : {key->GetAVector(), key->GetBVector()}) {
      for (const auto& digit : half) limbs += digit.GetNumOfElements();
    }
  }
  state.counters["key_bytes"] = static_cast<double>(limbs << bed.set.log_n) * sizeof(uint64_t);
  for (auto _ : state) benchmark::DoNotOptimize(generate());
}

// A whole rotation key from a file in memory, as the other benchmark of this name; the time is wall time. What was there
// before goes unmeasured.
void KeyLoadWarm(benchmark::State& state, Bed&, const OperandLevel&) {
  using Context = lbcrypto::CryptoContextImpl<DCRTPoly>;
  const std::string path = "/dev/shm/keymemrt-openfhe-bench." + std::to_string(getpid());
  {
    std::ofstream out(path, std::ios::binary);
    if (!Context::SerializeEvalAutomorphismKey(out, lbcrypto::SerType::BINARY)) return state.SkipWithError("not written");
    state.counters["bytes"] = static_cast<double>(out.tellp());
  }
  for (auto _ : state) {
    state.PauseTiming();
    Context::ClearEvalAutomorphismKeys();
    state.ResumeTiming();
    std::ifstream in(path, std::ios::binary);
    if (!Context::DeserializeEvalAutomorphismKey(in, lbcrypto::SerType::BINARY)) {
      state.SkipWithError("not read");
      break;
    }
  }
  unlink(path.c_str());
}

void Register(const char* operation, const ParameterSet& set, const OperandLevel& level,
              void (*body)(benchmark::State&, Bed&, const OperandLevel&)) {
  benchmark::RegisterBenchmark(BenchmarkName(operation, set, level).c_str(), [=, &set,
                                                                              &level](benchmark::State& state) {
    body(state, BedOf(set), level);
  })->Unit(benchmark::kMillisecond);
}

}  // namespace

int main(int argc, char** argv) {
  // OpenMP reads its number of threads and the C library its tunables when they are loaded, so both must be in the
  // environment before.
  char** const original_argv = argv;
  std::vector<char*> arguments(argv, argv + argc + 1);
  const int threads = keymemrt::bench::TakeThreads(argc, arguments.data());
  if (threads == 0) {
    std::fprintf(stderr, "openfhe_bench: --threads=N: a number from 1 to 1024 expected\n");
    return 2;
  }
  const char* set_threads = std::getenv("OMP_NUM_THREADS");
  if (set_threads == nullptr || set_threads != std::to_string(threads)) {
    setenv("OMP_NUM_THREADS", std::to_string(threads).c_str(), 1);
    setenv("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1", 1);  // huge pages, which our engine has too
    execv("/proc/self/exe", original_argv);
    std::perror("openfhe_bench: cannot start again with OMP_NUM_THREADS set");
    return 1;
  }
  // Memory that is given back to the system costs page faults when it is taken again, up to 1.8 times the run time:
  // keep it.
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, -1);
  mallopt(M_TOP_PAD, 64 << 20);

  for (const ParameterSet& set : kParameterSets) {
    for (const OperandLevel& level : kLevels) {
      Register("rotate", set, level, Rotate);
      Register("rotate_hoisted", set, level, RotateHoisted);
      Register("decompose", set, level, Decompose);
      Register("mul_relin", set, level, MulRelin);
      Register("mul_relin_rescale", set, level, MulRelinRescale);
      if (OnlyOpenFhe(set)) continue;  // the rest has nothing to do with digits
      Register("rescale", set, level, Rescale);
      Register("ntt_limb", set, level,
               [](benchmark::State& s, Bed& b, const OperandLevel& l) { Ntt(s, b, l, COEFFICIENT); });
      Register("intt_limb", set, level,
               [](benchmark::State& s, Bed& b, const OperandLevel& l) { Ntt(s, b, l, EVALUATION); });
      Register("encode", set, level, Encode);
      Register("encrypt", set, level, Encrypt);
      Register("decrypt", set, level, Decrypt);
    }
    Register("keygen_rotation", set, kLevels[0], KeygenRotation);
    Register("key_load_warm", set, kLevels[0], KeyLoadWarm);
  }
  benchmark::AddCustomContext("threads", std::to_string(threads));
  benchmark::AddCustomContext("openfhe", GetOPENFHEVersion());
  benchmark::Initialize(&argc, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(argc, arguments.data())) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
