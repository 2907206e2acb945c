// SPDX-License-Identifier: Apache-2.0
#include "runtime/calibration/calibration.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <any>
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
#include "program/program.h"
#include "runtime/io/read_queue.h"
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

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// The median time of `run`, repeated for so long and at least three times after a first one that does not count.
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
  return Median(std::move(times));
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

struct Measured {
  std::vector<planner::Observation> observations;
  planner::Work encode_work;
  double encode_seconds = 0;
  double speedup = 1;  // of a rotation, on all processors
};

Result<Measured> MeasureRing(int log_n, size_t width, int processors, double seconds) {
  KMRT_ASSIGN_OR_RETURN(const scheme::Parameters parameters, MakeParameters(log_n, width));
  const lattice::Context context(parameters);
  SlotPool pool(parameters.n());
  const lattice::Encoder encoder(context);
  const lattice::Evaluator evaluator(context, pool);
  KMRT_ASSIGN_OR_RETURN(const lattice::SecretKey secret, lattice::SecretKey::Generate(parameters));
  KMRT_ASSIGN_OR_RETURN(const lattice::PublicKey public_key, lattice::GeneratePublicKey(context, pool, secret));
  KMRT_ASSIGN_OR_RETURN(const lattice::Seed seed, lattice::RandomSeed());
  lattice::MemoryKeys keys(context, pool, seed);
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
    const double scale = parameters.default_scale();
    KMRT_ASSIGN_OR_RETURN(const lattice::Plaintext plaintext, encoder.Encode(values, scale, level, pool));
    KMRT_ASSIGN_OR_RETURN(const Ciphertext x, lattice::Encrypt(context, pool, public_key, plaintext));
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
    KMRT_ASSIGN_OR_RETURN(measured.encode_seconds,
                          Time(seconds, [&] { return encoder.Encode(values, scale, level, pool).status(); }));
    measured.encode_work = WorkOf(Opcode::kEncode, level, parameters);
    if (processors > 1) {
      ThreadPool workers(processors);
      const lattice::Evaluator parallel(context, pool, &workers);
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
  ~RemoveAtEnd() { ::unlink(path.c_str()); }
};

// Reads as a run does: pieces of a chunk's size, several at a time, past the page cache.
Result<planner::Channel> MeasureStore(const std::string& directory) {
  constexpr size_t kPiece = size_t{512} << 10, kBytes = size_t{256} << 20;
  constexpr size_t kPieces = kBytes / kPiece;
  const std::string path = fmt::format("{}/calibration-{}.tmp", directory, ::getpid());
  std::vector<uint64_t> contents(kPiece / sizeof(uint64_t));
  for (size_t i = 0; i < contents.size(); ++i) contents[i] = (i + 1) * 0x9e3779b97f4a7c15;
  {
    KMRT_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
    for (size_t written = 0; written < kBytes; written += kPiece) {
      ++contents[0];  // no two pieces equal, for stores that know how to save the second
      KMRT_RETURN_IF_ERROR(file.Append(std::as_bytes(std::span(contents))));
    }
    KMRT_RETURN_IF_ERROR(file.Commit());
  }
  const RemoveAtEnd remove{path};
  const std::shared_ptr<ReadQueue> reads = ReadQueue::OfSystem();
  KMRT_ASSIGN_OR_RETURN(const BlockFile file, reads->Open(path));
  SlotPool pool(kPiece / sizeof(uint64_t));
  std::vector<Slot> slots;
  for (int i = 0; i < ReadQueue::kDepth; ++i) slots.push_back(pool.Take(MemoryClass::kKeys));
  const auto memory = [&](size_t i) { return std::as_writable_bytes(slots[i % slots.size()].words()); };

  planner::Channel channel;
  KMRT_ASSIGN_OR_RETURN(channel.latency_seconds, Time(0.05, [&, at = size_t{0}]() mutable {
                          at = (at + 37 * kPiece) % kBytes;
                          return reads->ReadNow(file, at, memory(0).first(kBlockAlignment));
                        }));
  std::vector<double> rates;
  for (int pass = 0; pass < 3; ++pass) {
    std::vector<ReadBatch> lanes(slots.size());
    const Clock::time_point start = Clock::now();
    for (size_t i = 0; i < kPieces; ++i) {
      ReadBatch& lane = lanes[i % lanes.size()];
      KMRT_RETURN_IF_ERROR(lane.Wait());  // its memory is free then
      reads->Read(file, i * kPiece, memory(i), 0, lane.Add());
    }
    for (ReadBatch& lane : lanes) KMRT_RETURN_IF_ERROR(lane.Wait());
    rates.push_back(static_cast<double>(kBytes) / SecondsSince(start));
  }
  channel.bytes_per_second = Median(std::move(rates));
  const std::span<const std::byte> piece = std::as_bytes(std::span(contents));
  volatile uint64_t sink = 0;
  KMRT_ASSIGN_OR_RETURN(const double check, Time(0.02, [&] {
                          sink = sink + Xxh3(piece);
                          return Status();
                        }));
  channel.processor_seconds_per_byte = check / static_cast<double>(kPiece);
  return channel;
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
