// SPDX-License-Identifier: Apache-2.0
#include "planner/transforms.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <set>

#include "planner/work.h"

namespace keymemrt::planner {

namespace {

using circuit::LinearTransformForm;
using circuit::LinearTransformPlan;
using scheme::KeyId;
using scheme::KeyShape;
using scheme::Parameters;

constexpr size_t kMostSums = 8;  // ways to make a rotation of two

int64_t Modulo(int64_t x, int64_t m) {
  return (x % m + m) % m;
}

// Of a key switch at work: the digits' coefficients, accumulators of P, two accumulators and a limb per thread.
uint64_t SwitchSlots(const Parameters& parameters, int level, int threads) {
  return static_cast<uint64_t>(2 * (level + 1) + 4 * parameters.p_count() + 3 * threads + 1);
}

uint64_t TransformSlots(const Parameters& parameters, const LinearTransformPlan& plan, int level, int threads) {
  const uint64_t q = static_cast<uint64_t>(level) + 1, qp = q + static_cast<uint64_t>(parameters.p_count());
  const uint64_t blocks = plan.giants.size() * 2 * (plan.ExtendedBlocks() ? qp : q);
  const uint64_t babies =
      plan.form == LinearTransformForm::kMinimumKey ? 4 * q : static_cast<uint64_t>(parameters.DigitCount(level)) * qp;
  return blocks + std::max(babies, 2 * qp) + SwitchSlots(parameters, level, threads);
}

class Modeller {
 public:
  Modeller(const Parameters& parameters, const std::vector<KeySite>& sites, const Machine& machine, int threads)
      : parameters_(parameters),
        sites_(sites),
        rates_(RatesOf(machine, parameters.log_n())),
        slots_(static_cast<int64_t>(parameters.slots())),
        threads_(threads) {}

  Result<KeyChoiceModel> Run(const scheme::SecretDistribution& secret, const std::vector<KeySetStep>& steps) {
    sets_.emplace(KeyShape{}, parameters_);
    for (const KeySite& site : sites_) {
      if (site.level < 0 || site.level > parameters_.max_level()) {
        return InvalidArgument("a site at level {}, 0 to {} expected", site.level, parameters_.max_level());
      }
      if (!site.shaped) continue;
      KMRT_ASSIGN_OR_RETURN(const KeyShape shape, scheme::BestShape(parameters_, site.level, secret));
      if (shape.plain()) continue;
      KMRT_ASSIGN_OR_RETURN(Parameters set, parameters_.At(shape));
      sets_.emplace(shape, std::move(set));
    }
    model_.ways.resize(sites_.size());
    model_.problem.demands.resize(sites_.size());
    model_.problem.slot_bytes = parameters_.chunk_bytes();
    model_.problem.steps = steps;
    const std::vector<int64_t> baby_steps = BabySteps();
    for (size_t site = 0; site < sites_.size(); ++site) {
      if (sites_[site].kind == KeySite::Kind::kTransform) KMRT_RETURN_IF_ERROR(AddTransform(site, baby_steps));
    }
    for (size_t site = 0; site < sites_.size(); ++site) {
      if (sites_[site].kind != KeySite::Kind::kTransform) KMRT_RETURN_IF_ERROR(AddOwnKey(site));
    }
    for (size_t site = 0; site < sites_.size(); ++site) {
      if (sites_[site].kind == KeySite::Kind::kRotation) AddSums(site);
    }
    model_.problem.keys = static_cast<uint32_t>(model_.keys.size());
    return std::move(model_);
  }

 private:
  // The sets that may serve a site: plain, and of those made for its level or a higher one the two lowest, which are
  // the cheapest, and the highest, which most sites can share.
  template <typename F>
  void ForEachSet(const KeySite& site, F f) const {
    std::vector<const std::pair<const KeyShape, Parameters>*> fitting;
    for (const auto& entry : sets_) {
      if (entry.first.plain()) {
        f(entry.first, entry.second);
      } else if (site.shaped && entry.first.level >= site.level) {
        fitting.push_back(&entry);
      }
    }
    std::stable_sort(fitting.begin(), fitting.end(),
                     [](const auto* a, const auto* b) { return a->first.level < b->first.level; });
    if (fitting.size() > 3) fitting.erase(fitting.begin() + 2, fitting.end() - 1);
    for (const auto* entry : fitting) f(entry->first, entry->second);
  }

  // One grid for all transforms, so that layers can share strides: powers of two and three times such, in units of the
  // gcd of a transform's indices.
  std::vector<int64_t> BabySteps() const {
    std::set<int64_t> steps;
    for (const KeySite& site : sites_) {
      if (site.kind != KeySite::Kind::kTransform) continue;
      int64_t unit = 0;
      for (const int64_t index : site.indices) unit = std::gcd(unit, Modulo(index, slots_));
      const int64_t most = std::max<int64_t>(1, unit) * 4 * static_cast<int64_t>(site.indices.size());
      for (int64_t step = std::max<int64_t>(1, unit); step <= std::min(most, slots_); step *= 2) {
        steps.insert(step);
        steps.insert(3 * step);
      }
    }
    return {steps.begin(), steps.end()};
  }

  uint32_t KeyNumber(const KeyId& id) {
    const auto [entry, added] = numbers_.emplace(id, static_cast<uint32_t>(model_.keys.size()));
    if (added) model_.keys.push_back(id);
    return entry->second;
  }

  void Add(size_t site, KeyWay way, const Parameters& set, const Work& work, uint64_t slots) {
    Candidate candidate{.seconds = Seconds(work, rates_, threads_), .slots = slots};
    const uint32_t chunks = static_cast<uint32_t>(set.ChunkCount(sites_[site].level));
    std::vector<uint32_t> uses;
    if (sites_[site].kind == KeySite::Kind::kRelinearization) uses.push_back(KeyNumber(set.RelinearizationKey()));
    for (const int64_t shift : way.shifts) uses.push_back(KeyNumber(set.RotationKey(shift)));
    std::set<uint32_t> keys(uses.begin(), uses.end());
    for (const uint32_t key : keys) candidate.keys.push_back({key, chunks});
    for (const uint32_t key : uses) {
      candidate.uses.push_back(static_cast<uint32_t>(std::distance(keys.begin(), keys.find(key))));
    }
    model_.ways[site].push_back(std::move(way));
    model_.problem.demands[site].candidates.push_back(std::move(candidate));
  }

  Status AddTransform(size_t number, const std::vector<int64_t>& baby_steps) {
    const KeySite& site = sites_[number];
    std::vector<LinearTransformPlan> plans;
    int fewest = std::numeric_limits<int>::max();
    for (const LinearTransformForm form : circuit::kLinearTransformForms) {
      std::vector<int64_t> tried = baby_steps;
      tried.push_back(0);  // what the form takes for speed
      for (const int64_t step : tried) {
        KMRT_ASSIGN_OR_RETURN(LinearTransformPlan plan, LinearTransformPlan::Make(site.indices, slots_, form, step));
        const bool known = std::any_of(plans.begin(), plans.end(), [&](const LinearTransformPlan& other) {
          return other.form == form && other.babies == plan.babies && other.giants == plan.giants;
        });
        if (known) continue;
        fewest = std::min(fewest, plan.key_switches());
        plans.push_back(std::move(plan));
      }
    }
    const int most = std::max(fewest, MostKeySwitches(site.indices.size()));
    for (const LinearTransformPlan& plan : plans) {
      if (plan.key_switches() > most) continue;
      ForEachSet(site, [&](const KeyShape& shape, const Parameters& set) {
        if (plan.rotations.empty() && !shape.plain()) return;
        WorkCounter counter(set);
        counter.LinearTransform(plan, site.level);
        Add(number, {plan.form, plan.baby_step, shape, plan.rotations}, set, counter.work(),
            TransformSlots(set, plan, site.level, threads_));
      });
    }
    return Status();
  }

  Status AddOwnKey(size_t number) {
    const KeySite& site = sites_[number];
    const bool rotation = site.kind == KeySite::Kind::kRotation;
    if (site.indices.size() != (rotation ? 1 : 0)) {
      return InvalidArgument("a {} with {} indices", rotation ? "rotation" : "relinearization", site.indices.size());
    }
    ForEachSet(site, [&](const KeyShape& shape, const Parameters& set) {
      AddRotations(number, shape, set,
                   rotation ? std::vector<int64_t>{Modulo(site.indices[0], slots_)} : std::vector<int64_t>{});
    });
    return Status();
  }

  void AddRotations(size_t number, const KeyShape& shape, const Parameters& set, std::vector<int64_t> shifts) {
    const int level = sites_[number].level;
    WorkCounter counter(set);
    for (size_t i = 0; i < std::max<size_t>(shifts.size(), 1); ++i) counter.Rotate(level);
    Add(number, {.shape = shape, .shifts = std::move(shifts)}, set, counter.work(),
        static_cast<uint64_t>(2 * (level + 1)) + SwitchSlots(set, level, threads_));
  }

  // Sums of two rotations whose keys other sites may have; those that most sites may have first.
  void AddSums(size_t number) {
    const int64_t shift = Modulo(sites_[number].indices[0], slots_);
    std::map<int64_t, int> users;  // by shift
    for (size_t site = 0; site < sites_.size(); ++site) {
      std::set<int64_t> shifts;
      if (site == number || sites_[site] == sites_[number]) continue;
      for (const KeyWay& way : model_.ways[site]) {
        if (sites_[site].kind == KeySite::Kind::kTransform || way.shifts.size() == 1) {
          shifts.insert(way.shifts.begin(), way.shifts.end());
        }
      }
      for (const int64_t other : shifts) ++users[other];
    }
    std::vector<std::pair<int, std::vector<int64_t>>> sums;
    for (const auto& [first, count] : users) {
      const auto second = users.find(Modulo(shift - first, slots_));
      if (second == users.end() || second->first < first || first == shift || second->first == shift) continue;
      sums.push_back({std::min(count, second->second), {first, second->first}});
    }
    std::stable_sort(sums.begin(), sums.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    if (sums.size() > kMostSums) sums.resize(kMostSums);
    for (const auto& [count, shifts] : sums) {
      ForEachSet(sites_[number],
                 [&](const KeyShape& shape, const Parameters& set) { AddRotations(number, shape, set, shifts); });
    }
  }

  const Parameters& parameters_;
  const std::vector<KeySite>& sites_;
  const RingRates rates_;
  const int64_t slots_;
  const int threads_;
  std::map<KeyShape, Parameters> sets_;
  std::map<KeyId, uint32_t> numbers_;
  KeyChoiceModel model_;
};

}  // namespace

int MostKeySwitches(size_t diagonals) {
  return 3 * static_cast<int>(std::ceil(std::sqrt(static_cast<double>(diagonals)))) + 3;
}

Result<KeyChoiceModel> ModelKeyChoice(const Parameters& parameters, const scheme::SecretDistribution& secret,
                                      const std::vector<KeySite>& sites, const std::vector<KeySetStep>& steps,
                                      const Machine& machine, int threads) {
  return Modeller(parameters, sites, machine, threads).Run(secret, steps);
}

}  // namespace keymemrt::planner
