// SPDX-License-Identifier: Apache-2.0
#include "planner/key_set.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <random>
#include <tuple>

#include "base/size.h"
#include "planner/residency.h"

namespace keymemrt::planner {

namespace {

struct Label {
  double seconds = 0;
  uint64_t slots = 0;
  uint64_t chunks = 0;
  std::vector<uint32_t> stored;  // by key
  std::vector<uint32_t> candidates;
};

std::vector<uint32_t> Required(const KeySetProblem& problem) {
  return problem.required.empty() ? std::vector<uint32_t>(problem.keys, 0) : problem.required;
}

std::vector<uint32_t> Executions(const KeySetProblem& problem) {
  std::vector<uint32_t> executions(problem.demands.size(), 0);
  for (const KeySetStep& step : problem.steps) ++executions[step.demand];
  return executions;
}

// What the steps of each demand hold beside it, at most.
std::vector<uint64_t> OtherSlots(const KeySetProblem& problem) {
  std::vector<uint64_t> other(problem.demands.size(), 0);
  for (const KeySetStep& step : problem.steps) other[step.demand] = std::max(other[step.demand], step.other_slots);
  return other;
}

// For problems with too many labels: choices that are least in seconds + rate * chunks, within several limits on slots
// and at several rates, as far as local search makes them. It starts where the rate before ended, from the fastest
// choice upwards and back.
class Descent {
 public:
  explicit Descent(const KeySetProblem& problem)
      : problem_(problem),
        required_(Required(problem)),
        executions_(Executions(problem)),
        other_(OtherSlots(problem)),
        choice_(problem.demands.size(), 0),
        order_(problem.demands.size()) {
    std::iota(order_.begin(), order_.end(), size_t{0});
  }

  KeySetFront Run() {
    for (const uint64_t limit : Limits()) {
      limit_ = limit;
      for (size_t d = 0; d < choice_.size(); ++d) choice_[d] = Fastest(d);
      Keep();
      // What a chunk weighs: as much as makes all keys of the fastest choice weigh a thousandth of its time, up to a
      // thousand times that time.
      const double rate = found_.back().seconds / static_cast<double>(std::max<uint64_t>(found_.back().chunks, 1));
      constexpr int kRates = 16;
      for (int step = -kRates; step <= kRates; ++step)
        Descend(rate * std::pow(10.0, 3 - std::abs(step) * 6.0 / kRates));
    }
    return Front();
  }

 private:
  uint64_t SlotsOf(size_t d, const Candidate& candidate) const {
    return executions_[d] > 0 ? other_[d] + candidate.slots : 0;
  }
  bool Allowed(size_t d, const Candidate& candidate) const { return SlotsOf(d, candidate) <= limit_; }

  // From the least that every demand has a candidate for.
  std::vector<uint64_t> Limits() const {
    uint64_t least = 0;
    for (size_t d = 0; d < problem_.demands.size(); ++d) {
      uint64_t fewest = std::numeric_limits<uint64_t>::max();
      for (const Candidate& candidate : problem_.demands[d].candidates)
        fewest = std::min(fewest, SlotsOf(d, candidate));
      least = std::max(least, fewest);
    }
    return {least, least + least / 8, least + least / 2, std::numeric_limits<uint64_t>::max()};
  }

  uint32_t Fastest(size_t d) const {
    const std::vector<Candidate>& candidates = problem_.demands[d].candidates;
    uint32_t best = 0;
    const auto rank = [&](uint32_t c) {
      return std::tuple(!Allowed(d, candidates[c]), candidates[c].seconds, candidates[c].keys.size());
    };
    for (uint32_t c = 1; c < candidates.size(); ++c) {
      if (rank(c) < rank(best)) best = c;
    }
    return best;
  }

  const Candidate& Chosen(size_t d) const { return problem_.demands[d].candidates[choice_[d]]; }

  // Chunks of each key that the demands need, those in `without` excluded.
  std::vector<uint32_t> StoredWithout(const std::vector<size_t>& without) const {
    std::vector<uint32_t> stored = required_;
    std::vector<bool> excluded(choice_.size());
    for (const size_t d : without) excluded[d] = true;
    for (size_t d = 0; d < choice_.size(); ++d) {
      if (!excluded[d]) Store(Chosen(d), stored);
    }
    return stored;
  }
  static void Store(const Candidate& candidate, std::vector<uint32_t>& stored) {
    for (const NeededKey& needed : candidate.keys) stored[needed.key] = std::max(stored[needed.key], needed.chunks);
  }
  double Cost(size_t d, const Candidate& candidate, const std::vector<uint32_t>& stored, double rate) const {
    uint64_t added = 0;
    for (const NeededKey& needed : candidate.keys) {
      added += needed.chunks - std::min(needed.chunks, stored[needed.key]);
    }
    return candidate.seconds * executions_[d] + rate * static_cast<double>(added);
  }

  static constexpr uint32_t kNoKey = std::numeric_limits<uint32_t>::max();
  static bool Needs(const Candidate& candidate, uint32_t key) {
    const auto found = std::lower_bound(candidate.keys.begin(), candidate.keys.end(), key,
                                        [](const NeededKey& needed, uint32_t k) { return needed.key < k; });
    return found != candidate.keys.end() && found->key == key;
  }

  // The cheapest candidate that does without a key.
  std::optional<uint32_t> Best(size_t d, const std::vector<uint32_t>& stored, uint32_t without, double rate) const {
    const std::vector<Candidate>& candidates = problem_.demands[d].candidates;
    std::optional<uint32_t> best;
    double least = 0;
    for (uint32_t c = 0; c < candidates.size(); ++c) {
      if (!Allowed(d, candidates[c]) || (without != kNoKey && Needs(candidates[c], without))) continue;
      const double cost = Cost(d, candidates[c], stored, rate);
      if (best && cost >= least) continue;
      best = c;
      least = cost;
    }
    return best;
  }

  // Chooses anew for `demands`, one after the other, without a key; adopted if that is better.
  bool Reconsider(const std::vector<size_t>& demands, uint32_t without, double rate) {
    std::vector<uint32_t> stored = StoredWithout(demands), stored_before = stored;
    double before = 0, after = 0;
    std::vector<uint32_t> chosen;
    for (const size_t d : demands) {
      before += Cost(d, Chosen(d), stored_before, rate);
      Store(Chosen(d), stored_before);
      const std::optional<uint32_t> best = Best(d, stored, without, rate);
      if (!best) return false;
      const Candidate& candidate = problem_.demands[d].candidates[*best];
      after += Cost(d, candidate, stored, rate);
      Store(candidate, stored);
      chosen.push_back(*best);
    }
    if (after >= before * (1 - 1e-9)) return false;
    for (size_t i = 0; i < demands.size(); ++i) choice_[demands[i]] = chosen[i];
    return true;
  }

  // To where neither another candidate of a demand nor doing without a key is better.
  void Settle(double rate) {
    for (bool improved = true; improved;) {
      improved = false;
      for (size_t d = 0; d < choice_.size(); ++d) improved = Reconsider({d}, kNoKey, rate) || improved;
      Keep();
      if (improved) continue;
      for (uint32_t key = 0; key < problem_.keys; ++key) {
        std::vector<size_t> users;
        for (size_t d = 0; d < choice_.size(); ++d) {
          if (Needs(Chosen(d), key)) users.push_back(d);
        }
        improved = (!users.empty() && Reconsider(users, key, rate)) || improved;
      }
    }
  }

  // Settles, then again from choices made in random orders: what the first ones need the others may share.
  void Descend(double rate) {
    constexpr int kRestarts = 2;
    const auto score = [&] { return found_.back().seconds + rate * static_cast<double>(found_.back().chunks); };
    Settle(rate);
    for (int i = 0; i < kRestarts; ++i) {
      const std::vector<uint32_t> before = choice_;
      const double least = score();
      std::shuffle(order_.begin(), order_.end(), random_);
      std::vector<uint32_t> stored = required_;
      for (const size_t d : order_) {
        choice_[d] = *Best(d, stored, kNoKey, rate);
        Store(Chosen(d), stored);
      }
      Settle(rate);
      if (score() <= least) continue;
      choice_ = before;
      Keep();
    }
  }

  void Keep() {
    KeySetChoice& choice = found_.emplace_back();
    choice.candidates = choice_;
    const std::vector<uint32_t> stored = StoredWithout({});
    choice.chunks = std::accumulate(stored.begin(), stored.end(), uint64_t{0});
    for (size_t d = 0; d < choice_.size(); ++d) {
      choice.slots = std::max(choice.slots, SlotsOf(d, Chosen(d)));
      choice.seconds += Chosen(d).seconds * executions_[d];
    }
  }

  KeySetFront Front() {
    std::sort(found_.begin(), found_.end(), [](const KeySetChoice& a, const KeySetChoice& b) {
      return std::tie(a.seconds, a.chunks, a.slots) < std::tie(b.seconds, b.chunks, b.slots);
    });
    KeySetFront front{{}, false};
    for (KeySetChoice& choice : found_) {
      const bool beaten = std::any_of(front.choices.begin(), front.choices.end(), [&](const KeySetChoice& other) {
        return other.chunks <= choice.chunks && other.slots <= choice.slots;
      });
      if (!beaten) front.choices.push_back(std::move(choice));
    }
    return front;
  }

  const KeySetProblem& problem_;
  const std::vector<uint32_t> required_, executions_;
  const std::vector<uint64_t> other_;
  uint64_t limit_ = 0;
  std::vector<uint32_t> choice_;  // by demand
  std::vector<size_t> order_;
  std::mt19937_64 random_{1};  // always the same: a program does not depend on luck
  std::vector<KeySetChoice> found_;
};

class Solver {
 public:
  Solver(const KeySetProblem& problem, size_t most_labels)
      : problem_(problem),
        most_labels_(std::max<size_t>(most_labels, 1)),
        executions_(Executions(problem)),
        other_(OtherSlots(problem)) {
    // later_[d]: what demands d and after may need.
    later_.resize(problem.demands.size() + 1);
    std::vector<uint32_t> later(problem.keys, 0);
    for (size_t d = problem.demands.size(); d-- > 0;) {
      for (const Candidate& candidate : problem.demands[d].candidates) {
        for (const NeededKey& needed : candidate.keys) {
          later[needed.key] = std::max(later[needed.key], needed.chunks);
        }
      }
      for (uint32_t k = 0; k < problem.keys; ++k) {
        if (later[k] > 0) later_[d].push_back({k, later[k]});
      }
    }
  }

  KeySetFront Run() {
    Label empty;
    empty.stored = Required(problem_);
    empty.chunks = std::accumulate(empty.stored.begin(), empty.stored.end(), uint64_t{0});
    std::vector<Label> labels = {empty};
    KeySetFront front;
    for (size_t d = 0; d < problem_.demands.size(); ++d) {
      std::vector<Label> extended;
      for (const Label& label : labels) {
        for (uint32_t c = 0; c < problem_.demands[d].candidates.size(); ++c) extended.push_back(Extend(label, d, c));
      }
      labels = Undominated(std::move(extended), later_[d + 1]);
      if (labels.size() > most_labels_) return Descent(problem_).Run();
    }
    for (Label& label : labels) {
      front.choices.push_back({std::move(label.candidates), label.chunks, label.slots, label.seconds});
    }
    return front;
  }

 private:
  Label Extend(const Label& label, size_t d, uint32_t c) const {
    const Candidate& candidate = problem_.demands[d].candidates[c];
    Label next = label;
    next.candidates.push_back(c);
    next.seconds += candidate.seconds * executions_[d];
    if (executions_[d] > 0) next.slots = std::max(next.slots, other_[d] + candidate.slots);
    for (const NeededKey& needed : candidate.keys) {
      uint32_t& stored = next.stored[needed.key];
      if (needed.chunks <= stored) continue;
      next.chunks += needed.chunks - stored;
      stored = needed.chunks;
    }
    return next;
  }

  // Whether `a` makes `b` superfluous; `later`: what is needed later at most, of the keys that are. The sum over keys
  // is a.chunks - b.chunks, and what `a` may still have to store that `b` has.
  static bool Dominates(const Label& a, const Label& b, const std::vector<NeededKey>& later) {
    if (a.seconds > b.seconds || a.slots > b.slots || a.chunks > b.chunks) return false;
    uint64_t room = b.chunks - a.chunks;
    for (const NeededKey& needed : later) {
      const uint32_t a_has = a.stored[needed.key], b_has = std::min(b.stored[needed.key], needed.chunks);
      if (a_has >= b_has) continue;
      if (b_has - a_has > room) return false;
      room -= b_has - a_has;
    }
    return true;
  }

  static std::vector<Label> Undominated(std::vector<Label> labels, const std::vector<NeededKey>& later) {
    std::sort(labels.begin(), labels.end(), [](const Label& a, const Label& b) {
      return std::tie(a.seconds, a.chunks, a.slots) < std::tie(b.seconds, b.chunks, b.slots);
    });
    std::vector<Label> kept;
    for (Label& label : labels) {
      // From the back: neighbours are alike, so they dominate most often.
      const bool dominated =
          std::any_of(kept.rbegin(), kept.rend(), [&](const Label& other) { return Dominates(other, label, later); });
      if (!dominated) kept.push_back(std::move(label));
    }
    return kept;
  }

  const KeySetProblem& problem_;
  const size_t most_labels_;
  const std::vector<uint32_t> executions_;
  const std::vector<uint64_t> other_;
  std::vector<std::vector<NeededKey>> later_;
};

// The choice's trace of key uses, and the run of it without what is read.
struct ChoiceRun {
  Trace trace;
  TimedRun run;
};

ChoiceRun RunOf(const KeySetProblem& problem, const KeySetChoice& choice, int threads) {
  ChoiceRun result;
  Trace& trace = result.trace;
  trace.slot_bytes = problem.slot_bytes;
  trace.fixed_bytes = problem.fixed_bytes;
  trace.ring_slots = problem.ring_slots;
  trace.key_chunks = ChunksStored(problem, choice.candidates);
  TimedRun& run = result.run;
  run.chunk_bytes = problem.slot_bytes;
  run.threads = threads;
  run.read_ahead = static_cast<uint32_t>(std::max<uint64_t>(problem.ring_slots, 1));
  run.seconds_before = problem.seconds_before;
  for (size_t s = 0; s < problem.steps.size(); ++s) {
    const KeySetStep& step = problem.steps[s];
    const Candidate& candidate = problem.demands[step.demand].candidates[choice.candidates[step.demand]];
    const uint64_t slots = step.other_slots + candidate.slots;
    if (candidate.uses.empty()) {
      uint64_t& most = trace.uses.empty() ? trace.prologue_slots : trace.uses.back().other_slots;
      most = std::max(most, slots);
      (run.uses.empty() ? run.seconds_before : run.uses.back().seconds_after) += candidate.seconds + step.seconds_after;
      continue;
    }
    for (const uint32_t use : candidate.uses) {
      const NeededKey& needed = candidate.keys[use];
      trace.uses.push_back(
          {.op = static_cast<uint32_t>(s), .key = needed.key, .chunks = needed.chunks, .other_slots = slots});
      run.uses.push_back({.seconds = candidate.seconds / static_cast<double>(candidate.uses.size())});
    }
    run.uses.back().seconds_after = step.seconds_after;
  }
  return result;
}

}  // namespace

Status CheckProblem(const KeySetProblem& problem) {
  if (!problem.required.empty() && problem.required.size() != problem.keys) {
    return InvalidArgument("{} required keys of {}", problem.required.size(), problem.keys);
  }
  for (size_t d = 0; d < problem.demands.size(); ++d) {
    if (problem.demands[d].candidates.empty()) return InvalidArgument("demand {} has no candidates", d);
    for (const Candidate& candidate : problem.demands[d].candidates) {
      for (size_t k = 0; k < candidate.keys.size(); ++k) {
        const NeededKey& needed = candidate.keys[k];
        if (needed.key >= problem.keys || needed.chunks == 0 || (k > 0 && needed.key <= candidate.keys[k - 1].key)) {
          return InvalidArgument("demand {}: key {} with {} chunks is out of range or order", d, needed.key,
                                 needed.chunks);
        }
      }
      for (const uint32_t use : candidate.uses) {
        if (use >= candidate.keys.size())
          return InvalidArgument("demand {}: a use of key {} of its {}", d, use, candidate.keys.size());
      }
      if (!(candidate.seconds >= 0))
        return InvalidArgument("demand {}: a candidate of {} seconds", d, candidate.seconds);
    }
  }
  for (const KeySetStep& step : problem.steps) {
    if (step.demand >= problem.demands.size()) return InvalidArgument("a step of demand {}", step.demand);
  }
  return Status();
}

Result<KeySetFront> SolveKeySet(const KeySetProblem& problem, size_t most_labels) {
  KMRT_RETURN_IF_ERROR(CheckProblem(problem));
  return Solver(problem, most_labels).Run();
}

std::vector<size_t> Representatives(const KeySetFront& front, double tolerance) {
  std::vector<size_t> kept;
  const double factor = 1 + tolerance;
  for (size_t i = 0; i < front.choices.size(); ++i) {
    const KeySetChoice& choice = front.choices[i];
    const bool covered = std::any_of(kept.begin(), kept.end(), [&](size_t k) {
      const KeySetChoice& other = front.choices[k];
      return other.seconds <= factor * choice.seconds &&
             static_cast<double>(other.chunks) <= factor * static_cast<double>(choice.chunks) &&
             static_cast<double>(other.slots) <= factor * static_cast<double>(choice.slots);
    });
    if (!covered) kept.push_back(i);
  }
  return kept;
}

std::vector<uint32_t> ChunksStored(const KeySetProblem& problem, const std::vector<uint32_t>& candidates) {
  std::vector<uint32_t> stored = Required(problem);
  for (size_t d = 0; d < candidates.size(); ++d) {
    for (const NeededKey& needed : problem.demands[d].candidates[candidates[d]].keys) {
      stored[needed.key] = std::max(stored[needed.key], needed.chunks);
    }
  }
  return stored;
}

Status CheckChoice(const KeySetProblem& problem, const KeySetChoice& choice) {
  KMRT_RETURN_IF_ERROR(CheckProblem(problem));
  if (choice.candidates.size() != problem.demands.size()) {
    return Failed("the choice is of {} demands, there are {}", choice.candidates.size(), problem.demands.size());
  }
  for (size_t d = 0; d < choice.candidates.size(); ++d) {
    if (choice.candidates[d] >= problem.demands[d].candidates.size()) {
      return Failed("demand {} has no candidate {}", d, choice.candidates[d]);
    }
  }
  const std::vector<uint32_t> stored = ChunksStored(problem, choice.candidates);
  const uint64_t chunks = std::accumulate(stored.begin(), stored.end(), uint64_t{0});
  if (chunks != choice.chunks) return Failed("the choice stores {} chunks and says {}", chunks, choice.chunks);
  uint64_t slots = 0;
  double seconds = 0;
  for (const KeySetStep& step : problem.steps) {
    const Candidate& candidate = problem.demands[step.demand].candidates[choice.candidates[step.demand]];
    slots = std::max(slots, step.other_slots + candidate.slots);
    seconds += candidate.seconds;
  }
  if (slots != choice.slots) return Failed("the choice takes {} slots and says {}", slots, choice.slots);
  if (std::abs(seconds - choice.seconds) > 1e-9 * seconds) {
    return Failed("the choice computes for {} s and says {} s", seconds, choice.seconds);
  }
  return Status();
}

Result<ChoiceForecast> ForecastChoice(const KeySetProblem& problem, const KeySetChoice& choice, uint64_t budget_bytes,
                                      const Machine& machine, int threads) {
  constexpr uint64_t kUnlimited = uint64_t{1} << 60;
  ChoiceRun run = RunOf(problem, choice, threads);
  ChoiceForecast forecast;
  forecast.least_bytes = LeastFeasibleBudget(run.trace).bytes;
  forecast.key_bytes_stored = choice.chunks * problem.slot_bytes;
  KMRT_ASSIGN_OR_RETURN(const Plan plan, SolveResidency(run.trace, budget_bytes == 0 ? kUnlimited : budget_bytes));
  for (size_t u = 0; u < plan.steps.size(); ++u) run.run.uses[u].chunks = run.trace.uses[u].chunks - plan.steps[u].hit;
  forecast.peak_bytes = plan.peak_bytes;
  forecast.key_bytes_read = plan.bytes_read;
  forecast.time = PredictTime(run.run, machine.store, machine.processors);
  return forecast;
}

Result<size_t> PickChoice(const KeySetProblem& problem, const KeySetFront& front, Optimize optimize,
                          uint64_t budget_bytes, const Machine& machine, int threads) {
  struct Rank {
    double first, second, third;
    auto operator<=>(const Rank&) const = default;
  };
  size_t best = front.choices.size();
  Rank best_rank{};
  uint64_t least = std::numeric_limits<uint64_t>::max();
  for (size_t i = 0; i < front.choices.size(); ++i) {
    const Result<ChoiceForecast> forecast = ForecastChoice(problem, front.choices[i], budget_bytes, machine, threads);
    if (!forecast.ok()) {
      if (forecast.status().code() != ErrorCode::kInfeasible) return forecast.status();
      least = std::min(least, LeastFeasibleBudget(RunOf(problem, front.choices[i], threads).trace).bytes);
      continue;
    }
    const double time = forecast->time.wall_seconds, memory = static_cast<double>(forecast->least_bytes),
                 upload = static_cast<double>(forecast->key_bytes_stored);
    const Rank rank = optimize == Optimize::kTime     ? Rank{time, upload, memory}
                      : optimize == Optimize::kMemory ? Rank{memory, time, upload}
                                                      : Rank{upload, time, memory};
    if (best == front.choices.size() || rank < best_rank) {
      best = i;
      best_rank = rank;
    }
  }
  if (best == front.choices.size()) {
    return Infeasible(
        "no set of keys runs within a memory budget of {} bytes ({}); the least feasible one is {} bytes ({})",
        budget_bytes, FormatSize(budget_bytes), least, FormatSize(least));
  }
  return best;
}

}  // namespace keymemrt::planner
