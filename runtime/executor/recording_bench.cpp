// SPDX-License-Identifier: Apache-2.0
//
// What recording costs: the same program with and without, run by turns, so that what else the machine does falls on
// both alike; quantiles of each rather than means, since disturbance only ever adds. Usage: [LOG_N [PAIRS]]. The
// smaller N, the shorter operations and reads are and the more recording shows.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <vector>

#include "runtime/executor/deployment.h"
#include "runtime/executor/executor.h"
#include "runtime/files/ciphertext_file.h"

namespace keymemrt::runtime {
namespace {

double CpuMilliseconds() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) * 1e-6;
}

void Print(const char* what, std::vector<double> plain, std::vector<double> recorded) {
  std::sort(plain.begin(), plain.end());
  std::sort(recorded.begin(), recorded.end());
  for (const size_t percent : {5, 25, 50}) {
    const double a = plain[plain.size() * percent / 100], b = recorded[recorded.size() * percent / 100];
    fmt::print("{:<12} {:>3} % quantile: plain {:8.3f} ms, recorded {:8.3f} ms, {:+.2f} %\n", what, percent, a, b,
               100 * (b / a - 1));
  }
}

Status Compare(int log_n, int pairs, Mode mode) {
  Deployment deployed(program::RandomProgram(1, {.log_n = log_n, .levels = 4, .special_primes = 1, .steps = 60}));
  KMRT_ASSIGN_OR_RETURN(const std::unique_ptr<KeyStore> store, KeyStore::Open(deployed.keys()));
  KMRT_ASSIGN_OR_RETURN(const std::unique_ptr<const Engine> engine, Engine::Create(deployed.program(), 1));
  Recorder recorder(deployed.program().ops.size(), deployed.program().keys.size());
  std::unique_ptr<Executor> executors[2];  // plain, recorded
  for (int i = 0; i < 2; ++i) {
    KMRT_ASSIGN_OR_RETURN(executors[i],
                          Executor::Create(*engine, *store,
                                           {.mode = mode, .recorder = i == 1 ? &recorder : nullptr}));
  }
  std::vector<double> cpu[2], wall[2];
  for (int pair = -2; pair < pairs; ++pair) {  // the first two touch the pools' pages
    for (int turn = 0; turn < 2; ++turn) {
      const int i = (pair + turn) & 1;
      KMRT_ASSIGN_OR_RETURN(CiphertextFile input,
                            ReadCiphertexts(deployed.input(), deployed.parameters(), executors[i]->pool()));
      const double begin = CpuMilliseconds();
      KMRT_RETURN_IF_ERROR(executors[i]->Run(&deployed.weights(), std::move(input.ciphertexts)).status());
      const double end = CpuMilliseconds();
      if (pair < 0) continue;
      cpu[i].push_back(end - begin);
      wall[i].push_back(executors[i]->stats().wall_seconds * 1e3);
    }
  }
  fmt::print("N=2^{}, mode {}, {} operations, {} reads and stalls recorded, {} pairs\n", log_n, ModeName(mode),
             deployed.program().ops.size(), recorder.events().size(), pairs);
  Print("process CPU", cpu[0], cpu[1]);
  Print("wall", wall[0], wall[1]);
  return Status();
}

}  // namespace
}  // namespace keymemrt::runtime

int main(int argc, char** argv) {
  using keymemrt::runtime::Mode;
  const int log_n = argc > 1 ? std::atoi(argv[1]) : 13, pairs = argc > 2 ? std::atoi(argv[2]) : 300;
  if (log_n < 10 || log_n > 16 || pairs < 1) {
    fmt::print(stderr, "usage: {} [LOG_N [PAIRS]], LOG_N from 10 to 16\n", argv[0]);
    return 2;
  }
  for (const Mode mode : {Mode::kStreaming, Mode::kResident}) {
    if (const keymemrt::Status status = keymemrt::runtime::Compare(log_n, pairs, mode); !status.ok()) {
      fmt::print(stderr, "{}\n", status.message());
      return 1;
    }
  }
  return 0;
}
