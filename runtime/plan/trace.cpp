// SPDX-License-Identifier: Apache-2.0
#include "runtime/plan/trace.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "lattice/evaluator/key_switch.h"
#include "runtime/plan/liveness.h"

namespace keymemrt::runtime {

namespace {

using program::Op;
using program::Opcode;
using program::Value;
using program::ValueKind;
using scheme::Parameters;

bool UsesKey(const Op& op) {
  return op.opcode == Opcode::kRelinearize || op.opcode == Opcode::kRotate || op.opcode == Opcode::kRotateHoisted;
}

uint64_t SlotsOf(const Value& value, const Parameters& parameters) {
  const uint64_t limbs = static_cast<uint64_t>(value.level) + 1;
  switch (value.kind) {
    case ValueKind::kPlaintext:
      return limbs;
    case ValueKind::kDigits:
      return static_cast<uint64_t>(parameters.DigitCount(value.level)) *
             (limbs + static_cast<uint64_t>(parameters.p_count()));
    case ValueKind::kCiphertext:
    case ValueKind::kTransform:
      break;
  }
  return static_cast<uint64_t>(value.parts) * limbs;
}

// Of the encoder: the transform and the coefficients in pieces of 48 bits, with one more slot when there are several.
uint64_t EncodeScratch(double scale) {
  constexpr int kValueBits = 16;
  const int pieces = std::max(1, 1 + (std::ilogb(scale) + kValueBits - 2) / 48);
  return 1 + static_cast<uint64_t>(pieces) + (pieces > 1 ? 1 : 0);
}

constexpr uint64_t kThread = uint64_t{256} << 10;  // what a thread touches of its stack and heap

}  // namespace

std::vector<SlotsByClass> OperationSlots(const program::Program& program, const Parameters& parameters, int threads) {
  const Liveness liveness(program);
  const auto slots = [&](uint32_t value) { return SlotsOf(program.values[value], parameters); };
  std::vector<bool> alive(program.values.size(), false);
  SlotsByClass now{.ciphertexts = InputSlots(program)};
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
    const int level = op.operands[0] == program::kNone ? 0 : program.values[op.operands[0]].level;
    const uint64_t result = slots(op.result);
    // `taken`: of the result, while the operation runs; operands that it overwrites are not taken again.
    uint64_t taken = result, scratch = 0;
    bool overwrites = false;
    switch (op.opcode) {
      case Opcode::kEncode:
        scratch = EncodeScratch(program.values[op.result].scale);
        break;
      case Opcode::kAdd:
      case Opcode::kSub:
      case Opcode::kNegate:
      case Opcode::kAddPlain:
      case Opcode::kSubPlain:
        overwrites = true;
        break;
      case Opcode::kRescale: {
        overwrites = true;
        taken = slots(op.operands[0]);
        const int limbs = program.values[op.operands[0]].parts * level;
        scratch = static_cast<uint64_t>(std::min(threads, limbs));
        break;
      }
      case Opcode::kLevelReduce:
        overwrites = true;
        taken = slots(op.operands[0]);
        break;
      case Opcode::kRelinearize:
        overwrites = true;
        taken = slots(op.operands[0]);
        scratch = static_cast<uint64_t>(lattice::ModUpDigits::Slots(parameters, level) +
                                        lattice::SwitchKeySlots(parameters, level, threads));
        break;
      case Opcode::kRotate:  // one slot for the permutation
        scratch = static_cast<uint64_t>(1 + lattice::ModUpDigits::Slots(parameters, level) +
                                        lattice::SwitchKeySlots(parameters, level, threads));
        break;
      case Opcode::kRotateHoisted:
        scratch = static_cast<uint64_t>(1 + lattice::SwitchKeySlots(parameters, level, threads));
        break;
      case Opcode::kDecompose:
        scratch = static_cast<uint64_t>(lattice::ModUpDigits::Slots(parameters, level));
        break;
      case Opcode::kMulPlain:
      case Opcode::kMul:
      case Opcode::kLoadKey:
      case Opcode::kClearKey:
      case Opcode::kClear:
      case Opcode::kMulScalar:
      case Opcode::kMulScalarAdd:
      case Opcode::kAddScalar:
      case Opcode::kConjugate:
      case Opcode::kSwitchSecret:
      case Opcode::kModRaise:
      case Opcode::kBeginTransform:
      case Opcode::kBabyStep:
      case Opcode::kGiantStep:
      case Opcode::kFinishTransform:
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
  // minus the pool's slabs and the tables below: 11.2 MiB at N=2^13 and at N=2^16, release build, g++ 12, Debian 12;
  // rounded up.
  constexpr uint64_t kProcess = uint64_t{14} << 20;
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
  // The program.
  uint64_t code = program.ops.size() * sizeof(Op) + program.values.size() * sizeof(Value);
  for (const std::string& location : program.locations) code += sizeof(std::string) + location.size();
  for (const std::vector<double>& constant : program.constants) code += constant.size() * sizeof(double);
  // Of the read queue: its own thread, and those that read where there is no io_uring.
  constexpr uint64_t kReaders = 5;
  return kProcess + (static_cast<uint64_t>(threads - 1) + kReaders) * kThread + tables + code;
}

uint64_t ExecutorBytes(const program::Program& program, const Parameters& parameters) {
  constexpr uint64_t kSlab = uint64_t{2} << 20;  // the slot pool's last slab may be nearly empty
  // For each operation, value and chunk what planner and executor note about it.
  uint64_t notes = program.ops.size() * 64 + program.values.size() * 128;
  for (const program::Key& key : program.keys) notes += static_cast<uint64_t>(parameters.ChunkCount(key.level)) * 64;
  // Two threads: its caller and the one that reads ahead.
  // A row of weights and its rotation: N/2 doubles each.
  return 2 * kThread + kSlab + notes + parameters.n() * sizeof(double);
}

planner::Trace MakeTrace(const program::Program& program, const Parameters& parameters, int threads) {
  planner::Trace trace;
  trace.slot_bytes = parameters.chunk_bytes();
  trace.fixed_bytes = SharedBytes(program, parameters, threads) + ExecutorBytes(program, parameters);
  trace.ring_slots = static_cast<uint64_t>(threads) + kReadAheadSlots;
  trace.prologue_slots = InputSlots(program);
  for (const program::Key& key : program.keys) {
    trace.key_chunks.push_back(static_cast<uint32_t>(parameters.ChunkCount(key.level)));
  }
  const std::vector<SlotsByClass> slots = OperationSlots(program, parameters, threads);
  std::vector<bool> opened(program.keys.size(), true);
  uint32_t last_key = program::kNone;
  for (size_t i = 0; i < program.ops.size(); ++i) {
    const Op& op = program.ops[i];
    if (op.opcode == Opcode::kLoadKey) opened[op.key] = true;
    if (UsesKey(op)) {
      planner::KeyUse use;
      use.op = static_cast<uint32_t>(i);
      use.key = op.key;
      use.chunks = static_cast<uint32_t>(parameters.ChunkCount(program.values[op.operands[0]].level));
      use.kind = op.opcode == Opcode::kRotate          ? planner::UseKind::kFull
                 : op.opcode == Opcode::kRotateHoisted ? planner::UseKind::kHoisted
                                                       : planner::UseKind::kRelinearize;
      use.opens_lifetime = opened[op.key] || last_key != op.key;
      opened[op.key] = false;
      last_key = op.key;
      trace.uses.push_back(use);
    }
    uint64_t& most = trace.uses.empty() ? trace.prologue_slots : trace.uses.back().other_slots;
    most = std::max(most, slots[i].total());
  }
  return trace;
}

}  // namespace keymemrt::runtime
