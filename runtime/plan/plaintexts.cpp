// SPDX-License-Identifier: Apache-2.0
#include "runtime/plan/plaintexts.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "planner/timing.h"
#include "planner/work.h"
#include "runtime/plan/shapes.h"
#include "runtime/plan/trace.h"
#include "runtime/plan/work.h"

namespace keymemrt::runtime {

namespace {

using program::DiagonalSource;
using program::Op;
using program::Opcode;
using program::Transform;

// Equal ones are encoded to the same coefficients: the numbers, rotated left by so many, at a scale; the level says
// which of them fit.
struct Identity {
  enum class Source : uint8_t { kWeight, kConstant, kDft } source;
  uint32_t index, row;  // of a weight; of a constant, 0; of the first transform with the same stage
  int64_t rotation;
  double scale;
  int32_t level;

  auto operator<=>(const Identity&) const = default;
};

class Identities {
 public:
  Identities(const program::Program& program, const scheme::Parameters& parameters)
      : program_(program), plans_(TransformPlans(program, parameters)) {
    for (uint32_t i = 0; i < program.transforms.size(); ++i) {
      const auto same = [&](uint32_t j) {
        return program.transforms[j].source == DiagonalSource::kDft &&
               program.transforms[j].stage == program.transforms[i].stage;
      };
      uint32_t first = 0;
      while (first < i && !(program.transforms[i].source == DiagonalSource::kDft && same(first))) ++first;
      first_.push_back(first);
    }
  }

  Identity Of(const PlaintextRow& row) const {
    using Source = Identity::Source;
    const Op& op = program_.ops[row.op];
    if (op.opcode == Opcode::kEncode) {
      const program::Value& result = program_.values[op.result];
      const bool weight = op.source == program::EncodeSource::kWeight;
      return {weight ? Source::kWeight : Source::kConstant, op.index,     weight ? op.row : 0,
              Modulo(op.rotation, PeriodOf(program_, op)),  result.scale, result.level};
    }
    const Transform& transform = program_.transforms[op.index];
    const circuit::LinearTransformPlan::Term& term = plans_[op.index].terms[row.term];
    const int64_t rotation =
        Modulo(-plans_[op.index].giants[static_cast<size_t>(term.giant)], PeriodOf(program_, transform, term.row));
    const int32_t level = LevelOf(program_, op);
    switch (transform.source) {
      case DiagonalSource::kWeight:
        return {Source::kWeight, transform.weight, transform.rows[term.row], rotation, transform.scale, level};
      case DiagonalSource::kConstant:
        return {Source::kConstant, transform.rows[term.row], 0, rotation, transform.scale, level};
      case DiagonalSource::kDft:
        break;
    }
    return {Source::kDft, first_[op.index], static_cast<uint32_t>(term.row), rotation, transform.scale, level};
  }

 private:
  static int64_t Modulo(int64_t rotation, int64_t period) { return (rotation % period + period) % period; }

  const program::Program& program_;
  const std::vector<circuit::LinearTransformPlan> plans_;
  std::vector<uint32_t> first_;  // by transform: the first one with the same stage
};

}  // namespace

int64_t PeriodOf(const program::Program& program, const Op& encode) {
  return encode.source == program::EncodeSource::kWeight ? program.weights[encode.index].columns
                                                         : static_cast<int64_t>(program.constants[encode.index].size());
}

int64_t PeriodOf(const program::Program& program, const Transform& transform, size_t row) {
  switch (transform.source) {
    case DiagonalSource::kWeight:
      return program.weights[transform.weight].columns;
    case DiagonalSource::kConstant:
      return static_cast<int64_t>(program.constants[transform.rows[row]].size());
    case DiagonalSource::kDft:
      break;
  }
  return transform.stage.Period();
}

RepeatedPlaintexts FindRepeatedPlaintexts(const program::Program& program, const scheme::Parameters& parameters,
                                          const std::vector<PlaintextRow>& rows) {
  const auto first_key = std::find_if(program.ops.begin(), program.ops.end(), UsesKey);
  const uint32_t first_op = static_cast<uint32_t>(first_key - program.ops.begin());
  const Identities identities(program, parameters);
  std::map<Identity, std::vector<RepeatedPlaintexts::Use>> found;
  for (uint32_t row = 0; row < rows.size(); ++row) {
    if (rows[row].op < first_op) continue;
    std::vector<RepeatedPlaintexts::Use>& uses = found[identities.Of(rows[row])];
    if (uses.empty() || uses.back().op != rows[row].op) uses.push_back({rows[row].op, row, 0});
  }
  RepeatedPlaintexts result;
  for (auto& [identity, uses] : found) {
    if (uses.size() < 2) continue;
    const Op& op = program.ops[uses[0].op];
    const uint32_t plaintext = static_cast<uint32_t>(result.slots.size());
    result.slots.push_back(static_cast<uint32_t>(CoefficientSlots(program, op)));
    result.periods.push_back(op.opcode == Opcode::kEncode
                                 ? PeriodOf(program, op)
                                 : PeriodOf(program, program.transforms[op.index], identity.row));
    for (RepeatedPlaintexts::Use& use : uses) {
      use.plaintext = plaintext;
      result.uses.push_back(use);
    }
  }
  std::sort(result.uses.begin(), result.uses.end(), [](const auto& a, const auto& b) { return a.row < b.row; });
  return result;
}

Result<Policy> ShareMemory(const planner::Trace& trace, const std::vector<uint64_t>& slots_by_op, size_t rows,
                           const RepeatedPlaintexts& plaintexts, const MissCosts& costs, uint64_t budget_bytes) {
  // Both in one trace, plaintexts numbered after the keys. An operation encodes before it uses its key.
  const uint32_t keys = static_cast<uint32_t>(trace.key_chunks.size());
  planner::Trace both = trace;
  both.key_chunks.insert(both.key_chunks.end(), plaintexts.slots.begin(), plaintexts.slots.end());
  both.key_costs.assign(keys, costs.chunk);
  both.key_costs.insert(both.key_costs.end(), costs.plaintexts.begin(), costs.plaintexts.end());
  both.uses.clear();
  size_t next = 0;
  const auto add_plaintexts = [&](uint32_t up_to) {
    for (; next < plaintexts.uses.size() && plaintexts.uses[next].op <= up_to; ++next) {
      const uint32_t plaintext = plaintexts.uses[next].plaintext;
      both.uses.push_back(
          {.op = plaintexts.uses[next].op, .key = keys + plaintext, .chunks = plaintexts.slots[plaintext]});
    }
  };
  for (const planner::KeyUse& use : trace.uses) {
    add_plaintexts(use.op);
    both.uses.push_back(use);
  }
  add_plaintexts(UINT32_MAX);
  planner::SetOtherSlots(slots_by_op, both);
  KMRT_ASSIGN_OR_RETURN(const planner::Plan plan, planner::SolveResidency(both, budget_bytes));

  // And apart again.
  Policy policy;
  policy.plaintext_slots = plaintexts.slots;
  policy.plaintexts.resize(rows);
  std::vector<uint32_t> held(both.key_chunks.size(), 0);
  uint64_t load = 0, kept = 0;  // chunks of keys, slots of plaintexts
  uint32_t row = 0;             // among the uses of plaintexts
  for (size_t begin = 0, end; begin < both.uses.size(); begin = end) {
    // The uses of one operation. What goes before one of them goes before the operation begins.
    Release release{.op = both.uses[begin].op};
    release.evictions_begin = static_cast<uint32_t>(policy.evictions.size());
    release.gone_begin = static_cast<uint32_t>(policy.plaintexts_gone.size());
    std::map<uint32_t, uint32_t> encoded;  // by plaintext: its row in this operation
    bool uses_key = false;
    for (end = begin; end < both.uses.size() && both.uses[end].op == both.uses[begin].op; ++end) {
      const planner::Step& step = plan.steps[end];
      for (uint32_t i = step.evictions_begin; i < step.evictions_end; ++i) {
        const planner::Eviction& eviction = plan.evictions[i];
        held[eviction.key] -= eviction.chunks;
        (eviction.key < keys ? load : kept) -= eviction.chunks;
        if (eviction.key < keys) {
          policy.evictions.push_back(eviction);
        } else if (const auto it = encoded.find(eviction.key - keys); it != encoded.end()) {
          policy.plaintexts[it->second].keep = false;
        } else {
          policy.plaintexts_gone.push_back(eviction.key - keys);
        }
      }
      const planner::KeyUse& use = both.uses[end];
      if (use.key < keys) {
        uses_key = true;
        policy.rules.push_back({.key = use.key, .chunks = use.chunks, .hit = step.hit, .keep = step.keep});
        policy.predicted.key_bytes_read += (use.chunks - step.hit) * trace.slot_bytes;
        load -= held[use.key];
        policy.predicted.peak_key_bytes =
            std::max(policy.predicted.peak_key_bytes, (load + std::max(held[use.key], step.keep)) * trace.slot_bytes);
        load += step.keep;
      } else {
        // Parts are of no use.
        const uint32_t plaintext = use.key - keys, at = plaintexts.uses[row++].row;
        policy.plaintexts[at] = {plaintext, step.hit == use.chunks, step.keep == use.chunks};
        policy.predicted.plaintexts_kept += step.hit == use.chunks;
        kept = kept + step.keep - held[use.key];
        policy.predicted.peak_kept_plaintexts =
            std::max(policy.predicted.peak_kept_plaintexts, kept * trace.slot_bytes);
        encoded.emplace(plaintext, at);
      }
      held[use.key] = step.keep;
    }
    release.evictions_end = static_cast<uint32_t>(policy.evictions.size());
    release.gone_end = static_cast<uint32_t>(policy.plaintexts_gone.size());
    if (uses_key) {
      policy.rules.back().evictions_begin = release.evictions_begin;
      policy.rules.back().evictions_end = release.evictions_end;
      release.evictions_begin = release.evictions_end;
    }
    if (release.evictions_begin != release.evictions_end || release.gone_begin != release.gone_end) {
      policy.releases.push_back(release);
    }
  }
  policy.predicted.peak_bytes = plan.peak_bytes;
  policy.predicted.peak_key_bytes += trace.ring_slots * trace.slot_bytes;
  return policy;
}

Result<Policy> PlanRun(const PlannedProgram& what, Mode mode, uint64_t budget_bytes) {
  KMRT_ASSIGN_OR_RETURN(Policy best, MakePolicy(what.trace, mode, budget_bytes));
  if (mode != Mode::kPlanned && mode != Mode::kColdStart) return best;
  const RepeatedPlaintexts plaintexts = FindRepeatedPlaintexts(what.program, what.parameters, what.rows);
  const planner::RingRates rates = planner::RatesOf(what.machine, what.parameters.log_n());
  if (plaintexts.uses.empty() || rates.embedding <= 0) return best;

  const planner::Channel& store = what.machine.store;
  const auto seconds = [&](const Policy& policy) {
    const planner::TimedRun run =
        TimeRun(what.program, what.parameters, what.trace, policy, what.machine, what.threads);
    return planner::PredictTime(run, store, what.machine.processors).wall_seconds;
  };
  const planner::TimedRun run = TimeRun(what.program, what.parameters, what.trace, best, what.machine, what.threads);
  const double read = planner::ReadSeconds(store, static_cast<double>(run.chunk_bytes));
  const double delay = std::max(planner::ChunkDelay(run, store, what.machine.processors), 1e-9);
  MissCosts costs;
  for (size_t i = 0; i < plaintexts.slots.size(); ++i) {
    planner::WorkCounter counter(what.parameters);
    counter.Embedding(plaintexts.periods[i]);
    costs.plaintexts.push_back(planner::Seconds(counter.work(), rates, what.threads) / plaintexts.slots[i]);
  }
  std::vector<uint64_t> slots_by_op;
  for (const SlotsByClass& slots : OperationSlots(what.program, what.parameters, what.threads)) {
    slots_by_op.push_back(slots.total());
  }
  double least = seconds(best);
  // A read costs nothing while the run computes, and its time where the run waits for it.
  for (const double share : {0.0, 0.25, 1.0}) {
    costs.chunk = delay + share * read;
    KMRT_ASSIGN_OR_RETURN(Policy policy, ShareMemory(what.trace, slots_by_op, what.rows.size(), plaintexts, costs,
                                                     budget_bytes == 0 ? kUnlimitedBudget : budget_bytes));
    policy.mode = mode;
    policy.read_ahead = best.read_ahead;
    policy.key_bytes_read_lower_bound = best.key_bytes_read_lower_bound;
    policy.key_bytes_read_lru = best.key_bytes_read_lru;
    if (const double wall = seconds(policy); wall < least) {
      least = wall;
      best = std::move(policy);
    }
    if (budget_bytes == 0) break;  // there is room for all
  }
  return best;
}

}  // namespace keymemrt::runtime
