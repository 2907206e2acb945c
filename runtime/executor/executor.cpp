// SPDX-License-Identifier: Apache-2.0
#include "runtime/executor/executor.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <complex>
#include <span>
#include <variant>

#include "lattice/evaluator/evaluator.h"
#include "lattice/keys/uniform.h"
#include "lattice/linear/linear_transform.h"
#include "runtime/executor/cached_keys.h"
#include "runtime/executor/encode_ahead.h"
#include "runtime/executor/kept_plaintexts.h"
#include "runtime/executor/rows.h"
#include "runtime/plan/plaintexts.h"
#include "runtime/plan/shapes.h"
#include "runtime/plan/work.h"

namespace keymemrt::runtime {

namespace {

using lattice::Ciphertext;
using lattice::Digits;
using lattice::LinearTransform;
using lattice::Plaintext;
using program::Op;
using program::Opcode;
using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Relative difference of scales that is rounding: the compiler multiplies and divides in doubles, as the engine does.
constexpr double kScaleTolerance = 0x1p-30;

using Value = std::variant<std::monostate, Ciphertext, Plaintext, Digits, LinearTransform>;

// Begins a recording, if there is a recorder, and lets it follow the pool's memory until the object dies.
class MemoryRecording {
 public:
  MemoryRecording(SlotPool& pool, Recorder* recorder) : pool_(pool) {
    if (recorder == nullptr) return;
    recorder->Begin();
    pool.SetObserver([recorder](const std::array<uint64_t, kMemoryClasses>& bytes) { recorder->Memory(bytes); });
  }
  ~MemoryRecording() { pool_.SetObserver({}); }
  MemoryRecording(const MemoryRecording&) = delete;
  MemoryRecording& operator=(const MemoryRecording&) = delete;

 private:
  SlotPool& pool_;
};

}  // namespace

struct Executor::Impl {
  Impl(const Engine& the_engine, const KeyStore& the_store, Policy the_policy, const RunOptions& the_options)
      : engine(the_engine),
        program(engine.program),
        liveness(engine.liveness),
        plans(engine.plans),
        context(engine.context),
        encoder(engine.encoder),
        store(the_store),
        options(the_options),
        policy(std::move(the_policy)),
        pool(context.n()),
        workers(&engine.workers),
        evaluator(context, pool, workers) {
    pool.SetSlabListener([&reads = store.reads()](std::span<std::byte> slab, bool added) {
      added ? reads.Register(slab) : reads.Unregister(slab);
    });
  }

  // What one run needs beside what all share.
  struct Run {
    RowReader rows;
    EncodeAhead ahead;
    KeptPlaintexts kept;
    CachedKeys& keys;
    std::vector<Value> values;
    size_t next_use = 0;
  };

  Status CheckInputs(const std::vector<Ciphertext>& inputs) const;
  Status Execute(Run& run, size_t op_index);
  Result<Value> Evaluate(Run& run, size_t op_index);
  // The number of an operation's first row.
  size_t FirstRow(size_t op_index) const;
  Result<Plaintext> Encode(Run& run, size_t op_index);
  Result<Value> TakeStep(Run& run, size_t op_index);
  Status TakeBabyStep(Run& run, size_t op_index, const lattice::Workspace& work, LinearTransform& transform);

  const Engine& engine;
  const program::Program& program;
  const Liveness& liveness;
  const std::vector<circuit::LinearTransformPlan>& plans;
  const lattice::Context& context;
  const lattice::Encoder& encoder;
  const KeyStore& store;
  const RunOptions options;
  const Policy policy;
  SlotPool pool;
  ThreadPool* const workers;
  const lattice::Evaluator evaluator;
  Stats stats;
};

Executor::Executor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Executor::~Executor() = default;
SlotPool& Executor::pool() {
  return impl_->pool;
}
const scheme::Parameters& Executor::parameters() const {
  return impl_->context.parameters();
}
const Stats& Executor::stats() const {
  return impl_->stats;
}

Result<Policy> Executor::Plan(const Engine& engine, const RunOptions& options) {
  planner::Trace trace = engine.trace;
  if (options.recorder != nullptr) trace.fixed_bytes += options.recorder->bytes();
  return PlanRun({engine.program, engine.parameters(), trace, engine.rows, options.machine, engine.threads()},
                 options.mode, options.budget_bytes);
}

Result<std::unique_ptr<Executor>> Executor::Create(const Engine& engine, const KeyStore& store,
                                                   const RunOptions& options) {
  KMRT_ASSIGN_OR_RETURN(Policy policy, Plan(engine, options));
  const program::Program& program = engine.program;
  const planner::Trace& trace = engine.trace;
  Stats stats;
  stats.mode = options.mode;
  stats.threads = engine.threads();
  stats.budget_bytes = options.budget_bytes;
  stats.fixed_bytes = trace.fixed_bytes + (options.recorder == nullptr ? 0 : options.recorder->bytes());
  stats.predicted = policy.predicted;
  stats.key_bytes_read_lower_bound = policy.key_bytes_read_lower_bound;
  stats.key_bytes_read_lru = policy.key_bytes_read_lru;
  stats.key_store_bytes = StoredKeyBytes(program, engine.parameters(), trace);
  stats.plaintexts_encoded = engine.rows.size();
  for (const program::Key& key : program.keys) {
    stats.galois_keys += key.id.kind == scheme::KeyKind::kRotation || key.id.kind == scheme::KeyKind::kConjugation;
  }
  for (const Op& op : program.ops) {
    if (op.opcode == Opcode::kModRaise) ++stats.bootstraps;
    if (!UsesKey(op)) continue;
    ++stats.key_switches;
    stats.rotations += program.keys[op.key].id.kind == scheme::KeyKind::kRotation;
  }

  auto impl = std::make_unique<Impl>(engine, store, std::move(policy), options);
  impl->stats = stats;
  // The keys must be there before anything else is done; each run then has a cache of its own.
  KMRT_RETURN_IF_ERROR(CachedKeys::Create(program, store, impl->policy, impl->pool, stats.threads, nullptr).status());
  // What it hashes with takes milliseconds when a process needs it first, which is not to be in a run.
  lattice::UniformExpander(store.manifest().a_seed, engine.parameters().RelinearizationKey());
  impl->pool.Reserve((stats.predicted.peak_bytes - stats.fixed_bytes) / trace.slot_bytes);
  return std::unique_ptr<Executor>(new Executor(std::move(impl)));
}

Status Executor::Impl::CheckInputs(const std::vector<Ciphertext>& inputs) const {
  if (inputs.size() != program.inputs.size()) {
    return InvalidArgument("{} encrypted inputs, the program takes {}", inputs.size(), program.inputs.size());
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    const program::Value& expected = program.values[program.inputs[i].value];
    const Ciphertext& input = inputs[i];
    if (input.level != expected.level || static_cast<int>(input.parts.size()) != expected.parts ||
        std::abs(input.scale - expected.scale) > expected.scale * kScaleTolerance) {
      return Corrupt(
          "input '{}' has level {}, {} parts and scale {}, the program expects level {}, {} parts and scale {}: "
          "encrypt it "
          "for this program with `keymemrt encrypt`",
          program.inputs[i].name, input.level, input.parts.size(), input.scale, expected.level, expected.parts,
          expected.scale);
    }
  }
  return Status();
}

size_t Executor::Impl::FirstRow(size_t op_index) const {
  const auto first = std::partition_point(engine.rows.begin(), engine.rows.end(),
                                          [op_index](const PlaintextRow& row) { return row.op < op_index; });
  return static_cast<size_t>(first - engine.rows.begin());
}

Result<Plaintext> Executor::Impl::Encode(Run& run, size_t op_index) {
  const program::Value& result = program.values[program.ops[op_index].result];
  const size_t row = FirstRow(op_index);
  lattice::RoundedCoefficients coefficients;
  if (!run.kept.Take(row, coefficients)) {
    const auto answer = run.ahead.Take(row, coefficients);
    if (answer == lattice::TermsAhead::Answer::kBusy) run.ahead.Insist(row);
    if (answer != lattice::TermsAhead::Answer::kReady) {
      KMRT_ASSIGN_OR_RETURN(coefficients, run.rows.Encode(engine.rows[row], pool));
    }
  }
  Plaintext plaintext = encoder.Finish(coefficients, result.scale, result.level, pool);
  run.kept.Done(row, std::move(coefficients));
  return plaintext;
}

// The rows of one baby step.
class BabyAhead : public lattice::TermsAhead {
 public:
  // `first`: the number of the step's first row, `term` its term.
  BabyAhead(EncodeAhead& ahead, KeptPlaintexts& kept, size_t first, size_t term)
      : ahead_(ahead), kept_(kept), first_(first), term_(term) {}
  Answer Take(size_t term, lattice::RoundedCoefficients& coefficients) override {
    const size_t row = first_ + term - term_;
    return kept_.Take(row, coefficients) ? Answer::kReady : ahead_.Take(row, coefficients);
  }
  void Insist(size_t term) override { ahead_.Insist(first_ + term - term_); }
  void Done(size_t term, lattice::RoundedCoefficients coefficients) override {
    kept_.Done(first_ + term - term_, std::move(coefficients));
  }

 private:
  EncodeAhead& ahead_;
  KeptPlaintexts& kept_;
  const size_t first_, term_;
};

Status Executor::Impl::TakeBabyStep(Run& run, size_t op_index, const lattice::Workspace& work,
                                    LinearTransform& transform) {
  const Op& op = program.ops[op_index];
  const program::Transform& what = program.transforms[op.index];
  const Ciphertext& x = std::get<Ciphertext>(run.values[op.operands[1]]);
  const size_t row = FirstRow(op_index);
  BabyAhead ahead(run.ahead, run.kept, row, row < engine.rows.size() ? engine.rows[row].term : 0);
  if (what.source == program::DiagonalSource::kDft) {
    const lattice::ComplexDiagonals diagonals = [&](size_t i) -> Result<std::span<const std::complex<double>>> {
      return run.rows.DftDiagonal(what, i);
    };
    return transform.Baby(work, encoder, x, diagonals, run.keys, &ahead);
  }
  const lattice::Diagonals diagonals = [&](size_t i) { return run.rows.Diagonal(what, i); };
  return transform.Baby(work, encoder, x, diagonals, run.keys, &ahead);
}

Result<Value> Executor::Impl::TakeStep(Run& run, size_t op_index) {
  const Op& op = program.ops[op_index];
  KMRT_ASSIGN_OR_RETURN(const lattice::Context* const shaped, context.At(ShapeOf(program, op)));
  const lattice::Workspace work{*shaped, pool, workers};
  if (op.opcode == Opcode::kBeginTransform) {
    KMRT_ASSIGN_OR_RETURN(
        LinearTransform transform,
        LinearTransform::Begin(work, plans[op.index], std::get<Ciphertext>(run.values[op.operands[0]]),
                               program.transforms[op.index].scale));
    return Value(std::move(transform));
  }
  LinearTransform transform = std::move(std::get<LinearTransform>(run.values[op.operands[0]]));
  run.values[op.operands[0]] = std::monostate();
  if (op.opcode == Opcode::kFinishTransform) return Value(std::move(transform).Finish(work));
  KMRT_RETURN_IF_ERROR(op.opcode == Opcode::kBabyStep ? TakeBabyStep(run, op_index, work, transform)
                                                      : transform.Giant(work, run.keys));
  return Value(std::move(transform));
}

Result<Value> Executor::Impl::Evaluate(Run& run, size_t op_index) {
  const Op& op = program.ops[op_index];
  const auto ciphertext = [&](int i) -> const Ciphertext& { return std::get<Ciphertext>(run.values[op.operands[i]]); };
  const auto plaintext = [&](int i) -> const Plaintext& { return std::get<Plaintext>(run.values[op.operands[i]]); };
  // The first operand, to be overwritten: itself when nobody needs it any more, else a copy.
  const auto consumed = [&]() -> Ciphertext {
    if (liveness.Consumes(op_index)) return std::move(std::get<Ciphertext>(run.values[op.operands[0]]));
    return evaluator.Copy(ciphertext(0));
  };
  const auto wrap = [](auto result) -> Result<Value> {
    if (!result.ok()) return result.status();
    return Value(std::move(result).value());
  };
  // With keys of the operation's shape.
  KMRT_ASSIGN_OR_RETURN(const lattice::Evaluator switching, evaluator.At(ShapeOf(program, op)));
  switch (op.opcode) {
    case Opcode::kEncode:
      return wrap(Encode(run, op_index));
    case Opcode::kAdd:
      return wrap(evaluator.Add(consumed(), ciphertext(1)));
    case Opcode::kSub:
      return wrap(evaluator.Sub(consumed(), ciphertext(1)));
    case Opcode::kNegate:
      return wrap(evaluator.Negate(consumed()));
    case Opcode::kAddPlain:
      return wrap(evaluator.AddPlain(consumed(), plaintext(1)));
    case Opcode::kSubPlain:
      return wrap(evaluator.SubPlain(consumed(), plaintext(1)));
    case Opcode::kMulPlain:
      return wrap(evaluator.MulPlain(ciphertext(0), plaintext(1)));
    case Opcode::kMul:
      return wrap(evaluator.Mul(ciphertext(0), ciphertext(1)));
    case Opcode::kRelinearize:
      return wrap(switching.Relinearize(consumed(), run.keys));
    case Opcode::kRescale:
      return wrap(evaluator.Rescale(consumed()));
    case Opcode::kLevelReduce:
      if (!liveness.Consumes(op_index)) return Value(evaluator.Copy(ciphertext(0), program.values[op.result].level));
      return wrap(evaluator.LevelReduce(consumed(), program.values[op.result].level));
    case Opcode::kRotate:
      return wrap(switching.Rotate(ciphertext(0), program.keys[op.key].shift, run.keys));
    case Opcode::kDecompose:
      return wrap(switching.Decompose(ciphertext(0)));
    case Opcode::kRotateHoisted:
      return wrap(switching.RotateHoisted(ciphertext(0), std::get<Digits>(run.values[op.operands[1]]),
                                          program.keys[op.key].shift, run.keys));
    case Opcode::kLoadKey:
    case Opcode::kClearKey:
    case Opcode::kClear:
      break;
    case Opcode::kMulScalar:
      return wrap(evaluator.MulScalar(consumed(), program.scalars[op.index], program.values[op.result].scale));
    case Opcode::kMulScalarAdd: {
      Ciphertext sum = consumed();
      KMRT_RETURN_IF_ERROR(evaluator.MulScalarAdd(sum, ciphertext(1), program.scalars[op.index]));
      return Value(std::move(sum));
    }
    case Opcode::kAddScalar:
      return wrap(evaluator.AddScalar(consumed(), program.scalars[op.index]));
    case Opcode::kConjugate:
      return wrap(switching.Conjugate(ciphertext(0), run.keys));
    case Opcode::kSwitchSecret:
      return wrap(switching.SwitchSecret(ciphertext(0), program.keys[op.key].id.galois_element, run.keys));
    case Opcode::kModRaise:
      return wrap(evaluator.ModRaise(ciphertext(0), program.values[op.result].level));
    case Opcode::kBeginTransform:
    case Opcode::kBabyStep:
    case Opcode::kGiantStep:
    case Opcode::kFinishTransform:
      return TakeStep(run, op_index);
  }
  return Failed("an operation without a result was asked for one");
}

Status Executor::Impl::Execute(Run& run, size_t op_index) {
  const Op& op = program.ops[op_index];
  run.keys.GiveUp(run.kept.Begin(op_index));
  switch (op.opcode) {
    case Opcode::kLoadKey:
    case Opcode::kClearKey:
      return Status();  // a key's lifetime is in the trace; the policy made of it decides
    case Opcode::kClear:
      run.values[op.operands[0]] = std::monostate();
      return Status();
    default:
      if (UsesKey(op)) run.keys.BeginUse(run.next_use++);
      break;
  }
  KMRT_ASSIGN_OR_RETURN(run.values[op.result], Evaluate(run, op_index));
  if (const auto* result = std::get_if<Ciphertext>(&run.values[op.result])) {
    const program::Value& expected = program.values[op.result];
    if (result->level != expected.level || static_cast<int>(result->parts.size()) != expected.parts ||
        std::abs(result->scale - expected.scale) > expected.scale * kScaleTolerance) {
      return Failed("the result has level {} and scale {}, the program says level {} and scale {}", result->level,
                    result->scale, expected.level, expected.scale);
    }
  }
  return Status();
}

Result<std::vector<Ciphertext>> Executor::Run(WeightSource* weights, std::vector<Ciphertext> inputs) {
  Impl& impl = *impl_;
  const program::Program& program = impl.program;
  if (weights == nullptr && !program.weights.empty()) {
    return InvalidArgument("the program needs weights ('{}' and others): name the file with --weights",
                           program.weights[0].name);
  }
  KMRT_RETURN_IF_ERROR(impl.CheckInputs(inputs));
  Stats& stats = impl.stats;
  Recorder* const recorder = impl.options.recorder;
  impl.pool.ResetPeaks();
  const MemoryRecording memory(impl.pool, recorder);
  const Clock::time_point start = Clock::now();
  KMRT_ASSIGN_OR_RETURN(std::unique_ptr<CachedKeys> keys,
                        CachedKeys::Create(program, impl.store, impl.policy, impl.pool, stats.threads, recorder));
  stats.load_seconds = 0;
  if (impl.policy.preload) {
    KMRT_RETURN_IF_ERROR(keys->Preload());
    stats.load_seconds = SecondsSince(start);
  }

  Impl::Run run{RowReader(impl.engine, weights),
                {impl.engine, weights, impl.pool, KeptPlaintexts::Found(impl.policy)},
                KeptPlaintexts(impl.policy),
                *keys,
                std::vector<Value>(program.values.size())};
  for (size_t i = 0; i < inputs.size(); ++i) run.values[program.inputs[i].value] = std::move(inputs[i]);
  for (size_t i = 0; i < program.ops.size(); ++i) {
    const Clock::time_point begin = recorder != nullptr ? Clock::now() : Clock::time_point();
    const Status status = impl.Execute(run, i);
    if (recorder != nullptr) recorder->Operation(i, begin, Clock::now());
    if (!status.ok()) return status.WithContext(program.Describe(program.ops[i]));
    if (impl.options.progress) impl.options.progress(i + 1, program.ops.size());
  }
  std::vector<Ciphertext> outputs;
  for (size_t i = 0; i < program.outputs.size(); ++i) {
    // A value may be several outputs, and an output may be an input: all but the last take a copy.
    const uint32_t value = program.outputs[i].value;
    const bool again = std::any_of(program.outputs.begin() + static_cast<std::ptrdiff_t>(i) + 1, program.outputs.end(),
                                   [&](const program::Output& other) { return other.value == value; });
    Ciphertext& result = std::get<Ciphertext>(run.values[value]);
    outputs.push_back(again ? impl.evaluator.Copy(result) : std::move(result));
  }

  run.ahead.Stop();  // it may be at a row that evaluation did not wait for, and what it does is recorded
  const KeyTraffic traffic = keys->traffic();
  stats.wall_seconds = SecondsSince(start);
  stats.stall_seconds = traffic.stall_seconds;
  stats.key_bytes_read = traffic.bytes_read;
  stats.stored_bytes_read = traffic.stored_bytes_read;
  stats.key_chunks_hit = traffic.chunks_hit;
  stats.key_chunks_missed = traffic.chunks_missed;
  stats.plaintexts_encoded_ahead = run.ahead.taken_ready();
  stats.plaintexts_kept = run.kept.taken();
  stats.peak_rss_bytes = PeakRssBytes();
  stats.peak_key_bytes = impl.pool.peak_bytes(MemoryClass::kKeys);
  stats.peak_ciphertext_bytes = impl.pool.peak_bytes(MemoryClass::kCiphertexts);
  stats.peak_plaintext_bytes = impl.pool.peak_bytes(MemoryClass::kPlaintexts);
  stats.peak_scratch_bytes = impl.pool.peak_bytes(MemoryClass::kScratch);
  stats.peak_slot_bytes = impl.pool.peak_total_bytes();
  stats.reserved_slot_bytes = impl.pool.reserved_bytes();
  if (recorder != nullptr) {
    keys.reset();  // its readers record too
    recorder->End();
  }
  return outputs;
}

}  // namespace keymemrt::runtime
