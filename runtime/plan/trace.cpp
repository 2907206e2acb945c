// SPDX-License-Identifier: Apache-2.0
#include "runtime/plan/trace.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "lattice/evaluator/key_switch.h"
#include "lattice/linear/linear_transform.h"
#include "runtime/plan/liveness.h"
#include "runtime/plan/rows.h"
#include "runtime/plan/shapes.h"

namespace keymemrt::runtime {

namespace {

using program::Op;
using program::Opcode;
using program::Value;
using program::ValueKind;
using scheme::Parameters;

// Of all values but transforms under way, whose memory changes from step to step.
uint64_t SlotsOf(const Value& value, const ShapedParameters& shapes) {
  const uint64_t limbs = static_cast<uint64_t>(value.level) + 1;
  switch (value.kind) {
    case ValueKind::kPlaintext:
      return limbs;
    case ValueKind::kDigits: {
      const Parameters& shaped = shapes.At(value.shape);
      return static_cast<uint64_t>(shaped.DigitCount(value.level)) * (limbs + static_cast<uint64_t>(shaped.p_count()));
    }
    case ValueKind::kTransform:
      return 0;
    case ValueKind::kCiphertext:
      break;
  }
  return static_cast<uint64_t>(value.parts) * limbs;
}

// The memory of the steps of transforms, one plan, level and shape at a time.
class StepSlots {
 public:
  StepSlots(const program::Program& program, const Parameters& parameters, const ShapedParameters& shapes, int threads)
      : program_(program), plans_(TransformPlans(program, parameters)), shapes_(shapes), threads_(threads) {}

  const lattice::LinearTransformSlots& Of(const Op& op) {
    const int level = LevelOf(program_, op);
    const scheme::KeyShape& shape = ShapeOf(program_, op);
    const auto [entry, added] = memory_.try_emplace({op.index, level, shape});
    if (added) entry->second = lattice::LinearTransformMemory(shapes_.At(shape), plans_[op.index], level, threads_);
    return entry->second[op.row];
  }

 private:
  const program::Program& program_;
  const std::vector<circuit::LinearTransformPlan> plans_;
  const ShapedParameters& shapes_;
  const int threads_;
  std::map<std::tuple<uint32_t, int, scheme::KeyShape>, std::vector<lattice::LinearTransformSlots>> memory_;
};

planner::UseKind KindOf(const Op& op, const program::Program& program) {
  switch (op.opcode) {
    case Opcode::kRelinearize:
      return planner::UseKind::kRelinearize;
    case Opcode::kRotateHoisted:
      return planner::UseKind::kHoisted;
    case Opcode::kBabyStep:
      switch (program.transforms[op.index].form) {
        case circuit::LinearTransformForm::kBabyStepGiantStep:
          return planner::UseKind::kHoisted;
        case circuit::LinearTransformForm::kDoubleHoisted:
        case circuit::LinearTransformForm::kHorner:
          return planner::UseKind::kDoubleHoisted;
        case circuit::LinearTransformForm::kMinimumKey:
          break;
      }
      return planner::UseKind::kFull;
    default:
      return planner::UseKind::kFull;
  }
}

// Of the encoder: the transform and the coefficients, with one more slot when these take several.
uint64_t EncodeScratch(uint64_t coefficients) {
  return 1 + coefficients + (coefficients > 1 ? 1 : 0);
}

// What is encoded ahead takes at any time, a row among it that was not waited for.
SlotsByClass AheadSlots(const program::Program& program, const std::vector<circuit::LinearTransformPlan>& plans) {
  uint64_t all = 0, most = 0;
  for (const PlaintextRow& row : RowsOf(program, plans)) {
    const uint64_t slots = CoefficientSlots(program, program.ops[row.op]);
    all += slots;
    most = std::max(most, slots);
  }
  if (all == 0) return {};
  return {.plaintexts = std::min(std::max(kRowsAheadSlots, most), all), .scratch = kRowAtWorkSlots};
}

constexpr uint64_t kThread = uint64_t{256} << 10;  // what a thread touches of its stack and heap

}  // namespace

std::vector<SlotsByClass> OperationSlots(const program::Program& program, const Parameters& parameters, int threads) {
  const Liveness liveness(program);
  const ShapedParameters shapes(program, parameters);
  StepSlots steps(program, parameters, shapes, threads);
  std::vector<uint64_t> held(program.values.size(), 0);  // by transforms under way
  const auto slots = [&](uint32_t value) { return held[value] + SlotsOf(program.values[value], shapes); };
  std::vector<bool> alive(program.values.size(), false);
  SlotsByClass now = AheadSlots(program, TransformPlans(program, parameters));
  now.ciphertexts = InputSlots(program);
  const auto account = [&](uint32_t value) -> uint64_t& {
    return program.values[value].kind == ValueKind::kPlaintext ? now.plaintexts : now.ciphertexts;
  };
  for (const program::Input& input : program.inputs) alive[input.value] = true;

  std::vector<SlotsByClass> peaks;
  peaks.reserve(program.ops.size());
  for (size_t i = 0; i < program.ops.size(); ++i) {
    const Op& op = program.ops[i];
    if (op.opcode == Opcode::kClear) {
      if (alive[op.operands[0]]) account(op.operands[0]) -= slots(op.operands[0]);
      alive[op.operands[0]] = false;
      peaks.push_back(now);
      continue;
    }
    if (op.result == program::kNone) {  // key lifetimes
      peaks.push_back(now);
      continue;
    }
    const int level = LevelOf(program, op);
    const Parameters& shaped = shapes.At(ShapeOf(program, op));
    const auto mod_up = [&] { return static_cast<uint64_t>(lattice::ModUpDigits::Slots(shaped, level)); };
    const auto key_switch = [&] { return static_cast<uint64_t>(lattice::SwitchKeySlots(shaped, level, threads)); };
    if (program.values[op.result].kind == ValueKind::kTransform) {
      held[op.result] = static_cast<uint64_t>(steps.Of(op).held);
    }
    const uint64_t result = slots(op.result);
    // `taken`: of the result, while the operation runs; operands that it overwrites are not taken again.
    uint64_t taken = result, scratch = 0;
    bool overwrites = false;
    switch (op.opcode) {
      case Opcode::kEncode:
        scratch = EncodeScratch(CoefficientSlots(program, op));
        break;
      case Opcode::kAdd:
      case Opcode::kSub:
      case Opcode::kNegate:
      case Opcode::kAddPlain:
      case Opcode::kSubPlain:
      case Opcode::kMulScalar:
      case Opcode::kMulScalarAdd:
      case Opcode::kAddScalar:
        overwrites = true;
        break;
      case Opcode::kRescale: {
        overwrites = true;
        taken = slots(op.operands[0]);
        const int limbs = program.values[op.operands[0]].parts * level;
        scratch = static_cast<uint64_t>(std::min(threads, limbs));
        break;
      }
      case Opcode::kLevelReduce:  // what is needed later is copied at the lower level only
        overwrites = true;
        if (liveness.Consumes(i)) taken = slots(op.operands[0]);
        break;
      case Opcode::kRelinearize:
        overwrites = true;
        taken = slots(op.operands[0]);
        scratch = mod_up() + key_switch();
        break;
      case Opcode::kRotate:
      case Opcode::kConjugate:  // one slot for the permutation
        scratch = 1 + mod_up() + key_switch();
        break;
      case Opcode::kRotateHoisted:
        scratch = 1 + key_switch();
        break;
      case Opcode::kSwitchSecret:
        scratch = mod_up() + key_switch();
        break;
      case Opcode::kDecompose:
        scratch = mod_up();
        break;
      case Opcode::kModRaise:
        scratch = static_cast<uint64_t>(program.values[op.operands[0]].parts);
        break;
      case Opcode::kBeginTransform:
      case Opcode::kBabyStep:
      case Opcode::kGiantStep:
      case Opcode::kFinishTransform: {
        // What a step takes on top is given in all, not by class.
        overwrites = op.opcode != Opcode::kBeginTransform;
        if (overwrites) taken = std::max(taken, slots(op.operands[0]));
        scratch = static_cast<uint64_t>(steps.Of(op).most) - std::min(static_cast<uint64_t>(steps.Of(op).most), taken);
        break;
      }
      case Opcode::kMulPlain:
      case Opcode::kMul:
      case Opcode::kLoadKey:
      case Opcode::kClearKey:
      case Opcode::kClear:
        break;
    }
    if (overwrites && liveness.Consumes(i)) {
      account(op.operands[0]) -= slots(op.operands[0]);
      alive[op.operands[0]] = false;
    }
    account(op.result) += taken;
    peaks.push_back(now);
    peaks.back().scratch += scratch;
    account(op.result) -= taken - result;
    alive[op.result] = true;
  }
  // A value that is several outputs is copied at the end.
  std::set<uint32_t> outputs;
  for (const program::Output& output : program.outputs) {
    if (!outputs.insert(output.value).second) now.ciphertexts += slots(output.value);
  }
  if (!peaks.empty() && now.total() > peaks.back().total()) peaks.back() = now;
  return peaks;
}

SlotsByClass PeakSlots(const program::Program& program, const Parameters& parameters, int threads) {
  SlotsByClass most{.ciphertexts = InputSlots(program)};
  for (const SlotsByClass& slots : OperationSlots(program, parameters, threads)) {
    most.ciphertexts = std::max(most.ciphertexts, slots.ciphertexts);
    most.plaintexts = std::max(most.plaintexts, slots.plaintexts);
    most.scratch = std::max(most.scratch, slots.scratch);
  }
  return most;
}

uint64_t InputSlots(const program::Program& program) {
  uint64_t slots = 0;
  for (const program::Input& input : program.inputs) {
    const Value& value = program.values[input.value];
    slots += static_cast<uint64_t>(value.parts) * (static_cast<uint64_t>(value.level) + 1);
  }
  return slots;
}

uint64_t SharedBytes(const program::Program& program, const Parameters& parameters, int threads) {
  // Code, data and heap of the program and its libraries once a run is under way. Measured with `keymemrt run` as VmHWM
  // minus the pool's slabs and what is counted below: 14.2 MiB at N=2^13 with a layer of 0.8 MiB of weights, release
  // build, g++ 12, Debian 12; rounded up.
  constexpr uint64_t kProcess = uint64_t{15} << 20;
  const uint64_t n = parameters.n();

  // NTT tables: four arrays of N words a limb, six when its modulus suits the 52-bit multiplier.
  uint64_t tables = 0;
  for (int limb = 0; limb < parameters.limb_count(); ++limb) {
    tables += (parameters.modulus(limb) < uint64_t{1} << 50 ? 6 : 4) * n * sizeof(uint64_t);
  }
  // The order of evaluations: N/8 32-bit numbers.
  tables += n / 8 * sizeof(uint32_t);
  // The encoder's roots: N doubles.
  tables += n * sizeof(double);
  // Base conversions, each (digit_size + 1) x limbs words, of every digit at every level, and the P to Q ones.
  const uint64_t limbs = static_cast<uint64_t>(parameters.limb_count());
  for (int level = 0; level <= parameters.max_level(); ++level) {
    const uint64_t conversions = static_cast<uint64_t>(parameters.DigitCount(level));
    tables += (conversions * static_cast<uint64_t>(parameters.digit_size() + 3) +
               static_cast<uint64_t>(parameters.p_count() + 3)) *
              limbs * sizeof(uint64_t);
  }
  // And of key shapes, at the levels at which their keys are used.
  const ShapedParameters shapes(program, parameters);
  std::set<std::pair<scheme::KeyShape, int>> used;
  for (const Op& op : program.ops) {
    const scheme::KeyShape& shape = ShapeOf(program, op);
    if (!shape.plain()) used.emplace(shape, LevelOf(program, op));
  }
  for (const auto& [shape, level] : used) {
    const Parameters& shaped = shapes.At(shape);
    tables += (static_cast<uint64_t>(shaped.DigitCount(level) * (shaped.digit_size() + 3)) +
               static_cast<uint64_t>(shaped.p_count() + 3)) *
              static_cast<uint64_t>(shaped.limb_count()) * sizeof(uint64_t);
  }
  // The program.
  uint64_t code = program.ops.size() * sizeof(Op) + program.values.size() * sizeof(Value);
  for (const std::string& location : program.locations) code += sizeof(std::string) + location.size();
  for (const std::vector<double>& constant : program.constants) code += constant.size() * sizeof(double);
  const std::vector<circuit::LinearTransformPlan> plans = TransformPlans(program, parameters);
  code += RowsOf(program, plans).size() * sizeof(PlaintextRow);
  for (const circuit::LinearTransformPlan& plan : plans) {
    code += plan.terms.size() * (sizeof(plan.terms[0]) + sizeof(int64_t) + sizeof(uint32_t)) +
            plan.steps.size() * sizeof(plan.steps[0]);
  }
  // Of the read queue: its own thread, and those that read where there is no io_uring.
  constexpr uint64_t kReaders = 5;
  return kProcess + (static_cast<uint64_t>(threads - 1) + kReaders) * kThread + tables + code;
}

uint64_t ExecutorBytes(const program::Program& program, const Parameters& parameters) {
  constexpr uint64_t kSlab = uint64_t{2} << 20;  // the slot pool's last slab may be nearly empty
  // For each operation, value and chunk what planner and executor note about it.
  uint64_t notes = program.ops.size() * 64 + program.values.size() * 128;
  const ShapedParameters shapes(program, parameters);
  for (const program::Key& key : program.keys) {
    notes += static_cast<uint64_t>(shapes.At(key.id.shape).ChunkCount(key.level)) * 64;
  }
  // A diagonal of a DFT, for the evaluator and for who encodes ahead: N/2 complex numbers and half as many powers.
  for (const program::Transform& transform : program.transforms) {
    if (transform.source != program::DiagonalSource::kDft) continue;
    notes += 2 * parameters.n() * (sizeof(double) + sizeof(uint32_t) / 2);
    break;
  }
  // Three threads: its caller, the one that reads ahead and the one that encodes ahead. A row of weights for the first
  // and the last: N/2 doubles each.
  return 3 * kThread + kSlab + notes + parameters.n() * sizeof(double);
}

planner::Trace MakeTrace(const program::Program& program, const Parameters& parameters, int threads) {
  planner::Trace trace;
  trace.slot_bytes = parameters.chunk_bytes();
  trace.fixed_bytes = SharedBytes(program, parameters, threads) + ExecutorBytes(program, parameters);
  trace.ring_slots = static_cast<uint64_t>(threads) + ReadAheadSlots(trace.slot_bytes);
  trace.prologue_slots = InputSlots(program);
  const ShapedParameters shapes(program, parameters);
  for (const program::Key& key : program.keys) {
    trace.key_chunks.push_back(static_cast<uint32_t>(shapes.At(key.id.shape).ChunkCount(key.level)));
  }
  std::vector<bool> opened(program.keys.size(), true);
  uint32_t last_key = program::kNone;
  for (size_t i = 0; i < program.ops.size(); ++i) {
    const Op& op = program.ops[i];
    if (op.opcode == Opcode::kLoadKey) opened[op.key] = true;
    if (UsesKey(op)) {
      planner::KeyUse use;
      use.op = static_cast<uint32_t>(i);
      use.key = op.key;
      use.chunks = static_cast<uint32_t>(shapes.At(ShapeOf(program, op)).ChunkCount(LevelOf(program, op)));
      use.kind = KindOf(op, program);
      use.opens_lifetime = opened[op.key] || last_key != op.key;
      opened[op.key] = false;
      last_key = op.key;
      trace.uses.push_back(use);
    }
  }
  std::vector<uint64_t> slots_by_op;
  for (const SlotsByClass& slots : OperationSlots(program, parameters, threads)) slots_by_op.push_back(slots.total());
  planner::SetOtherSlots(slots_by_op, trace);
  return trace;
}

}  // namespace keymemrt::runtime
