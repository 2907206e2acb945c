// SPDX-License-Identifier: Apache-2.0
#include "circuit/linear_transform_plan.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <tuple>

namespace keymemrt::circuit {

namespace {

using Form = LinearTransformForm;

// Time of a baby's rotation against a giant's, measured (docs/linear-transforms.md): a hoisted baby has no
// decomposition, one modulo QP no division either.
constexpr double kHoistedBaby = 0.5;
constexpr double kExtendedBaby = 0.3;

// Candidates for the baby step that are taken from the indices themselves: the row stride of a convolution is one.
constexpr size_t kIndexCandidates = 64;

int64_t Modulo(int64_t x, int64_t m) {
  return (x % m + m) % m;
}

void SortUnique(std::vector<int64_t>& x) {
  std::sort(x.begin(), x.end());
  x.erase(std::unique(x.begin(), x.end()), x.end());
}

// How far apart neighbours are, from 0 on, where they differ; ascending.
std::vector<int64_t> Gaps(const std::vector<int64_t>& ascending) {
  std::vector<int64_t> gaps;
  int64_t before = 0;
  for (const int64_t x : ascending) {
    if (x != before) gaps.push_back(x - before);
    before = x;
  }
  SortUnique(gaps);
  return gaps;
}

int64_t Gcd(const std::vector<int64_t>& x) {
  return std::accumulate(x.begin(), x.end(), int64_t{0}, [](int64_t a, int64_t b) { return std::gcd(a, b); });
}

// Indices, split into remainders and quotients by the baby step, seen from a start that is added to the one, to the
// other, or (kMinimumKey) to the input.
struct Split {
  int64_t baby_step;
  int64_t input_start = 0, baby_start = 0, giant_start = 0;  // one of them at most is not 0
  std::vector<int64_t> babies;                               // remainders, ascending
  std::vector<int64_t> giants;                               // the rest, ascending

  // From offsets (index - start) in [0, slots), ascending.
  Split(const std::vector<int64_t>& offsets, int64_t step) : baby_step(step) {
    for (const int64_t offset : offsets) {
      babies.push_back(offset % step);
      giants.push_back(offset - offset % step);
    }
    SortUnique(babies);
    SortUnique(giants);
  }

  struct Cost {
    double time;  // in rotations by a giant
    int64_t keys;
    size_t blocks;  // memory
    auto operator<=>(const Cost&) const = default;
  };
  Cost CostOf(Form form, int64_t slots) const {
    const auto rotated = [&](const std::vector<int64_t>& x, int64_t start) {
      return static_cast<int64_t>(x.size()) -
             std::count_if(x.begin(), x.end(), [&](int64_t value) { return Modulo(value + start, slots) == 0; });
    };
    const auto steps = [](const std::vector<int64_t>& x) { return x.back() == 0 ? 0 : x.back() / Gcd(x); };
    const bool one_key_each = form == Form::kMinimumKey;
    const double baby = one_key_each ? 1 : form == Form::kBabyStepGiantStep ? kHoistedBaby : kExtendedBaby;
    const int64_t b = one_key_each ? steps(babies) : rotated(babies, baby_start);
    const int64_t g = one_key_each ? steps(giants) : rotated(giants, giant_start);
    const int64_t input = input_start != 0;
    const int64_t baby_keys = one_key_each ? b > 0 : b;
    const int64_t giant_keys = one_key_each            ? g > 0
                               : form == Form::kHorner ? static_cast<int64_t>(Gaps(giants).size())
                                                       : g;
    return {baby * static_cast<double>(b) + static_cast<double>(g + input), input + baby_keys + giant_keys,
            giants.size()};
  }
};

std::vector<int64_t> OffsetsFrom(const std::vector<int64_t>& indices, int64_t start, int64_t slots) {
  std::vector<int64_t> offsets;
  for (const int64_t index : indices) offsets.push_back(Modulo(index - start, slots));
  std::sort(offsets.begin(), offsets.end());
  return offsets;
}

std::vector<int64_t> BabySteps(const std::vector<int64_t>& offsets, int64_t slots) {
  std::vector<int64_t> steps;
  const int64_t unit = std::max<int64_t>(1, Gcd(offsets));
  // Up to the first that leaves one giant.
  for (int64_t step = unit; step < 2 * slots; step *= 2) {
    steps.push_back(step);
    steps.push_back(3 * step);
    if (step > offsets.back()) break;
  }
  for (const int64_t offset : offsets) {
    if (offset == 0) continue;
    steps.push_back(offset);
    if (steps.size() >= kIndexCandidates) break;
  }
  SortUnique(steps);
  return steps;
}

// The index after the widest gap of the circle: seen from there the indices span least.
int64_t AfterWidestGap(const std::vector<int64_t>& indices, int64_t slots) {
  int64_t start = indices.front(), widest = indices.front() + slots - indices.back();
  for (size_t i = 1; i < indices.size(); ++i) {
    if (const int64_t gap = indices[i] - indices[i - 1]; gap > widest) {
      widest = gap;
      start = indices[i];
    }
  }
  return start;
}

Split Choose(const std::vector<int64_t>& indices, int64_t slots, Form form, int64_t baby_step) {
  std::vector<Split> best;  // one at most
  for (const int64_t start : {int64_t{0}, AfterWidestGap(indices, slots)}) {
    const std::vector<int64_t> offsets = OffsetsFrom(indices, start, slots);
    for (const int64_t step : baby_step > 0 ? std::vector<int64_t>{baby_step} : BabySteps(offsets, slots)) {
      const Split split(offsets, step);
      const auto consider = [&](int64_t Split::*where) {
        Split candidate = split;
        candidate.*where = start;
        if (best.empty() || candidate.CostOf(form, slots) < best[0].CostOf(form, slots)) best = {std::move(candidate)};
      };
      if (form == Form::kMinimumKey) {
        consider(&Split::input_start);
        continue;
      }
      consider(&Split::baby_start);
      if (form != Form::kHorner) consider(&Split::giant_start);  // a chain would take one more rotation
    }
  }
  return std::move(best[0]);
}

std::vector<LinearTransformStep> Steps(const LinearTransformPlan& plan) {
  using Kind = LinearTransformStep::Kind;
  std::vector<LinearTransformStep> steps = {{Kind::kBegin}};
  int64_t position = 0;
  for (size_t i = 0; i < plan.babies.size(); ++i) {
    if (plan.form != Form::kMinimumKey) {
      steps.push_back({Kind::kBaby, plan.babies[i], static_cast<int>(i)});
      continue;
    }
    if (i == 0) {
      if (plan.start != 0) steps.push_back({Kind::kBaby, plan.start});
      position = plan.start;
    }
    for (; position != plan.babies[i]; position = (position + plan.baby_unit) % plan.slots) {
      steps.push_back({Kind::kBaby, plan.baby_unit});
    }
    if (steps.back().kind == Kind::kBegin) steps.push_back({Kind::kBaby});  // the input as it is
    steps.back().index = static_cast<int>(i);
  }
  const int giants = static_cast<int>(plan.giants.size());
  if (plan.form == Form::kHorner || plan.form == Form::kMinimumKey) {
    // From the last block to the one that needs no rotation; where a giant has no block only the sum moves on.
    int next = giants - 1;
    position = plan.giants.back();
    steps.push_back({Kind::kGiant, 0, next});
    while (position != 0) {
      const int64_t block = next > 0 ? plan.giants[static_cast<size_t>(next - 1)] : 0;
      const int64_t shift = plan.form == Form::kHorner ? position - block : plan.giant_unit;
      position -= shift;
      steps.push_back({Kind::kGiant, shift, next > 0 && position == block ? --next : -1});
    }
  } else {
    for (const bool rotated : {false, true}) {
      for (int i = 0; i < giants; ++i) {
        const int64_t shift = plan.giants[static_cast<size_t>(i)];
        if ((shift != 0) == rotated) steps.push_back({Kind::kGiant, shift, i});
      }
    }
  }
  steps.push_back({Kind::kFinish});
  return steps;
}

}  // namespace

std::string_view ToString(LinearTransformForm form) {
  switch (form) {
    case Form::kBabyStepGiantStep:
      return "bsgs";
    case Form::kDoubleHoisted:
      return "double_hoisted";
    case Form::kHorner:
      return "horner";
    case Form::kMinimumKey:
      return "minimum_key";
  }
  return "unknown";
}

bool LinearTransformPlan::ExtendedBlocks() const {
  return (form == Form::kDoubleHoisted || form == Form::kHorner) && (babies.size() > 1 || babies[0] != 0);
}

Result<LinearTransformPlan> LinearTransformPlan::Make(std::span<const int64_t> indices, int64_t slots, Form form,
                                                      int64_t baby_step) {
  if (indices.empty()) return InvalidArgument("linear transform: no diagonals");
  if (slots < 1 || !std::has_single_bit(static_cast<uint64_t>(slots))) {
    return InvalidArgument("linear transform: {} slots; a power of two expected", slots);
  }
  if (baby_step < 0) return InvalidArgument("linear transform: a baby step of {}; 1 or more expected", baby_step);

  std::vector<int64_t> different;
  for (const int64_t index : indices) different.push_back(Modulo(index, slots));
  SortUnique(different);
  const Split split = Choose(different, slots, form, baby_step);

  LinearTransformPlan plan{.form = form, .slots = slots, .baby_step = split.baby_step};
  const bool chained_giants = form == Form::kHorner || form == Form::kMinimumKey;
  const int64_t start = split.input_start + split.baby_start + split.giant_start;
  for (const int64_t baby : split.babies) {
    plan.babies.push_back(Modulo(baby + split.input_start + split.baby_start, slots));
  }
  for (const int64_t giant : split.giants) plan.giants.push_back(Modulo(giant + split.giant_start, slots));
  for (size_t row = 0; row < indices.size(); ++row) {
    const int64_t offset = Modulo(Modulo(indices[row], slots) - start, slots), baby = offset % split.baby_step;
    const auto position = [](const std::vector<int64_t>& sorted, int64_t value) {
      return static_cast<int>(std::lower_bound(sorted.begin(), sorted.end(), value) - sorted.begin());
    };
    plan.terms.push_back({row, position(split.babies, baby), position(split.giants, offset - baby)});
  }
  std::sort(plan.terms.begin(), plan.terms.end(), [](const Term& a, const Term& b) {
    return std::tie(a.baby, a.giant, a.row) < std::tie(b.baby, b.giant, b.row);
  });

  if (form == Form::kMinimumKey) {
    plan.start = split.input_start;
    plan.baby_unit = Gcd(split.babies);
    plan.giant_unit = Gcd(split.giants);
  }
  plan.steps = Steps(plan);

  int baby_rotations = 0, giant_rotations = 0;
  for (const LinearTransformStep& step : plan.steps) {
    if (step.shift == 0) continue;
    plan.rotations.push_back(step.shift);
    ++(step.kind == LinearTransformStep::Kind::kBaby ? baby_rotations : giant_rotations);
  }
  const bool hoisted = form != Form::kMinimumKey;
  plan.mod_ups = (hoisted ? std::min(1, baby_rotations) : baby_rotations) + giant_rotations;
  plan.mod_downs = plan.ExtendedBlocks() ? 0 : 2 * baby_rotations;
  if (form == Form::kBabyStepGiantStep) {
    plan.mod_downs += 2 * giant_rotations;
  } else {
    // Each source's second polynomial, unless it is a block modulo Q: each with keys of their own, the first only in a
    // chain. Then the sum's two.
    const int undivided = plan.ExtendedBlocks() ? 0 : chained_giants ? std::min(1, giant_rotations) : giant_rotations;
    plan.mod_downs += giant_rotations - undivided;
    if (giant_rotations > 0 || plan.ExtendedBlocks()) plan.mod_downs += 2;
  }
  plan.keys = plan.rotations;
  SortUnique(plan.keys);
  return plan;
}

}  // namespace keymemrt::circuit
