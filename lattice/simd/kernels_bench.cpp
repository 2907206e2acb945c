// SPDX-License-Identifier: Apache-2.0
//
// Every kernel of every table that this CPU runs: <kernel>/<table>/<log2 n>/<bits of the modulus>. `ntt_limb` and
// `intt_limb` transform one limb over and over; `ntt_limbs` goes round the limbs and tables of many primes, as an
// evaluator does, so that twiddles come from wherever the caches leave them.
#include <benchmark/benchmark.h>

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/slot_pool.h"
#include "lattice/simd/kernels.h"
#include "scheme/parameters.h"

namespace keymemrt::lattice {
namespace {

// As the engine has them: slots of one limb, in huge pages where the system gives them.
Slot RandomLimb(int log_n, uint64_t below) {
  static std::mt19937_64 random(1);
  static std::map<int, std::unique_ptr<SlotPool>> pools;
  std::unique_ptr<SlotPool>& pool = pools[log_n];
  if (pool == nullptr) pool = std::make_unique<SlotPool>(size_t{1} << log_n);
  Slot limb = pool->Take(MemoryClass::kScratch);
  for (uint64_t& word : limb.words()) word = random() % below;
  return limb;
}

void ReportWords(benchmark::State& state, size_t words) {
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * static_cast<int64_t>(words * sizeof(uint64_t)));
}

// `count` primes used in turn.
void Ntt(benchmark::State& state, void (*transform)(uint64_t*, const NttTable&), int log_n, int bits, size_t count) {
  std::vector<NttTable> tables;
  std::vector<Slot> limbs;
  for (const uint64_t q : *scheme::FindNttPrimes(bits, log_n, count)) {
    tables.emplace_back(log_n, Modulus(q));
    limbs.push_back(RandomLimb(log_n, q));
  }
  size_t i = 0;
  for (auto _ : state) {
    transform(limbs[i].data(), tables[i]);
    i = i + 1 == count ? 0 : i + 1;
  }
}

struct Operands {
  size_t n;
  Modulus q;
  Slot out, a, b;
  uint64_t w;
};

void Pointwise(benchmark::State& state, int log_n, int bits, const std::function<void(Operands&)>& run) {
  const size_t n = size_t{1} << log_n;
  const uint64_t q = scheme::FindNttPrimes(bits, log_n, 1)->front();
  Operands o{n, Modulus(q), RandomLimb(log_n, q), RandomLimb(log_n, q), RandomLimb(log_n, q), q / 3};
  for (auto _ : state) run(o);
  ReportWords(state, n);
}

void Dot(benchmark::State& state, const Kernels& kernels, int log_n, int bits, int in_bits, size_t count) {
  const size_t n = size_t{1} << log_n;
  const Modulus q(scheme::FindNttPrimes(bits, log_n, 1)->front());
  const Slot out = RandomLimb(log_n, q.value());
  std::vector<Slot> in;
  std::vector<const uint64_t*> pointers;
  std::vector<uint64_t> w;
  for (size_t i = 0; i < count; ++i) {
    in.push_back(RandomLimb(log_n, uint64_t{1} << in_bits));
    pointers.push_back(in.back().data());
    w.push_back(q.value() / (i + 2));
  }
  w.push_back(q.value() - 5);
  const std::vector<uint8_t> u(n, static_cast<uint8_t>(count / 2));
  for (auto _ : state) kernels.dot(out.data(), pointers.data(), in_bits, u.data(), w.data(), count, n, q);
  ReportWords(state, n * (count + 1));
}

// The inner product of a key switch with `count` digits; `fused` or by mul and mul_add.
void InnerProduct(benchmark::State& state, const Kernels& kernels, int log_n, int bits, size_t count, bool fused) {
  const size_t n = size_t{1} << log_n;
  const Modulus q(scheme::FindNttPrimes(bits, log_n, 1)->front());
  const Slot out = RandomLimb(log_n, q.value());
  std::vector<Slot> slots;
  std::vector<const uint64_t*> a, b;
  for (size_t i = 0; i < 2 * count; ++i) {
    slots.push_back(RandomLimb(log_n, q.value()));
    (i < count ? a : b).push_back(slots.back().data());
  }
  for (auto _ : state) {
    if (fused) {
      kernels.inner_product(out.data(), a.data(), b.data(), count, n, q);
    } else {
      kernels.mul(out.data(), a[0], b[0], n, q);
      for (size_t i = 1; i < count; ++i) kernels.mul_add(out.data(), a[i], b[i], n, q);
    }
  }
  ReportWords(state, n * (2 * count + 1));
}

void Permute(benchmark::State& state, const Kernels& kernels, int log_n) {
  const size_t n = size_t{1} << log_n;
  const Slot in = RandomLimb(log_n, ~uint64_t{0}), out = RandomLimb(log_n, ~uint64_t{0});
  const auto reverse = [log_n](size_t x) {
    size_t reversed = 0;
    for (int i = 0; i < log_n; ++i) reversed |= ((x >> i) & 1) << (log_n - 1 - i);
    return reversed;
  };
  std::vector<uint32_t> index(n);
  for (size_t i = 0; i < n; ++i) index[i] = static_cast<uint32_t>(reverse((2 * reverse(i) + 1) * 5 % (2 * n) / 2));
  for (auto _ : state) kernels.permute(out.data(), in.data(), index.data(), n);
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
        pointwise("add", [k](Operands& o) { k->add(o.out.data(), o.a.data(), o.b.data(), o.n, o.q); });
        pointwise("mul", [k](Operands& o) { k->mul(o.out.data(), o.a.data(), o.b.data(), o.n, o.q); });
        pointwise("mul_add", [k](Operands& o) { k->mul_add(o.out.data(), o.a.data(), o.b.data(), o.n, o.q); });
        pointwise("mul_scalar", [k](Operands& o) { k->mul_scalar(o.out.data(), o.a.data(), o.w, o.n, o.q); });
        pointwise("sub_mul_scalar",
                  [k](Operands& o) { k->sub_mul_scalar(o.out.data(), o.a.data(), o.b.data(), o.w, o.n, o.q); });
        pointwise("reduce", [k](Operands& o) { k->reduce(o.out.data(), o.a.data(), o.n, o.q); });
        pointwise("reduce_centered", [k](Operands& o) {
          k->reduce_centered(o.out.data(), o.a.data(), o.n, Modulus((1ull << 60) - 93), o.q);
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
    for (const int bits : {50, 60}) {
      for (const int count : {3, 4}) {
        const std::string inner = "inner_product" + std::to_string(count);
        for (const int log_n : {12, 16}) {
          add(name(inner.c_str(), log_n, bits),
              [=](auto& s) { InnerProduct(s, *k, log_n, bits, static_cast<size_t>(count), true); });
          add(name((inner + "_by_mul_add").c_str(), log_n, bits),
              [=](auto& s) { InnerProduct(s, *k, log_n, bits, static_cast<size_t>(count), false); });
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
