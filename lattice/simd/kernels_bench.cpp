// SPDX-License-Identifier: Apache-2.0
//
// Every kernel of every table that this CPU runs: <kernel>/<table>/<log2 n>/<bits of the modulus>. `ntt_limb` and
// `intt_limb` transform one limb over and over; `ntt_limbs` goes round the limbs and tables of many primes, as an
// evaluator does, so that twiddles come from wherever the caches leave them.
#include <benchmark/benchmark.h>

#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "lattice/simd/kernels.h"
#include "scheme/parameters.h"

namespace keymemrt::lattice {
namespace {

struct FreeAligned {
  void operator()(uint64_t* p) const { operator delete[](p, std::align_val_t{64}); }
};
using Limb = std::unique_ptr<uint64_t[], FreeAligned>;

Limb RandomLimb(size_t n, uint64_t below) {
  static std::mt19937_64 random(1);
  Limb limb(new (std::align_val_t{64}) uint64_t[n]);
  for (size_t i = 0; i < n; ++i) limb[i] = random() % below;
  return limb;
}

void ReportWords(benchmark::State& state, size_t words) {
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * static_cast<int64_t>(words * sizeof(uint64_t)));
}

// `count` primes used in turn.
void Ntt(benchmark::State& state, void (*transform)(uint64_t*, const NttTable&), int log_n, int bits, size_t count) {
  std::vector<NttTable> tables;
  std::vector<Limb> limbs;
  for (const uint64_t q : *scheme::FindNttPrimes(bits, log_n, count)) {
    tables.emplace_back(log_n, Modulus(q));
    limbs.push_back(RandomLimb(size_t{1} << log_n, q));
  }
  size_t i = 0;
  for (auto _ : state) {
    transform(limbs[i].get(), tables[i]);
    i = i + 1 == count ? 0 : i + 1;
  }
}

struct Operands {
  size_t n;
  Modulus q;
  Limb out, a, b;
  uint64_t w;
};

void Pointwise(benchmark::State& state, int log_n, int bits, const std::function<void(Operands&)>& run) {
  const size_t n = size_t{1} << log_n;
  const uint64_t q = scheme::FindNttPrimes(bits, log_n, 1)->front();
  Operands o{n, Modulus(q), RandomLimb(n, q), RandomLimb(n, q), RandomLimb(n, q), q / 3};
  for (auto _ : state) run(o);
  ReportWords(state, n);
}

void Dot(benchmark::State& state, const Kernels& kernels, int log_n, int bits, int in_bits, size_t count) {
  const size_t n = size_t{1} << log_n;
  const Modulus q(scheme::FindNttPrimes(bits, log_n, 1)->front());
  const Limb out = RandomLimb(n, q.value());
  std::vector<Limb> in;
  std::vector<const uint64_t*> pointers;
  std::vector<uint64_t> w;
  for (size_t i = 0; i < count; ++i) {
    in.push_back(RandomLimb(n, uint64_t{1} << in_bits));
    pointers.push_back(in.back().get());
    w.push_back(q.value() / (i + 2));
  }
  for (auto _ : state) kernels.dot(out.get(), pointers.data(), w.data(), count, n, q);
  ReportWords(state, n * (count + 1));
}

void Permute(benchmark::State& state, const Kernels& kernels, int log_n) {
  const size_t n = size_t{1} << log_n;
  const Limb in = RandomLimb(n, ~uint64_t{0}), out = RandomLimb(n, ~uint64_t{0});
  const auto reverse = [log_n](size_t x) {
    size_t reversed = 0;
    for (int i = 0; i < log_n; ++i) reversed |= ((x >> i) & 1) << (log_n - 1 - i);
    return reversed;
  };
  std::vector<uint32_t> index(n);
  for (size_t i = 0; i < n; ++i) index[i] = static_cast<uint32_t>(reverse((2 * reverse(i) + 1) * 5 % (2 * n) / 2));
  for (auto _ : state) kernels.permute(out.get(), in.get(), index.data(), n);
  ReportWords(state, 2 * n);
}

void RegisterAll() {
  for (const Kernels* k : SupportedKernels()) {
    const auto name = [k](const char* kernel, int log_n, int bits) {
      return std::string(kernel) + "/" + k->name + "/" + std::to_string(log_n) + "/" + std::to_string(bits);
    };
    const auto add = [](const std::string& full_name, auto body) {
      benchmark::RegisterBenchmark(full_name.c_str(), body)->Unit(benchmark::kMicrosecond);
    };
    for (const int bits : {40, 50, 60}) {
      for (const int log_n : {13, 14, 15, 16}) {
        add(name("ntt_limb", log_n, bits), [=](auto& s) { Ntt(s, k->ntt_forward, log_n, bits, 1); });
        add(name("intt_limb", log_n, bits), [=](auto& s) { Ntt(s, k->ntt_inverse, log_n, bits, 1); });
      }
      add(name("ntt_limbs", 16, bits), [=](auto& s) { Ntt(s, k->ntt_forward, 16, bits, 24); });
      add(name("intt_limbs", 16, bits), [=](auto& s) { Ntt(s, k->ntt_inverse, 16, bits, 24); });

      // 2^12: all operands in the first-level cache or near it; 2^16: not.
      for (const int log_n : {12, 16}) {
        const auto pointwise = [&](const char* kernel, auto run) {
          add(name(kernel, log_n, bits), [=](auto& s) { Pointwise(s, log_n, bits, run); });
        };
        pointwise("add", [k](Operands& o) { k->add(o.out.get(), o.a.get(), o.b.get(), o.n, o.q); });
        pointwise("mul", [k](Operands& o) { k->mul(o.out.get(), o.a.get(), o.b.get(), o.n, o.q); });
        pointwise("mul_add", [k](Operands& o) { k->mul_add(o.out.get(), o.a.get(), o.b.get(), o.n, o.q); });
        pointwise("mul_scalar", [k](Operands& o) { k->mul_scalar(o.out.get(), o.a.get(), o.w, o.n, o.q); });
        pointwise("sub_mul_scalar",
                  [k](Operands& o) { k->sub_mul_scalar(o.out.get(), o.a.get(), o.b.get(), o.w, o.n, o.q); });
        pointwise("reduce", [k](Operands& o) { k->reduce(o.out.get(), o.a.get(), o.n, o.q); });
        pointwise("reduce_centered", [k](Operands& o) {
          k->reduce_centered(o.out.get(), o.a.get(), o.n, Modulus((1ull << 60) - 93), o.q);
        });
      }
      for (const int in_bits : {40, 60}) {
        for (const int count : {3, 9}) {
          const std::string dot = "dot" + std::to_string(count) + "_from" + std::to_string(in_bits);
          for (const int log_n : {12, 16}) {
            add(name(dot.c_str(), log_n, bits),
                [=](auto& s) { Dot(s, *k, log_n, bits, in_bits, static_cast<size_t>(count)); });
          }
        }
      }
    }
    add(name("permute", 16, 64), [=](auto& s) { Permute(s, *k, 16); });
  }
}

}  // namespace
}  // namespace keymemrt::lattice

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  keymemrt::lattice::RegisterAll();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
