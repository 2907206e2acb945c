// SPDX-License-Identifier: Apache-2.0
#include "runtime/plan/work.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "planner/work.h"
#include "runtime/keystore/segment.h"
#include "runtime/plan/liveness.h"
#include "runtime/plan/plaintexts.h"
#include "runtime/plan/shapes.h"

namespace keymemrt::runtime {

namespace {

using planner::Work;
using program::Op;
using program::Opcode;
using program::Value;
using scheme::Parameters;

using circuit::LinearTransformForm;
using circuit::LinearTransformPlan;
using circuit::LinearTransformStep;

// One step of a transform, as lattice/linear takes it.
void CountStep(const program::Program& program, const program::Transform& transform, const LinearTransformPlan& plan,
               size_t number, int level, planner::WorkCounter& counter) {
  const LinearTransformStep& step = plan.steps[number];
  const bool extended = plan.ExtendedBlocks(), by_terms = plan.form == LinearTransformForm::kBabyStepGiantStep;
  const bool chained = plan.form == LinearTransformForm::kHorner || plan.form == LinearTransformForm::kMinimumKey;
  // Whether a giant was rotated before this step: the sum is modulo QP then.
  const auto rotated = [&] {
    return std::any_of(
        plan.steps.begin(), plan.steps.begin() + static_cast<std::ptrdiff_t>(number),
        [](const LinearTransformStep& s) { return s.kind == LinearTransformStep::Kind::kGiant && s.shift != 0; });
  };
  switch (step.kind) {
    case LinearTransformStep::Kind::kBegin:
      if (plan.form != LinearTransformForm::kMinimumKey &&
          std::any_of(plan.babies.begin(), plan.babies.end(), [](int64_t baby) { return baby != 0; })) {
        counter.DecomposeToDigits(level);
      }
      return;
    case LinearTransformStep::Kind::kBaby:
      for (const LinearTransformPlan::Term& term : plan.terms) {
        if (term.baby != step.index) continue;
        const int64_t period = PeriodOf(program, transform, term.row);
        counter.Embedding(period);
        // Of the baby 0 modulo QP the limbs of P are zero.
        const bool specials = extended && step.shift != 0;
        counter.EncodedLimbs(period, level, specials);
        counter.RowProducts(level, specials);
      }
      if (step.shift == 0) return;
      if (extended) {
        counter.KeyProducts(level);
        counter.Passes(level, 3, true);
      } else if (plan.form == LinearTransformForm::kMinimumKey) {
        counter.Rotate(level);
      } else {
        counter.RotateHoisted(level);
      }
      return;
    case LinearTransformStep::Kind::kGiant:
      if (step.shift == 0) return;
      if (by_terms) {
        counter.Rotate(level);
        counter.Passes(level, 2);
        return;
      }
      if (extended || (chained && rotated())) counter.ModDown(level, 1);
      counter.Decompose(level);
      counter.KeyProducts(level);
      counter.Passes(level, 5, true);
      return;
    case LinearTransformStep::Kind::kFinish:
      if (!by_terms && (extended || rotated())) counter.ModDown(level, 2);
      return;
  }
}

Work WorkOf(const program::Program& program, const Parameters& parameters,
            const std::vector<LinearTransformPlan>& plans, const Op& op, bool consumes) {
  if (op.result == program::kNone) return {};
  planner::WorkCounter counter(parameters);
  const Value& result = program.values[op.result];
  const Value& operand = op.operands[0] == program::kNone ? result : program.values[op.operands[0]];
  const int level = operand.level;
  switch (op.opcode) {
    case Opcode::kEncode: {
      const int64_t period = PeriodOf(program, op);
      counter.Embedding(period);
      counter.EncodedLimbs(period, level);
      break;
    }
    case Opcode::kAdd:
    case Opcode::kSub:
    case Opcode::kNegate:
      counter.Passes(level, operand.parts);
      if (!consumes) counter.Passes(level, operand.parts);
      break;
    case Opcode::kAddPlain:
    case Opcode::kSubPlain:
      counter.Passes(level, 1);
      if (!consumes) counter.Passes(level, operand.parts);
      break;
    case Opcode::kMulPlain:
      // What is read has mostly left the near caches, and the product is written to other memory.
      counter.Passes(level, 2 * operand.parts);
      break;
    case Opcode::kMul:
      counter.Passes(level, 6);  // three results of four operands
      break;
    case Opcode::kRelinearize:
      counter.Decompose(level);
      counter.KeyProducts(level);
      counter.ModDown(level, 2);
      counter.Passes(level, consumes ? 2 : 5);
      break;
    case Opcode::kRescale:
      counter.Transform(level, operand.parts);
      for (int limb = 0; limb < level; ++limb) {
        counter.Transform(limb, operand.parts);
        counter.Pass(limb, 2 * operand.parts);
      }
      if (!consumes) counter.Passes(level, operand.parts);
      break;
    case Opcode::kLevelReduce:
      if (!consumes) counter.Passes(result.level, operand.parts);
      break;
    case Opcode::kMulScalar:
    case Opcode::kMulScalarAdd:
      counter.Passes(level, operand.parts);
      if (!consumes) counter.Passes(level, operand.parts);
      break;
    case Opcode::kAddScalar:
      counter.Passes(level, 1);
      if (!consumes) counter.Passes(level, operand.parts);
      break;
    case Opcode::kModRaise:
      counter.Transform(0, operand.parts);
      for (int limb = 1; limb <= result.level; ++limb) counter.Transform(limb, operand.parts);
      counter.Passes(result.level, operand.parts);
      break;
    case Opcode::kBeginTransform:
    case Opcode::kBabyStep:
    case Opcode::kGiantStep:
    case Opcode::kFinishTransform:
      CountStep(program, program.transforms[op.index], plans[op.index], op.row, level, counter);
      break;
    case Opcode::kConjugate:
    case Opcode::kSwitchSecret:
    case Opcode::kRotate:
      counter.Rotate(level);
      break;
    case Opcode::kDecompose:
      counter.DecomposeToDigits(level);
      break;
    case Opcode::kRotateHoisted:
      counter.RotateHoisted(level);
      break;
    case Opcode::kLoadKey:
    case Opcode::kClearKey:
    case Opcode::kClear:
      break;
  }
  return counter.work();
}

}  // namespace

std::vector<Work> OperationWork(const program::Program& program, const Parameters& parameters) {
  const Liveness liveness(program);
  const ShapedParameters shapes(program, parameters);
  const std::vector<LinearTransformPlan> plans = TransformPlans(program, parameters);
  std::vector<Work> work;
  work.reserve(program.ops.size());
  for (size_t i = 0; i < program.ops.size(); ++i) {
    work.push_back(
        WorkOf(program, shapes.At(ShapeOf(program, program.ops[i])), plans, program.ops[i], liveness.Consumes(i)));
  }
  return work;
}

namespace {

// Of what the policy reads, in files: narrow residues are packed there.
uint64_t MeanStoredChunkBytes(const program::Program& program, const Parameters& parameters, const Policy& policy) {
  StoredShapes shapes(parameters);
  uint64_t chunks = 0, bytes = 0;
  for (const UseRule& rule : policy.rules) {
    const auto shape = shapes.At(program.keys[rule.key].id.shape);
    if (!shape.ok()) continue;  // Verify has seen to it
    const SegmentLayout& layout = (*shape)->layout;
    const uint32_t first = rule.load != 0 || policy.preload ? 0 : rule.hit, end = std::max(rule.chunks, rule.load);
    chunks += end - first;
    bytes += layout.ChunkBytes(static_cast<int>(end)) - layout.ChunkBytes(static_cast<int>(first));
  }
  return chunks == 0 ? parameters.chunk_bytes() : bytes / chunks;
}

// When the rows of a program have been encoded that its operations take in turn: by the evaluating threads, and ahead
// of them by a thread of its own where a processor is free for it (runtime/executor/encode_ahead.h).
class EncodingClock {
 public:
  // In the order of RowsOf, without those that are found in memory.
  struct Row {
    uint32_t op = 0;
    double seconds = 0;
    uint64_t slots = 0;
  };
  EncodingClock(std::vector<Row> rows, bool ahead) : rows_(std::move(rows)), ahead_(ahead) {}

  // What evaluation, at `now`, needs until it has the rows of operation `op`; asked of all operations in order.
  // `at_once`: so many threads of evaluation encode.
  double Take(size_t op, double now, int at_once) {
    WorkAheadUntil(now);
    double own = now;  // the end of what evaluation encodes
    double busy = 0;   // what the row takes that is being encoded ahead
    for (; taken_ < rows_.size() && rows_[taken_].op == op; ++taken_) {
      const Row& row = rows_[taken_];
      if (taken_ < next_) {
        ready_slots_ -= row.slots;
        if (taken_ + 1 == next_) busy = row.seconds;
        continue;
      }
      ++next_;
      if (ahead_ && free_ <= own) {
        free_ += row.seconds;
        busy = row.seconds;
      } else {
        own += row.seconds / at_once;
      }
    }
    if (free_ > own) own += busy;  // evaluation waits for nobody: it encodes the row itself
    return own - now;
  }

 private:
  // What is begun before `now`.
  void WorkAheadUntil(double now) {
    if (!ahead_) return;
    while (next_ < rows_.size() && free_ < now) {
      const uint64_t slots = rows_[next_].slots;
      if (ready_slots_ != 0 && ready_slots_ + slots > kRowsAheadSlots) {
        free_ = now;  // it waits until rows are taken
        return;
      }
      free_ += rows_[next_++].seconds;
      ready_slots_ += slots;
    }
  }

  const std::vector<Row> rows_;
  const bool ahead_;
  size_t taken_ = 0, next_ = 0;  // rows taken, and rows encoded or being so
  uint64_t ready_slots_ = 0;     // encoded ahead
  double free_ = 0;              // when the thread that encodes ahead has done what it began
};

// By operation, on so many threads, where nothing is waited for.
std::vector<double> OperationSeconds(const program::Program& program, const Parameters& parameters,
                                     const Policy& policy, const planner::Machine& machine, int threads) {
  const std::vector<LinearTransformPlan> plans = TransformPlans(program, parameters);
  const planner::RingRates rates = planner::RatesOf(machine, parameters.log_n());
  std::vector<EncodingClock::Row> rows;
  const std::vector<PlaintextRow> all_rows = RowsOf(program, plans);
  for (size_t i = 0; i < all_rows.size(); ++i) {
    if (!policy.plaintexts.empty() && policy.plaintexts[i].found) continue;
    const Op& op = program.ops[all_rows[i].op];
    planner::WorkCounter counter(parameters);
    counter.Embedding(op.opcode == Opcode::kEncode ? PeriodOf(program, op)
                                                   : PeriodOf(program, program.transforms[op.index],
                                                              plans[op.index].terms[all_rows[i].term].row));
    rows.push_back({all_rows[i].op, planner::Seconds(counter.work(), rates, 1), CoefficientSlots(program, op)});
  }
  EncodingClock encoding(std::move(rows), threads < machine.processors);
  std::vector<double> seconds;
  double now = 0;
  for (Work& work : OperationWork(program, parameters)) {
    work.embeddings = 0;
    const size_t op = seconds.size();
    const int at_once = program.ops[op].opcode == Opcode::kEncode ? 1 : threads;
    seconds.push_back(encoding.Take(op, now, at_once) + planner::Seconds(work, rates, threads));
    now += seconds.back();
  }
  return seconds;
}

}  // namespace

uint64_t StoredKeyBytes(const program::Program& program, const Parameters& parameters, const planner::Trace& trace) {
  StoredShapes shapes(parameters);
  uint64_t bytes = 0;
  for (size_t key = 0; key < program.keys.size(); ++key) {
    const auto shape = shapes.At(program.keys[key].id.shape);
    if (!shape.ok()) continue;  // Verify has seen to it
    bytes += (*shape)->layout.ChunkBytes(static_cast<int>(trace.key_chunks[key]));
  }
  return bytes;
}

planner::TimedRun TimeRun(const program::Program& program, const Parameters& parameters, const planner::Trace& trace,
                          const Policy& policy, const planner::Machine& machine, int threads) {
  const std::vector<double> by_op = OperationSeconds(program, parameters, policy, machine, threads);
  const auto seconds = [&by_op](size_t begin, size_t end) {
    return std::accumulate(by_op.begin() + static_cast<std::ptrdiff_t>(begin),
                           by_op.begin() + static_cast<std::ptrdiff_t>(end), 0.0);
  };
  planner::TimedRun run;
  run.chunk_bytes = MeanStoredChunkBytes(program, parameters, policy);
  run.threads = threads;
  run.read_ahead = std::max<uint32_t>(policy.read_ahead, 1);
  run.reads_at_once = ReadsAtOnce(run.read_ahead);
  run.seconds_before = seconds(0, trace.uses.empty() ? program.ops.size() : trace.uses[0].op);
  if (policy.preload) {
    run.preload_chunks = trace.key_chunks;
  }
  std::vector<uint32_t> there(trace.key_chunks.size(), 0);  // of keys that are loaded as a whole
  for (size_t u = 0; u < trace.uses.size(); ++u) {
    const UseRule& rule = policy.rules[u];
    planner::TimedUse use;
    use.seconds = seconds(trace.uses[u].op, trace.uses[u].op + 1);
    use.seconds_after =
        seconds(trace.uses[u].op + 1, u + 1 < trace.uses.size() ? trace.uses[u + 1].op : program.ops.size());
    if (policy.preload) {
      use.chunks = 0;
    } else if (rule.load != 0) {
      use.whole = true;
      use.chunks = rule.load - std::min(rule.load, there[rule.key]);
      there[rule.key] = rule.keep;
    } else {
      use.chunks = rule.chunks - rule.hit;
    }
    run.uses.push_back(use);
  }
  return run;
}

}  // namespace keymemrt::runtime
