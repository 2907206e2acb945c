// SPDX-License-Identifier: Apache-2.0
#include "runtime/calibration/calibration.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <any>
#include <bit>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <memory>

#include "base/checksum.h"
#include "base/file.h"
#include "base/slot_pool.h"
#include "base/thread_pool.h"
#include "lattice/encoding/encoder.h"
#include "lattice/evaluator/encryptor.h"
#include "lattice/evaluator/evaluator.h"
#include "lattice/keys/memory_keys.h"
#include "lattice/ring/context.h"
#include "lattice/simd/kernels.h"
#include "planner/timing.h"
#include "program/program.h"
#include "runtime/executor/cached_keys.h"
#include "runtime/io/read_queue.h"
#include "runtime/keystore/key_store.h"
#include "runtime/keystore/key_store_writer.h"
#include "runtime/plan/policy.h"
#include "runtime/plan/trace.h"
#include "runtime/plan/work.h"

namespace keymemrt::runtime {

namespace {

using lattice::Ciphertext;
using program::Op;
using program::Opcode;
using program::Value;
using program::ValueKind;
using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// What a quarter of the values reach: of times, those when other programs were in the way least.
double Undisturbed(std::vector<double> values) {
  const auto quarter = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 4);
  std::nth_element(values.begin(), quarter, values.end());
  return *quarter;
}

// The undisturbed time of `run`, repeated for so long and at least three times after a first one that does not count.
template <typename Run>
Result<double> Time(double seconds, Run&& run) {
  KMRT_RETURN_IF_ERROR(run());
  std::vector<double> times;
  const Clock::time_point begin = Clock::now();
  while (times.size() < 3 || SecondsSince(begin) < seconds) {
    const Clock::time_point start = Clock::now();
    KMRT_RETURN_IF_ERROR(run());
    times.push_back(SecondsSince(start));
  }
  return Undisturbed(std::move(times));
}

// Moduli of one width and of a shape that programs have: few limbs in a small ring, a dozen in a large one.
Result<scheme::Parameters> MakeParameters(int log_n, size_t width) {
  const size_t q_count = log_n >= 15 ? 12 : log_n == 14 ? 8 : 6;
  const int q_bits = width == planner::kNarrow ? 45 : 59, p_bits = width == planner::kNarrow ? 49 : 60;
  scheme::ParameterLiteral literal;
  literal.log_n = log_n;
  literal.log_default_scale = q_bits;
  KMRT_ASSIGN_OR_RETURN(literal.q, scheme::FindNttPrimes(q_bits, log_n, q_count));
  KMRT_ASSIGN_OR_RETURN(literal.p, scheme::FindNttPrimes(p_bits, log_n, 3, literal.q));
  return scheme::Parameters::Create(literal, scheme::Security::kInsecure);
}

// One operation of its own, so that its work is what OperationWork says of a program.
planner::Work WorkOf(Opcode opcode, int level, const scheme::Parameters& parameters) {
  program::Program program;
  const Value ciphertext{.kind = ValueKind::kCiphertext, .level = level, .scale = 1};
  Value operand = ciphertext, second = ciphertext, result = ciphertext;
  if (opcode == Opcode::kMulPlain) second.kind = ValueKind::kPlaintext;
  if (opcode == Opcode::kDecompose) result.kind = ValueKind::kDigits;
  if (opcode == Opcode::kRotateHoisted) second.kind = ValueKind::kDigits;
  if (opcode == Opcode::kEncode) result.kind = ValueKind::kPlaintext;
  if (opcode == Opcode::kRelinearize) operand.parts = 3;
  if (opcode == Opcode::kMul) result.parts = 3;
  if (opcode == Opcode::kRescale) --result.level;
  program.values = {operand, second, result};
  Op op;
  op.opcode = opcode;
  op.result = 2;
  if (opcode != Opcode::kEncode) op.operands[0] = 0;
  if (opcode == Opcode::kMulPlain || opcode == Opcode::kRotateHoisted || opcode == Opcode::kMul ||
      opcode == Opcode::kAdd) {
    op.operands[1] = 1;
  }
  // Outputs, so that nothing is overwritten: below each measured operation leaves its operands as they are.
  program.outputs = {{.name = "a", .value = 0, .length = 1}, {.name = "b", .value = 1, .length = 1}};
  program.ops = {op};
  return OperationWork(program, parameters)[0];
}

// What operations are measured on: a client's keys and the evaluator, in a ring of their own.
struct Bed {
  static Result<std::unique_ptr<Bed>> Make(int log_n, size_t width) {
    KMRT_ASSIGN_OR_RETURN(const scheme::Parameters parameters, MakeParameters(log_n, width));
    KMRT_ASSIGN_OR_RETURN(lattice::SecretKey secret, lattice::SecretKey::Generate(parameters));
    KMRT_ASSIGN_OR_RETURN(const lattice::Seed seed, lattice::RandomSeed());
    return std::make_unique<Bed>(parameters, std::move(secret), seed);
  }
  Bed(const scheme::Parameters& the_parameters, lattice::SecretKey the_secret, const lattice::Seed& the_seed)
      : parameters(the_parameters),
        context(parameters),
        pool(parameters.n()),
        encoder(context),
        evaluator(context, pool),
        secret(std::move(the_secret)),
        seed(the_seed),
        keys(context, pool, seed) {}

  Result<lattice::Plaintext> Encode(std::span<const double> values, int level) {
    return encoder.Encode(values, parameters.default_scale(), level, pool);
  }
  Result<Ciphertext> Encrypt(const lattice::Plaintext& plaintext) {
    KMRT_ASSIGN_OR_RETURN(const lattice::PublicKey public_key, lattice::GeneratePublicKey(context, pool, secret));
    return lattice::Encrypt(context, pool, public_key, plaintext);
  }

  const scheme::Parameters parameters;
  const lattice::Context context;
  SlotPool pool;
  const lattice::Encoder encoder;
  const lattice::Evaluator evaluator;
  const lattice::SecretKey secret;
  const lattice::Seed seed;
  lattice::MemoryKeys keys;
};

struct Measured {
  std::vector<planner::Observation> observations;
  planner::Work encode_work;
  double encode_seconds = 0;
  double speedup = 1;  // of a rotation, on all processors
};

Result<Measured> MeasureRing(int log_n, size_t width, int processors, double seconds) {
  KMRT_ASSIGN_OR_RETURN(const std::unique_ptr<Bed> bed, Bed::Make(log_n, width));
  const scheme::Parameters& parameters = bed->parameters;
  const lattice::Evaluator& evaluator = bed->evaluator;
  const lattice::SecretKey& secret = bed->secret;
  lattice::MemoryKeys& keys = bed->keys;
  const int top = parameters.max_level();
  KMRT_RETURN_IF_ERROR(keys.Generate(secret, parameters.RelinearizationKey(), top));
  // A program meets its ciphertexts and keys out of the near caches: several of each take turns.
  constexpr uint64_t kFarBytes = uint64_t{32} << 20;
  const auto turns = [&](int limbs) {
    return std::clamp<size_t>(kFarBytes / (static_cast<uint64_t>(limbs) * parameters.chunk_bytes()), 2, 16);
  };
  const size_t key_turns = turns(parameters.ChunkCount(top)), turns_of_x = turns(2 * (top + 1));
  for (size_t i = 1; i <= key_turns; ++i) {
    KMRT_RETURN_IF_ERROR(keys.Generate(secret, parameters.RotationKey(static_cast<int64_t>(i)), top));
  }
  std::vector<double> values(parameters.slots());
  for (size_t i = 0; i < values.size(); ++i) values[i] = std::sin(static_cast<double>(i));

  Measured measured;
  for (const int level : {top, top / 2}) {
    KMRT_ASSIGN_OR_RETURN(const lattice::Plaintext plaintext, bed->Encode(values, level));
    KMRT_ASSIGN_OR_RETURN(const Ciphertext x, bed->Encrypt(plaintext));
    KMRT_ASSIGN_OR_RETURN(const lattice::Digits digits, evaluator.Decompose(x));
    KMRT_ASSIGN_OR_RETURN(const Ciphertext product, evaluator.Mul(x, x));
    std::vector<Ciphertext> xs;
    for (size_t i = 0; i < turns_of_x; ++i) xs.push_back(evaluator.Copy(x));
    size_t turn = 0;
    const auto next_x = [&]() -> const Ciphertext& { return xs[++turn % xs.size()]; };
    const auto next_shift = [&] { return static_cast<int64_t>(++turn % key_turns) + 1; };
    // Results are kept for as many turns, so that they are written to other memory each time.
    std::vector<std::any> results(turns_of_x);
    const auto observe = [&](Opcode opcode, const auto& run) -> Status {
      KMRT_ASSIGN_OR_RETURN(const double time, Time(seconds, [&]() -> Status {
                              auto result = run();
                              if (!result.ok()) return result.status();
                              results[++turn % results.size()] =
                                  std::make_shared<std::decay_t<decltype(*result)>>(std::move(result).value());
                              return Status();
                            }));
      measured.observations.push_back({WorkOf(opcode, level, parameters), time});
      results.assign(results.size(), {});
      return Status();
    };
    KMRT_RETURN_IF_ERROR(observe(Opcode::kRotate, [&] { return evaluator.Rotate(next_x(), next_shift(), keys); }));
    KMRT_RETURN_IF_ERROR(observe(Opcode::kDecompose, [&] { return evaluator.Decompose(next_x()); }));
    KMRT_RETURN_IF_ERROR(
        observe(Opcode::kRotateHoisted, [&] { return evaluator.RotateHoisted(x, digits, next_shift(), keys); }));
    KMRT_RETURN_IF_ERROR(observe(Opcode::kMul, [&] { return evaluator.Mul(next_x(), next_x()); }));
    KMRT_RETURN_IF_ERROR(
        observe(Opcode::kRelinearize, [&] { return evaluator.Relinearize(evaluator.Copy(product), keys); }));
    KMRT_RETURN_IF_ERROR(observe(Opcode::kRescale, [&] { return evaluator.Rescale(evaluator.Copy(next_x())); }));
    KMRT_RETURN_IF_ERROR(observe(Opcode::kMulPlain, [&] { return evaluator.MulPlain(next_x(), plaintext); }));
    KMRT_RETURN_IF_ERROR(observe(Opcode::kAdd, [&] { return evaluator.Add(evaluator.Copy(next_x()), x); }));
    if (level != top) continue;
    KMRT_ASSIGN_OR_RETURN(measured.encode_seconds, Time(seconds, [&] { return bed->Encode(values, level).status(); }));
    measured.encode_work = WorkOf(Opcode::kEncode, level, parameters);
    if (processors > 1) {
      ThreadPool workers(processors);
      const lattice::Evaluator parallel(bed->context, bed->pool, &workers);
      KMRT_ASSIGN_OR_RETURN(const double time,
                            Time(seconds, [&] { return parallel.Rotate(next_x(), next_shift(), keys).status(); }));
      measured.speedup = measured.observations.front().seconds / time;
    }
  }
  return measured;
}

// Rates of one ring from both widths of moduli.
Result<planner::RingRates> RateRing(int log_n, int processors, double seconds) {
  std::vector<planner::Observation> observations;
  std::vector<Measured> both;
  for (const size_t width : {planner::kNarrow, planner::kWide}) {
    KMRT_ASSIGN_OR_RETURN(Measured measured, MeasureRing(log_n, width, processors, seconds));
    observations.insert(observations.end(), measured.observations.begin(), measured.observations.end());
    both.push_back(std::move(measured));
  }
  KMRT_ASSIGN_OR_RETURN(planner::RingRates rates, planner::FitRates(log_n, observations));
  std::vector<double> embeddings;
  double speedup = 0;
  for (const Measured& measured : both) {
    planner::Work rest = measured.encode_work;
    rest.embeddings = 0;
    embeddings.push_back(std::max(0.0, measured.encode_seconds - planner::Seconds(rest, rates, 1)));
    speedup += measured.speedup / static_cast<double>(both.size());
  }
  rates.embedding = *std::max_element(embeddings.begin(), embeddings.end());
  // Amdahl's law, solved for the share that is not parallel.
  if (processors > 1) rates.serial_share = std::clamp((processors / speedup - 1) / (processors - 1), 0.0, 1.0);
  return rates;
}

struct RemoveAtEnd {
  std::string path;
  ~RemoveAtEnd() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
};

// Seconds of a read of so many bytes in a ring as a run has it, `memory` being the ring.
Result<double> TimeRead(ReadQueue& reads, const BlockFile& file, std::span<std::byte> memory, size_t bytes) {
  const uint32_t ring = ReadAheadSlots(bytes), at_once = ReadsAtOnce(ring);
  const size_t count = std::min<size_t>(file.size() / bytes, 2048) / ring * ring;
  std::vector<double> times;
  for (int pass = 0; pass < 5; ++pass) {
    std::vector<ReadBatch> batches(ring / at_once);
    const Clock::time_point start = Clock::now();
    for (size_t first = 0; first < count; first += at_once) {
      ReadBatch& batch = batches[first / at_once % batches.size()];
      KMRT_RETURN_IF_ERROR(batch.Wait());  // its memory is free then
      std::vector<ReadQueue::Wanted> wanted;
      for (size_t i = first; i < first + at_once; ++i) {
        // Chunks are seldom read in the order of the file.
        wanted.push_back(
            {&file, i * 5 % count * bytes, memory.subspan(i % ring * bytes, bytes), i % ring, batch.Add()});
      }
      reads.Read(wanted);
    }
    for (ReadBatch& batch : batches) KMRT_RETURN_IF_ERROR(batch.Wait());
    times.push_back(SecondsSince(start) / static_cast<double>(count));
  }
  return Undisturbed(std::move(times));
}

// Reads as a run does: chunks of a small ring's size and of a large one's, several at a time, past the page cache.
Result<planner::Channel> MeasureStore(const std::string& directory) {
  constexpr size_t kSmall = size_t{64} << 10, kLarge = size_t{512} << 10, kBytes = size_t{256} << 20;
  const std::string path = fmt::format("{}/calibration-{}.tmp", directory, ::getpid());
  std::vector<uint64_t> contents(kLarge / sizeof(uint64_t));
  for (size_t i = 0; i < contents.size(); ++i) contents[i] = (i + 1) * 0x9e3779b97f4a7c15;
  {
    KMRT_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
    for (size_t written = 0; written < kBytes; written += kLarge) {
      ++contents[0];  // no two pieces equal, for stores that know how to save the second
      KMRT_RETURN_IF_ERROR(file.Append(std::as_bytes(std::span(contents))));
    }
    KMRT_RETURN_IF_ERROR(file.Commit());
  }
  const RemoveAtEnd remove{path};
  const std::shared_ptr<ReadQueue> reads = ReadQueue::OfSystem();
  KMRT_ASSIGN_OR_RETURN(const BlockFile file, reads->Open(path));
  SlotPool pool(std::bit_ceil(std::max(ReadAheadSlots(kSmall) * kSmall, ReadAheadSlots(kLarge) * kLarge)) /
                sizeof(uint64_t));
  pool.SetSlabListener(
      [&](std::span<std::byte> slab, bool added) { added ? reads->Register(slab) : reads->Unregister(slab); });
  pool.Reserve(1);
  const Slot slot = pool.Take(MemoryClass::kKeys);
  const std::span<std::byte> memory = std::as_writable_bytes(slot.words());

  planner::Channel channel;
  KMRT_ASSIGN_OR_RETURN(channel.latency_seconds, Time(0.05, [&, at = size_t{0}]() mutable {
                          at = (at + 37 * kLarge) % kBytes;
                          return reads->ReadNow(file, at, memory.first(kBlockAlignment));
                        }));
  KMRT_ASSIGN_OR_RETURN(const double small, TimeRead(*reads, file, memory, kSmall));
  KMRT_ASSIGN_OR_RETURN(const double large, TimeRead(*reads, file, memory, kLarge));
  // A line through both; on a disk that is slower with large reads, one through the origin.
  channel.bytes_per_second = static_cast<double>(kLarge - kSmall) / std::max(large - small, 1e-9);
  channel.seconds_per_read = small - static_cast<double>(kSmall) / channel.bytes_per_second;
  if (channel.seconds_per_read < 0) {
    channel.seconds_per_read = 0;
    channel.bytes_per_second = static_cast<double>(kLarge) / large;
  }
  const std::span<const std::byte> piece = std::as_bytes(std::span(contents));
  volatile uint64_t sink = 0;
  KMRT_ASSIGN_OR_RETURN(const double check, Time(0.02, [&] {
                          sink = sink + Xxh3(piece);
                          return Status();
                        }));
  channel.processor_seconds_per_byte = check / static_cast<double>(kLarge);
  return channel;
}

// What a chunk takes the evaluating thread that reading threads hand to it: rotations in a small ring with the key on
// disk, beside what the rest of the model says of them from those with the key in memory.
Result<double> MeasureHandover(const std::string& parent, const planner::Channel& channel, int processors) {
  constexpr int64_t kUses = 64;
  constexpr int64_t kKeys = 4;  // in turn, so that the chunks of one have gone when they are read again
  KMRT_ASSIGN_OR_RETURN(const std::unique_ptr<Bed> bed, Bed::Make(13, planner::kNarrow));
  const scheme::Parameters& parameters = bed->parameters;
  const lattice::Evaluator& evaluator = bed->evaluator;
  const int level = parameters.max_level();
  const uint32_t chunks = static_cast<uint32_t>(parameters.ChunkCount(level));
  KMRT_ASSIGN_OR_RETURN(const auto plaintext, bed->Encode(std::vector<double>(parameters.slots(), 0.5), level));
  KMRT_ASSIGN_OR_RETURN(const Ciphertext x, bed->Encrypt(plaintext));

  const RemoveAtEnd directory{fmt::format("{}/calibration-{}.keys", parent, ::getpid())};
  {
    KMRT_ASSIGN_OR_RETURN(const KeySetId key_set, KeySetId::Random());
    KMRT_ASSIGN_OR_RETURN(const auto writer,
                          KeyStoreWriter::Open(directory.path, parameters, true, key_set, bed->seed));
    for (int64_t shift = 1; shift <= kKeys; ++shift) {
      const scheme::KeyId key = parameters.RotationKey(shift);
      const auto produce = [&](int up_to, const lattice::ChunkSink& sink) {
        return lattice::GenerateSwitchingKey(bed->context, bed->pool, bed->secret, bed->seed, key, up_to, sink);
      };
      KMRT_RETURN_IF_ERROR(writer->Add(key, level, produce).status());
    }
    KMRT_RETURN_IF_ERROR(writer->Commit());
  }
  KMRT_ASSIGN_OR_RETURN(const auto store, KeyStore::Open(directory.path));
  program::Program program;
  program.parameters = parameters.literal();
  for (int64_t shift = 1; shift <= kKeys; ++shift) {
    const scheme::KeyId key = parameters.RotationKey(shift);
    KMRT_RETURN_IF_ERROR(bed->keys.Generate(bed->secret, key, level));
    program.keys.push_back({.id = key, .shift = static_cast<int32_t>(shift), .level = level});
  }
  Policy policy;
  policy.read_ahead = ReadAheadSlots(parameters.chunk_bytes());
  for (int64_t use = 0; use < kUses; ++use) {
    policy.rules.push_back({.key = static_cast<uint32_t>(use % kKeys), .chunks = chunks});
  }

  KMRT_ASSIGN_OR_RETURN(const double rotation, Time(0.05, [&, shift = int64_t{0}]() mutable {
                          shift = shift % kKeys + 1;
                          return evaluator.Rotate(x, shift, bed->keys).status();
                        }));
  KMRT_ASSIGN_OR_RETURN(const double streamed, Time(0.2, [&]() -> Status {
                          KMRT_ASSIGN_OR_RETURN(const auto keys,
                                                CachedKeys::Create(program, *store, policy, bed->pool, 1, nullptr));
                          for (int64_t use = 0; use < kUses; ++use) {
                            keys->BeginUse(static_cast<size_t>(use));
                            KMRT_RETURN_IF_ERROR(evaluator.Rotate(x, use % kKeys + 1, *keys).status());
                          }
                          return Status();
                        }));
  planner::TimedRun run{.read_ahead = policy.read_ahead,
                        .reads_at_once = ReadsAtOnce(policy.read_ahead),
                        .uses = std::vector<planner::TimedUse>(kUses, {rotation, 0, chunks, false}),
                        .chunk_bytes = store->stored_bytes(0) / chunks};
  const double rest = streamed - planner::PredictTime(run, channel, processors).wall_seconds;
  return std::max(rest, 0.0) / static_cast<double>(kUses * chunks);
}

}  // namespace

std::string ThisProcessor() {
  std::string model = "unknown processor";
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("model name", 0) != 0) continue;
    const size_t colon = line.find(':');
    if (colon != std::string::npos && colon + 2 < line.size()) model = line.substr(colon + 2);
    break;
  }
  return fmt::format("{}, {}", model, lattice::ActiveKernels().name);
}

Result<planner::Machine> Calibrate(const CalibrationOptions& options,
                                   const std::function<void(const std::string&)>& progress) {
  const auto say = [&](const std::string& what) {
    if (progress) progress(what);
  };
  if (options.log_ns.empty()) return InvalidArgument("nothing to measure: no ring named");
  planner::Machine machine;
  machine.processor = ThisProcessor();
  machine.processors = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  say(fmt::format("reading keys from {}", options.store_directory));
  KMRT_ASSIGN_OR_RETURN(machine.store, MeasureStore(options.store_directory));
  KMRT_ASSIGN_OR_RETURN(machine.store.handover_seconds,
                        MeasureHandover(options.store_directory, machine.store, machine.processors));
  for (const int log_n : options.log_ns) {
    say(fmt::format("operations in a ring of 2^{}", log_n));
    KMRT_ASSIGN_OR_RETURN(planner::RingRates rates, RateRing(log_n, machine.processors, options.seconds_per_operation));
    machine.rings.push_back(rates);
  }
  std::sort(machine.rings.begin(), machine.rings.end(),
            [](const planner::RingRates& a, const planner::RingRates& b) { return a.log_n < b.log_n; });
  return machine;
}

}  // namespace keymemrt::runtime
