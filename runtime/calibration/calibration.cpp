// SPDX-License-Identifier: Apache-2.0
#include "runtime/calibration/calibration.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <any>
#include <array>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <memory>
#include <numeric>

#include "base/slot_pool.h"
#include "base/thread_pool.h"
#include "lattice/encoding/encoder.h"
#include "lattice/evaluator/encryptor.h"
#include "lattice/evaluator/evaluator.h"
#include "lattice/keys/memory_keys.h"
#include "lattice/linear/linear_transform.h"
#include "lattice/ring/context.h"
#include "lattice/simd/kernels.h"
#include "planner/timing.h"
#include "planner/work.h"
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

double Middle(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// The usual time of `run`, repeated for so long and at least three times after a first one that does not
// count.
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
  return Middle(std::move(times));
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
  program.weights = {{.name = "w", .rows = 1, .columns = static_cast<uint32_t>(parameters.slots())}};  // of an encode
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

// A program has hundreds of limbs at work and meets each where that many have been since, in a large ring out of all
// caches: so many limbs of operands, of results and of keys take turns.
constexpr size_t kLimbsAtWork = 512;

// The baby steps of a transform with so many giants that the sums are limbs at work. Its diagonals repeat few values,
// so that most of the time goes to products.
Result<planner::Observation> MeasureProducts(Bed& bed, const Ciphertext& x, double seconds) {
  constexpr int64_t kBabies = 4, kRepetitions = 16;
  const int64_t rows = kBabies * static_cast<int64_t>(kLimbsAtWork) / (2 * (x.level + 1));
  const int64_t slots = static_cast<int64_t>(bed.parameters.slots()), period = slots / kRepetitions;
  std::vector<int64_t> indices(static_cast<size_t>(rows));
  std::iota(indices.begin(), indices.end(), int64_t{0});
  KMRT_ASSIGN_OR_RETURN(const auto plan, circuit::LinearTransformPlan::Make(
                                             indices, slots, circuit::LinearTransformForm::kMinimumKey, kBabies));
  planner::WorkCounter counter(bed.parameters);
  for (int64_t row = 0; row < rows; ++row) {
    counter.Embedding(period);
    counter.EncodedLimbs(period, x.level);
    counter.RowProducts(x.level);
  }
  for (int64_t baby = 1; baby < kBabies; ++baby) counter.Rotate(x.level);

  std::vector<double> values(static_cast<size_t>(period));
  for (size_t i = 0; i < values.size(); ++i) values[i] = std::sin(static_cast<double>(i));
  const std::span<const double> row(values);
  const lattice::Diagonals diagonals = [&row](size_t) -> Result<std::span<const double>> { return row; };
  const lattice::Workspace work{bed.context, bed.pool, nullptr};
  KMRT_ASSIGN_OR_RETURN(const double time, Time(seconds, [&]() -> Status {
                          KMRT_ASSIGN_OR_RETURN(auto transform, lattice::LinearTransform::Begin(
                                                                    work, plan, x, bed.parameters.default_scale()));
                          while (transform.next().kind == circuit::LinearTransformStep::Kind::kBaby) {
                            KMRT_RETURN_IF_ERROR(transform.Baby(work, bed.encoder, x, diagonals, bed.keys));
                          }
                          return Status();
                        }));
  return planner::Observation{counter.work(), time};
}

struct Measured {
  std::vector<planner::Observation> observations;
  double parallel_seconds = 0;  // of the first observation's operation, on all processors
};

Result<Measured> MeasureRing(int log_n, size_t width, int processors, double seconds) {
  KMRT_ASSIGN_OR_RETURN(const std::unique_ptr<Bed> bed, Bed::Make(log_n, width));
  const scheme::Parameters& parameters = bed->parameters;
  const lattice::Evaluator& evaluator = bed->evaluator;
  const lattice::SecretKey& secret = bed->secret;
  lattice::MemoryKeys& keys = bed->keys;
  const int top = parameters.max_level();
  const auto turns = [&](int limbs) { return std::max<size_t>(kLimbsAtWork / static_cast<size_t>(limbs), 2); };
  const size_t key_turns = turns(parameters.ChunkCount(top)), turns_of_x = turns(2 * (top + 1));
  // Operands, results, keys, and what a transform holds: as in a run, all of it is there before anything is measured.
  bed->pool.Reserve(4 * kLimbsAtWork);
  KMRT_RETURN_IF_ERROR(keys.Generate(secret, parameters.RelinearizationKey(), top));
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
    // Results are kept for some turns, so that they are written to other memory each time.
    std::vector<std::any> results(turns(parameters.ChunkCount(top)));
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
    KMRT_RETURN_IF_ERROR(observe(Opcode::kEncode, [&] { return bed->Encode(values, level); }));
    if (level != top) continue;
    KMRT_ASSIGN_OR_RETURN(measured.observations.emplace_back(), MeasureProducts(*bed, x, seconds));
    if (processors > 1) {
      ThreadPool workers(processors);
      const lattice::Evaluator parallel(bed->context, bed->pool, &workers);
      KMRT_ASSIGN_OR_RETURN(measured.parallel_seconds,
                            Time(seconds, [&] { return parallel.Rotate(next_x(), next_shift(), keys).status(); }));
    }
  }
  return measured;
}

// Of several measurements of the same: of each time the one in the middle.
Measured Middle(const std::vector<Measured>& passes) {
  const auto of = [&](auto time) {
    std::vector<double> times;
    for (const Measured& pass : passes) times.push_back(time(pass));
    return Middle(std::move(times));
  };
  Measured middle = passes[0];
  for (size_t i = 0; i < middle.observations.size(); ++i) {
    middle.observations[i].seconds = of([i](const Measured& pass) { return pass.observations[i].seconds; });
  }
  middle.parallel_seconds = of([](const Measured& pass) { return pass.parallel_seconds; });
  return middle;
}

using BothWidths = std::array<std::vector<Measured>, planner::kWidths>;  // by pass

Result<planner::RingRates> RateRing(int log_n, int processors, const BothWidths& passes) {
  const std::array<Measured, planner::kWidths> both = {Middle(passes[planner::kNarrow]),
                                                       Middle(passes[planner::kWide])};
  std::vector<planner::Observation> observations;
  for (const Measured& measured : both) {
    observations.insert(observations.end(), measured.observations.begin(), measured.observations.end());
  }
  KMRT_ASSIGN_OR_RETURN(planner::RingRates rates, planner::FitRates(log_n, observations));
  double speedup = 0;
  for (const Measured& measured : both) {
    if (processors > 1) speedup += measured.observations[0].seconds / measured.parallel_seconds / planner::kWidths;
  }
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

// A bed's keys of the shifts 1..keys in a store, for as long as the object lives.
struct StoredKeys {
  static Result<std::unique_ptr<StoredKeys>> Make(Bed& bed, const std::string& parent, int64_t keys) {
    auto stored = std::make_unique<StoredKeys>(fmt::format("{}/calibration-{}.keys", parent, ::getpid()));
    KMRT_ASSIGN_OR_RETURN(const KeySetId key_set, KeySetId::Random());
    KMRT_ASSIGN_OR_RETURN(const auto writer,
                          KeyStoreWriter::Open(stored->directory.path, bed.parameters, true, key_set, bed.seed));
    for (int64_t shift = 1; shift <= keys; ++shift) {
      const scheme::KeyId key = bed.parameters.RotationKey(shift);
      const auto produce = [&](int up_to, const lattice::ChunkSink& sink) {
        return lattice::GenerateSwitchingKey(bed.context, bed.pool, bed.secret, bed.seed, key, up_to, sink);
      };
      KMRT_RETURN_IF_ERROR(writer->Add(key, bed.parameters.max_level(), produce).status());
    }
    KMRT_RETURN_IF_ERROR(writer->Commit());
    KMRT_ASSIGN_OR_RETURN(stored->store, KeyStore::Open(stored->directory.path));
    return stored;
  }
  explicit StoredKeys(std::string path) : directory{std::move(path)} {}

  const RemoveAtEnd directory;
  std::unique_ptr<KeyStore> store;
};

double ProcessorSeconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Of a chunk, read as a run reads it: several at a time into a ring, past the page cache, checked and unpacked.
struct ReadTimes {
  double bytes = 0;      // in the file
  double seconds = 0;    // of the channel
  double processor = 0;  // seconds of processors
  double alone = 0;      // from asking for one to having it
};
Result<ReadTimes> TimeReads(int log_n, const std::string& parent) {
  constexpr double kBytes = 256 << 20, kMostChunks = 2000;
  KMRT_ASSIGN_OR_RETURN(const std::unique_ptr<Bed> bed, Bed::Make(log_n, planner::kNarrow));
  const uint64_t chunk_bytes = bed->parameters.chunk_bytes();
  const size_t chunks = static_cast<size_t>(bed->parameters.ChunkCount(bed->parameters.max_level()));
  const double wanted = std::min(kMostChunks, kBytes / static_cast<double>(chunk_bytes));
  const size_t keys = std::max<size_t>(1, static_cast<size_t>(wanted) / chunks);
  KMRT_ASSIGN_OR_RETURN(const std::unique_ptr<StoredKeys> stored,
                        StoredKeys::Make(*bed, parent, static_cast<int64_t>(keys)));
  const KeyStore& store = *stored->store;
  const uint32_t ring = ReadAheadSlots(chunk_bytes), at_once = ReadsAtOnce(ring);
  const size_t count = keys * chunks / ring * ring;
  SlotPool pool(bed->parameters.n());
  pool.SetSlabListener([&reads = store.reads()](std::span<std::byte> slab, bool added) {
    added ? reads.Register(slab) : reads.Unregister(slab);
  });
  pool.Reserve(ring);
  std::vector<Slot> slots;
  for (uint32_t i = 0; i < ring; ++i) slots.push_back(pool.Take(MemoryClass::kKeys));

  std::vector<double> times, processor;
  for (int pass = 0; pass < 5; ++pass) {
    std::vector<ReadBatch> batches(ring / at_once);
    const Clock::time_point start = Clock::now();
    const double processor_start = ProcessorSeconds();
    for (size_t first = 0; first < count; first += at_once) {
      ReadBatch& batch = batches[first / at_once % batches.size()];
      KMRT_RETURN_IF_ERROR(batch.Wait());  // its memory is free then
      std::vector<ReadQueue::Wanted> reads;
      for (size_t i = first; i < first + at_once; ++i) {
        // Chunks are seldom read in the order of the file.
        const size_t key = i / chunks;
        const int chunk = static_cast<int>(i * 5 % chunks);
        uint64_t* const slot = slots[i % ring].data();
        reads.push_back(store.ReadOf(key, chunk, slot, i % ring,
                                     batch.Add([&store, key, chunk, slot] { return store.Finish(key, chunk, slot); })));
      }
      store.reads().Read(reads);
    }
    for (ReadBatch& batch : batches) KMRT_RETURN_IF_ERROR(batch.Wait());
    times.push_back(SecondsSince(start) / static_cast<double>(count));
    processor.push_back((ProcessorSeconds() - processor_start) / static_cast<double>(count));
  }
  ReadTimes result;
  result.bytes = static_cast<double>(store.stored_bytes(0)) / static_cast<double>(chunks);
  result.seconds = Middle(std::move(times));
  result.processor = Middle(std::move(processor));
  KMRT_ASSIGN_OR_RETURN(result.alone, Time(0.05, [&, at = size_t{0}]() mutable {
                          at = (at + 37) % (keys * chunks);
                          return store.ReadChunk(at / chunks, static_cast<int>(at % chunks), slots[0].data());
                        }));
  return result;
}

ReadTimes Middle(const std::vector<ReadTimes>& passes) {
  const auto of = [&](double ReadTimes::*time) {
    std::vector<double> times;
    for (const ReadTimes& pass : passes) times.push_back(pass.*time);
    return Middle(std::move(times));
  };
  return {passes[0].bytes, of(&ReadTimes::seconds), of(&ReadTimes::processor), of(&ReadTimes::alone)};
}

// A line through the chunks of a small ring and those of a large one: what each takes, and each byte. Through the
// origin where a line through both would begin below it.
std::pair<double, double> Line(const ReadTimes& small, const ReadTimes& large, double ReadTimes::*time) {
  if (large.bytes > small.bytes) {
    const double slope = (large.*time - small.*time) / (large.bytes - small.bytes);
    const double offset = small.*time - slope * small.bytes;
    if (slope > 0 && offset > 0) return {offset, slope};
  }
  return {0, large.*time / large.bytes};
}

planner::Channel ChannelOf(const ReadTimes& small, const ReadTimes& large) {
  planner::Channel channel;
  const auto [per_read, per_byte] = Line(small, large, &ReadTimes::seconds);
  channel.seconds_per_read = per_read;
  channel.bytes_per_second = 1 / per_byte;
  const auto [processor_per_read, processor_per_byte] = Line(small, large, &ReadTimes::processor);
  channel.processor_seconds_per_read = processor_per_read;
  channel.processor_seconds_per_byte = processor_per_byte;
  channel.latency_seconds = std::max(small.alone - small.seconds, 0.0);
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

  KMRT_ASSIGN_OR_RETURN(const std::unique_ptr<StoredKeys> stored, StoredKeys::Make(*bed, parent, kKeys));
  const KeyStore* const store = stored->store.get();
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
  if (!std::filesystem::is_directory(options.store_directory)) {
    return InvalidArgument("{}: no such directory, where keys are to be read from", options.store_directory);
  }
  planner::Machine machine;
  machine.processor = ThisProcessor();
  machine.processors = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  const auto [smallest, largest] = std::ranges::minmax(options.log_ns);
  // Other programs, or the host of a virtual machine, are in the way for seconds at a time: so all is measured several
  // times over, and what is in the middle is what a run of some seconds meets on average.
  std::vector<ReadTimes> small, large;
  std::vector<BothWidths> rings(options.log_ns.size());
  for (int pass = 0; pass < options.passes; ++pass) {
    const std::string again = pass == 0 ? "" : ", again";
    say(fmt::format("reading keys from {}{}", options.store_directory, again));
    for (auto [times, log_n] : {std::pair(&small, smallest), std::pair(&large, largest)}) {
      KMRT_ASSIGN_OR_RETURN(times->emplace_back(), TimeReads(log_n, options.store_directory));
    }
    for (size_t i = 0; i < rings.size(); ++i) {
      say(fmt::format("operations in a ring of 2^{}{}", options.log_ns[i], again));
      for (const size_t width : {planner::kNarrow, planner::kWide}) {
        KMRT_ASSIGN_OR_RETURN(rings[i][width].emplace_back(),
                              MeasureRing(options.log_ns[i], width, machine.processors, options.seconds_per_operation));
      }
    }
  }
  machine.store = ChannelOf(Middle(small), Middle(large));
  std::vector<double> handovers;
  for (int pass = 0; pass < options.passes; ++pass) {
    KMRT_ASSIGN_OR_RETURN(handovers.emplace_back(),
                          MeasureHandover(options.store_directory, machine.store, machine.processors));
  }
  machine.store.handover_seconds = Middle(std::move(handovers));
  for (size_t i = 0; i < rings.size(); ++i) {
    KMRT_ASSIGN_OR_RETURN(const planner::RingRates rates, RateRing(options.log_ns[i], machine.processors, rings[i]));
    machine.rings.push_back(rates);
  }
  std::sort(machine.rings.begin(), machine.rings.end(),
            [](const planner::RingRates& a, const planner::RingRates& b) { return a.log_n < b.log_n; });
  return machine;
}

}  // namespace keymemrt::runtime
