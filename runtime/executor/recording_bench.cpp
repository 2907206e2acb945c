// SPDX-License-Identifier: Apache-2.0
//
// What recording costs: the same run with and without, N=2^13, where it costs most since operations are shortest. Other
// processes' noise is larger than the difference: compare process CPU time, runs interleaved, over many repetitions:
//   --benchmark_enable_random_interleaving=true --benchmark_repetitions=40
#include <benchmark/benchmark.h>

#include "runtime/executor/deployment.h"
#include "runtime/files/ciphertext_file.h"

namespace keymemrt::runtime {
namespace {

Deployment& Deployed() {
  static Deployment deployment(program::RandomProgram(1, {.log_n = 13, .levels = 4, .special_primes = 1, .steps = 60}));
  return deployment;
}

void Run(benchmark::State& state, bool record) {
  Deployment& deployed = Deployed();
  const auto store = KeyStore::Open(deployed.keys());
  Recorder recorder(deployed.program().ops.size(), deployed.program().keys.size());
  const auto executor = Executor::Create(
      deployed.program(), **store, {.mode = Mode::kStreaming, .threads = 1, .recorder = record ? &recorder : nullptr});
  bool first = true;
  for (auto _ : state) {
    state.PauseTiming();
    auto inputs = ReadCiphertexts(deployed.input(), deployed.parameters(), (*executor)->pool());
    if (first) {  // the pool's pages are touched
      if (!(*executor)->Run(&deployed.weights(), std::move(inputs->ciphertexts)).ok()) state.SkipWithError("failed");
      inputs = ReadCiphertexts(deployed.input(), deployed.parameters(), (*executor)->pool());
      first = false;
    }
    state.ResumeTiming();
    if (!(*executor)->Run(&deployed.weights(), std::move(inputs->ciphertexts)).ok()) state.SkipWithError("failed");
  }
}

BENCHMARK_CAPTURE(Run, plain, false)->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond)->Iterations(5);
BENCHMARK_CAPTURE(Run, recorded, true)->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond)->Iterations(5);

}  // namespace
}  // namespace keymemrt::runtime

BENCHMARK_MAIN();
