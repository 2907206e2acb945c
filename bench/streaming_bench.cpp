// SPDX-License-Identifier: Apache-2.0
//
// What it costs not to have a key in memory: rotations of set C, each with a key of its own, by
//   resident   whole keys in memory;
//   copied     one chunk at a time, copied from those, given up after use: no more than streaming itself costs;
//   warm       the runtime's streaming source on a key store in memory (/dev/shm);
//   cold       the same on a disk, past the page cache.
// The sources take turns, a batch of rotations each; printed are the most memory that keys took, medians, and ratios
// to the resident keys of the same round. Batches of the runtime's source begin with nothing read. On a machine that
// does other work too, the evaluating thread's own CPU time tells more than the wall's: what streaming costs it, waits
// left out.
//
//   streaming_bench [--threads=N] [--rounds=N]
#include <time.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "bench/stored_keys.h"
#include "lattice/encoding/encoder.h"
#include "lattice/evaluator/encryptor.h"
#include "lattice/evaluator/evaluator.h"
#include "lattice/keys/memory_keys.h"
#include "runtime/executor/cached_keys.h"
#include "runtime/plan/trace.h"

namespace keymemrt::bench {
namespace {

using lattice::Ciphertext;

const std::vector<int64_t> kShifts = {1, 2, 3, 4};
constexpr size_t kBatch = 16;  // rotations, by the shifts in turn

// Hands over copies of another source's chunks, each from Chunk to Done.
class CopiedKeys : public lattice::KeySource {
 public:
  CopiedKeys(lattice::KeySource& keys, const scheme::Parameters& parameters, SlotPool& pool)
      : keys_(keys), parameters_(parameters), pool_(pool) {}

  const lattice::Seed& a_seed() const override { return keys_.a_seed(); }
  Result<std::unique_ptr<lattice::KeyUse>> Acquire(const scheme::KeyId& key, int level) override {
    KMRT_ASSIGN_OR_RETURN(auto use, keys_.Acquire(key, level));
    return std::unique_ptr<lattice::KeyUse>(new Use(*this, std::move(use), level));
  }

 private:
  class Use : public lattice::KeyUse {
   public:
    Use(CopiedKeys& owner, std::unique_ptr<lattice::KeyUse> use, int level)
        : owner_(owner), use_(std::move(use)), slots_(static_cast<size_t>(owner.parameters_.ChunkCount(level))) {}
    Result<std::span<const uint64_t>> Chunk(int digit, int limb) override {
      KMRT_ASSIGN_OR_RETURN(const auto words, use_->Chunk(digit, limb));
      Slot& slot = SlotOf(digit, limb);  // no two threads ask for the same chunk
      slot = owner_.pool_.Take(MemoryClass::kKeys);
      std::copy(words.begin(), words.end(), slot.data());
      use_->Done(digit, limb);
      return std::span<const uint64_t>(slot.words());
    }
    void Done(int digit, int limb) override { SlotOf(digit, limb).Reset(); }

   private:
    Slot& SlotOf(int digit, int limb) {
      return slots_[static_cast<size_t>(owner_.parameters_.ChunkIndex(digit, limb))];
    }
    CopiedKeys& owner_;
    std::unique_ptr<lattice::KeyUse> use_;
    std::vector<Slot> slots_;
  };

  lattice::KeySource& keys_;
  const scheme::Parameters& parameters_;
  SlotPool& pool_;
};

struct Sample {  // seconds of a rotation
  double wall = 0;
  double thread = 0;       // CPU time of the thread that evaluates
  double process = 0;      // and of readers and other workers too
  uint64_t key_bytes = 0;  // most, at one time
};

double Seconds(clockid_t clock) {
  timespec time;
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

class Bed {
 public:
  Bed(int threads, int level)
      : threads_(threads),
        level_(level),
        context_(MakeParameters(kParameterSets[4])),
        resident_pool_(context_.n()),
        pool_(context_.n()),
        workers_(threads),
        evaluator_(context_, pool_, &workers_),
        secret_(Need(lattice::SecretKey::Generate(parameters()))),
        keys_(context_, resident_pool_, Need(lattice::RandomSeed())),
        copied_(keys_, parameters(), pool_),
        warm_(WarmDirectory(), context_, pool_, secret_, keys_.a_seed(), kShifts, level),
        cold_(ColdDirectory(), context_, pool_, secret_, keys_.a_seed(), kShifts, level) {
    for (const int64_t shift : kShifts) Need(keys_.Generate(secret_, parameters().RotationKey(shift), level));
    const lattice::Encoder encoder(context_);
    std::vector<double> values;
    for (size_t i = 0; i < parameters().slots(); ++i) values.push_back(SlotValue(i, parameters().slots()));
    const lattice::PublicKey public_key = Need(lattice::GeneratePublicKey(context_, pool_, secret_));
    operand_ = Need(lattice::Encrypt(context_, pool_, public_key,
                                     Need(encoder.Encode(values, parameters().default_scale(), level, pool_))));

    // The uses of a batch; of no key anything stays.
    program_.parameters = parameters().literal();
    policy_.mode = runtime::Mode::kStreaming;
    policy_.read_ahead = runtime::ReadAheadSlots(parameters().chunk_bytes());
    for (const int64_t shift : kShifts) {
      program_.keys.push_back({.id = parameters().RotationKey(shift),
                               .shift = static_cast<int32_t>(shift),
                               .level = static_cast<int32_t>(level)});
    }
    for (size_t use = 0; use < kBatch; ++use) {
      policy_.rules.push_back({.key = static_cast<uint32_t>(use % kShifts.size()),
                               .chunks = static_cast<uint32_t>(parameters().ChunkCount(level))});
    }
  }

  const scheme::Parameters& parameters() const { return context_.parameters(); }
  uint64_t key_bytes() const {
    return static_cast<uint64_t>(parameters().ChunkCount(level_)) * parameters().chunk_bytes();
  }
  const runtime::KeyStore& cold() const { return cold_.store(); }

  Sample Resident() {
    Sample sample = Batch(keys_, [](size_t) {});
    sample.key_bytes = key_bytes();
    return sample;
  }
  Sample Copied() {
    return Batch(copied_, [](size_t) {});
  }
  Sample Warm() { return Streamed(warm_.store()); }
  Sample Cold() { return Streamed(cold_.store()); }

  // Seconds of reading one key as the runtime reads, and nothing else.
  double ReadAlone() {
    const int chunks = parameters().ChunkCount(level_);
    std::vector<Slot> slots;
    for (uint32_t i = 0; i < policy_.read_ahead; ++i) slots.push_back(pool_.Take(MemoryClass::kScratch));
    std::vector<runtime::ReadBatch> lanes(slots.size());
    const runtime::KeyStore& store = cold_.store();
    const double start = Seconds(CLOCK_MONOTONIC);
    for (size_t key = 0; key < kShifts.size(); ++key) {
      for (int chunk = 0; chunk < chunks; ++chunk) {
        const size_t lane = static_cast<size_t>(chunk) % lanes.size();
        uint64_t* const slot = slots[lane].data();
        Need(lanes[lane].Wait());
        store.StartRead(key, chunk, slot, 0,
                        lanes[lane].Add([&store, key, chunk, slot] { return store.Finish(key, chunk, slot); }));
      }
    }
    for (runtime::ReadBatch& lane : lanes) Need(lane.Wait());
    return (Seconds(CLOCK_MONOTONIC) - start) / static_cast<double>(kShifts.size());
  }

 private:
  Sample Streamed(const runtime::KeyStore& store) {
    const auto keys = Need(runtime::CachedKeys::Create(program_, store, policy_, pool_, threads_, nullptr));
    return Batch(*keys, [&](size_t use) { keys->BeginUse(use); });
  }

  Sample Batch(lattice::KeySource& keys, const std::function<void(size_t)>& begin_use) {
    const uint64_t before = pool_.bytes(MemoryClass::kKeys);
    pool_.ResetPeaks();
    std::vector<Ciphertext> results;
    const double wall = Seconds(CLOCK_MONOTONIC), thread = Seconds(CLOCK_THREAD_CPUTIME_ID);
    const double process = Seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (size_t use = 0; use < kBatch; ++use) {
      begin_use(use);
      Ciphertext result = Need(evaluator_.Rotate(operand_, kShifts[use % kShifts.size()], keys));
      if (use < kShifts.size()) results.push_back(std::move(result));
    }
    const double count = kBatch;
    const Sample sample{(Seconds(CLOCK_MONOTONIC) - wall) / count, (Seconds(CLOCK_THREAD_CPUTIME_ID) - thread) / count,
                        (Seconds(CLOCK_PROCESS_CPUTIME_ID) - process) / count,
                        pool_.peak_bytes(MemoryClass::kKeys) - before};
    CheckResults(std::move(results));
    return sample;
  }

  // All sources have the same keys, so all results are those of the first batch, bit for bit.
  void CheckResults(std::vector<Ciphertext> results) {
    if (expected_.empty()) {
      expected_ = std::move(results);
      return;
    }
    for (size_t i = 0; i < results.size(); ++i) {
      for (size_t part = 0; part < 2; ++part) {
        for (int limb = 0; limb <= level_; ++limb) {
          const uint64_t* words = results[i].parts[part].limb(limb);
          if (!std::equal(words, words + context_.n(), expected_[i].parts[part].limb(limb))) {
            Need(Failed("the rotation by {} has different results with different key sources", kShifts[i]));
          }
        }
      }
    }
  }

  const int threads_;
  const int level_;
  lattice::Context context_;
  SlotPool resident_pool_;  // of whole keys in memory
  SlotPool pool_;
  ThreadPool workers_;
  lattice::Evaluator evaluator_;
  lattice::SecretKey secret_;
  lattice::MemoryKeys keys_;
  CopiedKeys copied_;
  StoredKeys warm_, cold_;
  Ciphertext operand_;
  program::Program program_;
  runtime::Policy policy_;
  std::vector<Ciphertext> expected_;
};

void Run(int threads, int rounds, const OperandLevel& level) {
  Bed bed(threads, level.Limbs(kParameterSets[4]) - 1);
  struct Source {
    const char* name;
    Sample (Bed::*batch)();
    std::vector<Sample> samples = {};
  };
  Source sources[] = {
      {"resident", &Bed::Resident}, {"copied", &Bed::Copied}, {"warm", &Bed::Warm}, {"cold", &Bed::Cold}};
  for (Source& source : sources) (bed.*source.batch)();  // first touch of memory and tables
  std::vector<double> reads;
  for (int round = 0; round < rounds; ++round) {
    for (Source& source : sources) source.samples.push_back((bed.*source.batch)());
    reads.push_back(bed.ReadAlone());
  }

  // Medians of a figure, and of its ratios to the resident keys' in the same round.
  const auto describe = [&](const Source& source, double Sample::*figure) {
    std::vector<double> values, ratios;
    for (size_t i = 0; i < source.samples.size(); ++i) {
      values.push_back(source.samples[i].*figure);
      ratios.push_back(values.back() / (sources[0].samples[i].*figure));
    }
    return fmt::format("{:.2f} | {:.3f}", 1e3 * Median(values), Median(ratios));
  };
  for (const Source& source : sources) {
    uint64_t most = 0;
    for (const Sample& sample : source.samples) most = std::max(most, sample.key_bytes);
    fmt::print("| C/{} {} | {:.2f} | {} | {} | {} |\n", level.name, source.name, static_cast<double>(most) / 1e6,
               describe(source, &Sample::wall), describe(source, &Sample::thread), describe(source, &Sample::process));
  }
  const double read = Median(reads);
  fmt::print("| C/{} reading alone{}, {:.2f} GB/s | | {:.2f} | | | | | |\n", level.name,
             bed.cold().direct() ? "" : " (through the page cache)", static_cast<double>(bed.key_bytes()) / read / 1e9,
             1e3 * read);
  std::fflush(stdout);
}

int Main(int argc, char** argv) {
  const int threads = TakeThreads(argc, argv);
  int rounds = 15;
  bool usage = threads == 0;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    rounds = argument.starts_with("--rounds=") ? std::atoi(argument.data() + 9) : 0;
    usage |= rounds < 1;
  }
  if (usage) {
    fmt::print(stderr, "usage: streaming_bench [--threads=N] [--rounds=N]\n");
    return 2;
  }
  fmt::print("Kernels: {}, {} threads, medians of {} rounds of {} rotations\n\n", lattice::ActiveKernels().name,
             threads, rounds, kBatch);
  fmt::print("| rotation, keys | key memory, MB | wall, ms | of resident | its thread's CPU, ms | of resident |");
  fmt::print(" process's CPU, ms | of resident |\n|---|---|---|---|---|---|---|---|\n");
  for (const OperandLevel& level : kLevels) Run(threads, rounds, level);
  return 0;
}

}  // namespace
}  // namespace keymemrt::bench

int main(int argc, char** argv) {
  return keymemrt::bench::Main(argc, argv);
}
